import { countOf, memberOf, textOf, wordOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** What was disposed of because its retention was over. */
export const DISPOSITIONS: Query = {
  name: 'dispositions',
  v: 1,
  title: 'Dispositions at the end of retention',
  question: 'What was disposed of when its retention ended, under which contract and citation?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('run', 'text', 'id of the run'), column('contract', 'text', 'name@version'), column('retention', 'text', 'its period, ISO 8601'), column('citation', 'text', 'why it is kept so long'), column('before', 'time', 'entry time before which payloads went'),
    column('payloads', 'number', 'payloads that went'), column('digest', 'text', 'of the list of their indices'), column('keys', 'number', 'data keys that were destroyed'), column('resealed', 'number', 'payloads that shared a key with them and stay'),
  ],
  types: ['disposition'],
  parameters: {},
  reasons: {},
  begin: () => ({}),
  take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body } = fact.payload;
    const indices = memberOf(body, 'indices');
    finds.row({
      ...entryCells(fact), run: wordOf(body, 'run'), contract: wordOf(body, 'contract'), retention: wordOf(body, 'period'), citation: wordOf(body, 'citation'), before: textOf(body, 'before') ?? fact.at, payloads: countOf(indices, 'count'),
      digest: wordOf(indices, 'digest'), keys: countOf(body, 'keys'), resealed: countOf(body, 'resealed'),
    });
  },
};
