import { countOf, listOf, wordOf } from './fact.ts';
import { checkNumbering, follow, newNumbering, type Numbering } from './numbering.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

interface State {
  numbers: Numbering;
  totals: Record<string, number>;
}

/** What was counted at the door: failed authentications, requests that were put off, refusals beyond the rate. */
export const REFUSALS: Query<State> = {
  name: 'refusals',
  v: 1,
  title: 'Failed authentications and limits',
  question: 'How often did somebody fail to authenticate, come too often, or ask for what no rule allows; and are the counts without a gap?',
  basis: 'aggregate',
  columns: [
    ...ENTRY_COLUMNS, column('number', 'number', 'number of the totals'), column('what', 'text', 'unauthenticated, limited (429), denied or listed'), column('subject', 'text', 'principal, credential or unknown'),
    column('reason', 'text', 'why'), column('count', 'number', 'in this minute'), column('total', 'number', 'since the log began'),
  ],
  types: ['access-totals'],
  parameters: {},
  reasons: { 'total-does-not-follow': 'a running total is not the one before plus the count' },
  begin: () => ({ numbers: newNumbering(), totals: {} }),
  take(fact, state, finds, asked) {
    const inPeriod = isIn(asked, fact);
    const { body } = fact.payload;
    const number = countOf(body, 'number');
    if (!follow(state.numbers, number, inPeriod)) {
      if (inPeriod) finds.exclude('number used before');
      return;
    }
    if (inPeriod) finds.used();
    for (const each of listOf(body, 'counts')) {
      const [what, subject, reason] = [wordOf(each, 'what'), wordOf(each, 'subject'), wordOf(each, 'reason')];
      const [count, total] = [countOf(each, 'count'), countOf(each, 'total')];
      const key = JSON.stringify([what, subject, reason]);
      const before = state.totals[key] ?? 0;
      state.totals[key] = total;
      if (!inPeriod) continue;
      const row = finds.row({ ...entryCells(fact), number, what, subject, reason, count, total });
      if (before + count !== total) finds.exception({ row, index: fact.index, why: 'total-does-not-follow', text: `${what} of ${subject} was ${before}, and with ${count} more is said to be ${total}.` });
    }
  },
  finish(state, finds) {
    checkNumbering(state.numbers, 'numbers of access-totals', finds);
  },
};
