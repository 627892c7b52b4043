import { textCell, truthCell, wordOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** Bundles that were asked for, made, downloaded and expired. */
export const EXPORTS: Query<{ asked: Record<string, number> }> = {
  name: 'evidence-exports',
  v: 1,
  title: 'Evidence bundles',
  question: 'Which bundles were asked for and downloaded, by whom, with which digest, and did any hold payloads?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('event', 'text', 'type of the entry'), column('id', 'text', 'of the bundle'), column('framework', 'text', 'framework', true), column('by', 'text', 'opaque id of who did it'), column('outcome', 'text', 'made, cancelled, failed or expired', true), column('digest', 'text', 'of the bundle', true), column('receipts', 'truth', 'whether it was asked for with payloads', true),
  ],
  types: ['evidence-requested', 'evidence-ended', 'evidence-downloaded'],
  parameters: {},
  reasons: { 'not-asked-for': 'the log has no request for it' },
  begin: () => ({ asked: {} }),
  take(fact, state, finds, asked) {
    const { payload } = fact;
    const id = wordOf(payload?.body, 'id');
    if (fact.type === 'evidence-requested') state.asked[id] = fact.index;
    if (!isIn(asked, fact)) return;
    const { body, principal: by } = payload;
    const row = finds.row({ ...entryCells(fact), event: fact.type, id, framework: textCell(body, 'framework'), by, outcome: textCell(body, 'outcome'), digest: textCell(body, 'digest'), receipts: truthCell(body, 'receipts') });
    if (state.asked[id] === undefined) finds.exception({ row, index: fact.index, why: 'not-asked-for', text: `The log has no request for ${id}.` });
  },
};
