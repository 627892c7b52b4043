import type { PolicyBundle } from './ledger/policy-bundle.ts';
import { PolicyError } from './ledger/policy-error.ts';

const FILES = ['credentials.yaml', 'evidence.yaml', 'identity-providers.yaml', 'models.yaml', 'privacy.yaml', 'replay.yaml', 'tenants.yaml'];
const FOLDERS = ['roles', 'contracts', 'controls', 'tests'];

/**
 * Refuses files that nothing reads: one with a misspelt name would govern nothing, and nobody would notice. Notes in
 * Markdown may stand beside the others.
 *
 * @throws PolicyError naming each of them
 */
export function refuseUnreadFiles(bundle: Pick<PolicyBundle, 'texts'>): void {
  const unread = [...bundle.texts.keys()].filter((path) => !FILES.includes(path) && !FOLDERS.some((folder) => path.startsWith(`${folder}/`)) && !path.endsWith('.md'));
  if (unread.length === 0) return;
  throw new PolicyError(unread.map((path) => ({ path, line: 1, message: `is read by nothing: rename it to one of ${FILES.join(', ')}, put it into ${FOLDERS.join(', ')}, or remove it` })));
}
