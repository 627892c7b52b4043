import { textCell, textOf, textsOf, wordOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** Legal holds, and who let them go. */
export const LEGAL_HOLDS: Query = {
  name: 'legal-holds',
  v: 1,
  title: 'Legal holds',
  question: 'Which legal holds were placed and released, why, and by two people?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('change', 'text', 'placed or released'), column('hold', 'text', 'its id'), column('reason', 'text', 'why'), column('citation', 'text', 'on what ground', true), column('subject', 'text', 'opaque id that it names', true), column('models', 'text', 'models that it names', true),
    column('by', 'text', 'opaque id of who placed it or asked for its release'), column('approver', 'text', 'opaque id of who agreed to the release', true),
  ],
  types: ['legal-hold-placed', 'legal-hold-released'],
  parameters: {},
  reasons: { 'approved-by-requester': 'who asked for the release also agreed to it' },
  begin: () => ({}),
  take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body, principal } = fact.payload;
    const by = textOf(body, 'requester') ?? principal;
    const approver = textCell(body, 'approver');
    const models = textsOf(body, 'models');
    const row = finds.row({
      ...entryCells(fact), change: fact.type.slice('legal-hold-'.length), hold: wordOf(body, 'hold'), reason: wordOf(body, 'reason'), citation: textCell(body, 'citation'), subject: textCell(body, 'subject'),
      models: models.length === 0 ? null : models.join(' '), by, approver,
    });
    if (approver !== null && approver === by) finds.exception({ row, index: fact.index, why: 'approved-by-requester', text: `${by} asked for the release and agreed to it.` });
  },
};
