import { textCell, textsOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

const DAY_MS = 86_400_000;

/** Predictions that are not where they belong: made long before they came, or from parents that are not here. */
export const ORPHANS: Query = {
  name: 'late-and-orphaned',
  v: 1,
  title: 'Late and orphaned predictions',
  question: 'Did predictions come long after they were made, or name predictions as their origin that the log does not have?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('made', 'time', 'when the producer says that it was made', true), column('delaySeconds', 'number', 'whole seconds until it was taken in', true), column('parents', 'number', 'predictions it says it was made from'), column('missingParents', 'number', 'of these not in the log before it'),
  ],
  types: ['prediction'],
  parameters: { lateAfterDays: { type: 'integer', minimum: 0, default: 1 } },
  reasons: { late: 'it came long after it was made', orphan: 'a parent is not in the log before it' },
  begin: () => ({}),
  async take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body } = fact.payload;
    const made = textCell(body, 'time');
    const parents = textsOf(body, 'parents');
    const delay = made === null ? null : fact.time - Date.parse(made);
    const late = Number(asked.parameters['lateAfterDays']);
    const isLate = delay !== null && delay > late * DAY_MS;
    if (!isLate && parents.length === 0) {
      finds.exclude('in time and without parents');
      return;
    }
    const known = parents.length === 0 ? new Map<string, number>() : await asked.findPredictions(parents);
    const missing = parents.filter((id) => (known.get(id) ?? Infinity) >= fact.index).length;
    const row = finds.row({ ...entryCells(fact), made, delaySeconds: delay === null ? null : Math.floor(delay / 1000), parents: parents.length, missingParents: missing });
    if (isLate) finds.exception({ row, index: fact.index, why: 'late', text: `It says that it was made at ${made}.` });
    if (missing > 0) finds.exception({ row, index: fact.index, why: 'orphan', text: `${missing} of its ${parents.length} parents are not in the log before it.` });
  },
};
