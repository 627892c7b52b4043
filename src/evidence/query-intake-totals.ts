import type { JsonValue } from '../core/json-value.ts';
import { countOf, listOf, memberOf, wordOf } from './fact.ts';
import { checkNumbering, follow, newNumbering, type Numbering } from './numbering.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

interface Sums {
  received: number;
  accepted: number;
  refused: number;
  quarantined: number;
  duplicate: number;
}

interface State {
  numbers: Numbering;
  /** The range of the totals before: where it ended, and whether the next go on with it. */
  last: { to: number; more: boolean };
  sums: Sums;
  /** Predictions that no totals have counted yet, as runs of indices: from, up to and not including. */
  runs: [number, number][];
  /** What the totals of one range have said so far, where there are several. */
  said: number;
}

const PARTS = ['accepted', 'refused', 'quarantined', 'duplicate'] as const;

/** What became of everything that was received, by producer and minute. */
export const INTAKE_TOTALS: Query<State> = {
  name: 'intake-totals',
  v: 1,
  title: 'Intake totals',
  question: 'Is received = accepted + refused + quarantined + duplicate for each producer and minute, without a gap, and is accepted the number of predictions in the log?',
  basis: 'aggregate',
  columns: [
    ...ENTRY_COLUMNS, column('number', 'number', 'number of the totals'), column('periodFrom', 'time', 'counted from'), column('periodTo', 'time', 'counted to'), column('producer', 'text', 'opaque id'),
    column('received', 'number', 'records received'), ...PARTS.map((part) => column(part, 'number', `of these ${part}`)),
  ],
  types: ['intake-totals'],
  context: ['prediction'],
  parameters: {},
  reasons: {
    'does-not-add-up': 'received is not accepted + refused + quarantined + duplicate',
    'range-gap': 'the entries that were counted do not follow on those of the totals before',
    'predictions-differ': 'what is said to be accepted is not the number of predictions among the entries that were counted',
  },
  begin: () => ({ numbers: newNumbering(), last: { to: 0, more: false }, sums: { received: 0, accepted: 0, refused: 0, quarantined: 0, duplicate: 0 }, runs: [], said: 0 }),
  // A prediction counts when its payload was erased since, and not when it was lost with a tail (docs/spec/payloads.md#log-recovered).
  look({ type, index, gone }, state) {
    if (type !== 'prediction' || gone === 'lost') return;
    const run = state.runs.at(-1);
    if (run !== undefined && run[1] === index) run[1] += 1;
    else state.runs.push([index, index + 1]);
  },
  take(fact, state, finds, asked) {
    if (fact.type === 'prediction') return;
    const inPeriod = isIn(asked, fact);
    const { body } = fact.payload;
    const number = countOf(body, 'number');
    if (!follow(state.numbers, number, inPeriod)) {
      if (inPeriod) finds.exclude('number used before');
      return;
    }
    const say = (row: number | null, why: string, text: string): void => {
      if (inPeriod) finds.exception({ row, index: fact.index, why, text });
    };
    checkRange(body, state, say);
    if (!inPeriod) return;
    finds.used();
    const period = memberOf(body, 'period');
    for (const producer of listOf(body, 'producers')) {
      const counts = Object.fromEntries(['received', ...PARTS].map((name) => [name, countOf(producer, name)])) as unknown as Sums;
      const row = finds.row({ ...entryCells(fact), number, periodFrom: wordOf(period, 'from'), periodTo: wordOf(period, 'to'), producer: wordOf(producer, 'principal'), ...counts });
      for (const name of ['received', ...PARTS] as const) state.sums[name] += counts[name];
      const parts = PARTS.reduce((total, part) => total + counts[part], 0);
      if (parts !== counts.received) say(row, 'does-not-add-up', `${counts.received} were received, and ${parts} are accounted for.`);
    }
  },
  finish({ sums: { received, ...parts }, numbers }, finds) {
    finds.total('received', { received }, parts);
    checkNumbering(numbers, 'numbers of intake-totals', finds);
  },
};

/** Whether the totals go on where those before ended, and count as many predictions as there are. */
function checkRange(body: JsonValue, state: State, say: (row: null, why: string, text: string) => void): void {
  const range = memberOf(body, 'entries');
  const [from, to] = [countOf(range, 'from'), countOf(range, 'to')];
  const before = state.last;
  const follows = before.more ? to === before.to : from === before.to;
  if (!follows) say(null, 'range-gap', `They count entries ${from} to ${to}, and those before ended at ${before.to}.`);
  const more = memberOf(body, 'more') === true;
  state.last = { to, more };
  state.said += listOf(body, 'producers').reduce<number>((total, producer) => total + countOf(producer, 'accepted'), 0);
  if (more) return;
  const { said } = state;
  const seen = countUpTo(state, to);
  if (said !== seen) say(null, 'predictions-differ', `${said} predictions are said to be accepted among entries ${from} to ${to}, and there are ${seen}.`);
}

/** How many predictions stand before an index and were not counted yet; they are counted then. */
function countUpTo(state: State, to: number): number {
  let seen = 0;
  const left: [number, number][] = [];
  for (const [from, end] of state.runs) {
    const until = Math.max(from, Math.min(end, to));
    seen += until - from;
    if (until < end) left.push([until, end]);
  }
  state.runs = left;
  state.said = 0;
  return seen;
}
