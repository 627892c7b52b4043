import type { JsonValue } from '../core/json-value.ts';
import { listOf, numberOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** Tails of the log that were lost and brought back. */
export const RECOVERIES: Query = {
  name: 'recoveries',
  v: 1,
  title: 'Recoveries of the log',
  question: 'Were entries that had been signed lost and brought back from a copy, and did their payloads come with them?',
  basis: 'entries',
  columns: [...ENTRY_COLUMNS, column('from', 'number', 'first index that was brought back'), column('to', 'number', 'one past the last'), column('payloads', 'number', 'how many came with their payload'), column('lost', 'number', 'how many payloads are lost', true)],
  types: ['log-recovered'],
  parameters: {},
  reasons: { 'payloads-lost': 'entries came back, and their payloads are lost' },
  begin: () => ({}),
  take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body } = fact.payload;
    const [from = 0, to = 0, payloads = 0] = ['from', 'to', 'payloads'].map((name) => numberOf(body, name));
    const lost = fact.payload.v < 2 ? null : listOf(body, 'lost').reduce<number>((total, range) => total + lengthOf(range), 0);
    const row = finds.row({ ...entryCells(fact), from, to, payloads, lost });
    if (lost !== null && lost > 0) finds.exception({ row, index: fact.index, why: 'payloads-lost', text: `${lost} payloads of entries ${from} to ${to} are lost.` });
  },
};

/** Of a range: its first index, and one past its last. */
function lengthOf(range: JsonValue): number {
  const [from, to] = Array.isArray(range) ? range : [];
  return typeof from === 'number' && typeof to === 'number' ? to - from : 0;
}
