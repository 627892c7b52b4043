import { memberOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** Files whose every change is one to how predictions are taken in, judged or kept. */
const FOLDERS = ['contracts/', 'roles/', 'controls/', 'privacy.yaml', 'tenants.yaml', 'credentials.yaml', 'identity-providers.yaml'];

/** Each file of a policy that changed, by the activation that changed it. */
export const CONTRACT_CHANGES: Query<{ files: Record<string, string> | null }> = {
  name: 'contract-changes',
  v: 1,
  title: 'Changes of contracts, roles and thresholds',
  question: 'Which contract, role or other policy file changed, from which digest to which, and when?',
  basis: 'aggregate',
  columns: [...ENTRY_COLUMNS, column('path', 'text', 'the file'), column('change', 'text', 'added, changed or removed'), column('from', 'text', 'SHA-256 before', true), column('to', 'text', 'SHA-256 after', true)],
  types: ['policy-activated'],
  parameters: {},
  reasons: {},
  begin: () => ({ files: null }),
  take(fact, state, finds, asked) {
    const inPeriod = isIn(asked, fact);
    const files = (memberOf(fact.payload.body, 'files') ?? {}) as Record<string, string>;
    const before = state.files ?? {};
    state.files = files;
    if (!inPeriod) return;
    finds.used();
    for (const path of [...new Set([...Object.keys(before), ...Object.keys(files)])].sort()) {
      const [from, to] = [before[path] ?? null, files[path] ?? null];
      if (from === to || !FOLDERS.some((folder) => path.startsWith(folder))) continue;
      finds.row({ ...entryCells(fact), path, change: from === null ? 'added' : to === null ? 'removed' : 'changed', from, to });
    }
  },
};
