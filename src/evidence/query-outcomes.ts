import { memberOf, numberCell, textCell } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

const DAY_MS = 86_400_000;

/** What became of what was predicted, and when that was told. */
export const OUTCOMES: Query = {
  name: 'outcomes',
  v: 1,
  title: 'Outcomes, and those that came late',
  question: 'Was what happened recorded against the prediction that it belongs to, and soon after it was observed?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('of', 'number', 'leaf index of the prediction', true), column('observed', 'time', 'when it was observed', true), column('delayHours', 'number', 'whole hours from observed to recorded', true), column('by', 'text', 'opaque id of who told it'), column('source', 'text', 'where it is from', true),
  ],
  types: ['outcome-recorded'],
  parameters: { lateAfterDays: { type: 'integer', minimum: 0, default: 30 } },
  reasons: { late: 'it was recorded long after it was observed', orphan: 'the prediction that it belongs to is not in the range', 'before-prediction': 'it was observed before the prediction was taken in' },
  begin: () => ({}),
  async take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body, principal } = fact.payload;
    const of = numberCell(memberOf(body, 'prediction'), 'index');
    const observed = textCell(body, 'observed');
    const delay = observed === null ? null : fact.time - Date.parse(observed);
    const row = finds.row({ ...entryCells(fact), of, observed, delayHours: delay === null ? null : Math.floor(delay / 3_600_000), by: principal, source: textCell(body, 'source') });
    const late = Number(asked.parameters['lateAfterDays']);
    if (delay !== null && delay > late * DAY_MS) finds.exception({ row, index: fact.index, why: 'late', text: `It was observed at ${observed}, more than ${late} days before it was recorded.` });
    const about = of === null ? undefined : await asked.readFact(of);
    if (about?.type !== 'prediction') finds.exception({ row, index: fact.index, why: 'orphan', text: 'The prediction that it names is not in the range.' });
    else if (observed !== null && Date.parse(observed) < about.time) finds.exception({ row, index: fact.index, why: 'before-prediction', text: `It was observed at ${observed}, and the prediction is of ${about.at}.` });
  },
};
