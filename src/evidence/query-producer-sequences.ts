import { memberOf, numberOf } from './fact.ts';
import { column, isIn, type Query } from './query.ts';
import type { Gap } from './population.ts';

interface Series {
  first: number;
  /** Numbers that were seen, as runs in ascending order: from, to, both included. */
  runs: [number, number][];
  predictions: number;
  late: number;
  repeated: number;
  lastIndex: number;
}

/** The producers' own numbering: what they say they sent, and what is here. */
export const PRODUCER_SEQUENCES: Query<{ producers: Record<string, Series> }> = {
  name: 'producer-sequences',
  v: 1,
  title: 'Producers’ sequence numbers',
  question: 'Is any number missing in what each producer says it sent, did any come late, and did any come twice?',
  basis: 'aggregate',
  columns: [
    column('producer', 'text', 'opaque id'), column('first', 'number', 'lowest number'), column('last', 'number', 'highest number'), column('predictions', 'number', 'predictions with a number'), column('expected', 'number', 'numbers from first to last'),
    column('found', 'number', 'of these seen'), column('missing', 'number', 'of these not seen'), column('late', 'number', 'predictions that came after one with a higher number'), column('repeated', 'number', 'predictions whose number was used before'), column('lastIndex', 'number', 'leaf index of the last one'),
  ],
  types: ['prediction'],
  parameters: {},
  reasons: { gap: 'numbers are missing', repeated: 'a number was used more than once' },
  begin: () => ({ producers: {} }),
  take(fact, { producers }, finds, asked) {
    if (!isIn(asked, fact)) return;
    const seq = numberOf(memberOf(fact.payload.body, 'producer'), 'seq');
    if (seq === undefined) {
      finds.exclude('the producer sends no number');
      return;
    }
    finds.used();
    const series = (producers[fact.payload.principal] ??= { first: seq, runs: [], predictions: 0, late: 0, repeated: 0, lastIndex: fact.index });
    const highest = series.runs.at(-1)?.[1];
    series.predictions += 1;
    series.lastIndex = fact.index;
    if (!add(series.runs, seq)) series.repeated += 1;
    else if (highest !== undefined && seq < highest) series.late += 1;
  },
  finish({ producers }, finds) {
    const gaps: Gap[] = [];
    let [expectedOfAll, foundOfAll] = [0, 0];
    for (const producer of Object.keys(producers).sort()) {
      const { runs, predictions, late, repeated, lastIndex } = producers[producer] as Series; // its key
      const [first, last] = [runs[0]?.[0] ?? 0, runs.at(-1)?.[1] ?? 0];
      const expected = last - first + 1;
      const found = runs.reduce((total, [from, to]) => total + to - from + 1, 0);
      expectedOfAll += expected;
      foundOfAll += found;
      const row = finds.row({ producer, first, last, predictions, expected, found, missing: expected - found, late, repeated, lastIndex });
      for (const [i, [from]] of runs.entries()) {
        const before = runs[i - 1];
        if (before === undefined) continue;
        const gap = { of: producer, from: before[1] + 1, to: from - 1 };
        gaps.push(gap);
        finds.exception({ row, index: null, why: 'gap', text: `Numbers ${gap.from} to ${gap.to} of ${producer} are missing.` });
      }
      if (repeated > 0) finds.exception({ row, index: null, why: 'repeated', text: `${repeated} predictions of ${producer} bear a number that was used before.` });
    }
    finds.gapCheck('producers’ own sequence numbers', expectedOfAll, foundOfAll, gaps);
  },
};

/** Puts a number into runs; false where it was there. */
function add(runs: [number, number][], value: number): boolean {
  const last = runs.at(-1);
  // In order, as nearly always.
  if (last === undefined || value > last[1] + 1) {
    runs.push([value, value]);
    return true;
  }
  if (value === last[1] + 1) {
    last[1] = value;
    return true;
  }
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle] as [number, number])[1] < value) low = middle + 1; // within bounds
    else high = middle;
  }
  const at = runs[low];
  if (at !== undefined && at[0] <= value) return false;
  const before = runs[low - 1];
  const touchesBefore = before !== undefined && before[1] + 1 === value;
  const touchesAfter = at !== undefined && at[0] - 1 === value;
  if (touchesBefore && touchesAfter) {
    before[1] = at[1];
    runs.splice(low, 1);
  } else if (touchesBefore) before[1] = value;
  else if (touchesAfter) at[0] = value;
  else runs.splice(low, 0, [value, value]);
  return true;
}
