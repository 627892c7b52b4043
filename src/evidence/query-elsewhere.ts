import { wordOf } from './fact.ts';
import { column, type Query } from './query.ts';

/** What the log does not hold: said so, rather than passed over. */
export const ELSEWHERE: Query = {
  name: 'elsewhere',
  v: 1,
  title: 'Not in the log',
  question: 'Is this shown by the log?',
  basis: 'aggregate',
  columns: [column('missing', 'text', 'what the log does not hold'), column('look', 'text', 'where it is to be found')],
  types: [],
  parameters: { missing: { type: 'string', minLength: 1, maxLength: 300, default: 'this' }, look: { type: 'string', minLength: 1, maxLength: 300, default: 'with who runs the service' } },
  reasons: {},
  begin: () => ({}),
  take: () => undefined,
  finish(_state, finds, { parameters }) {
    finds.row({ missing: wordOf({ ...parameters }, 'missing'), look: wordOf({ ...parameters }, 'look') });
  },
};
