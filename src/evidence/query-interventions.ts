import { memberOf, numberCell, numberOf, textCell } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** What people did about predictions afterwards: reviews, overrides, corrections. */
export const INTERVENTIONS: Query = {
  name: 'interventions',
  v: 1,
  title: 'Human interventions, overrides and corrections',
  question: 'Which predictions did a person look at or correct, and did the outcome change?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('kind', 'text', 'review or correction'), column('of', 'number', 'leaf index of the prediction', true), column('by', 'text', 'opaque id of who did it'), column('producer', 'text', 'opaque id of who had handed the prediction in', true),
    column('verdict', 'text', 'of a review', true), column('changed', 'truth', 'whether the outcome changed'), column('reason', 'text', 'why', true),
  ],
  types: ['prediction-reviewed', 'prediction-corrected'],
  parameters: {},
  reasons: { 'not-a-prediction': 'what it is about is no prediction of this log', 'reviewed-by-producer': 'it was reviewed by who had handed it in' },
  begin: () => ({}),
  async take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body, principal: by } = fact.payload;
    const of = numberOf(memberOf(body, 'prediction'), 'index') ?? numberCell(memberOf(body, 'supersedes'), 'index');
    const about = of === null ? undefined : await asked.readFact(of);
    const verdict = textCell(body, 'verdict');
    const kind = fact.type === 'prediction-reviewed' ? 'review' : 'correction';
    const producer = about?.payload?.principal ?? null;
    const row = finds.row({ ...entryCells(fact), kind, of, by, producer, verdict, changed: kind === 'correction' || (verdict !== null && verdict !== 'upheld'), reason: textCell(body, 'reason') });
    if (of !== null && about?.type !== 'prediction') finds.exception({ row, index: fact.index, why: 'not-a-prediction', text: `Entry ${of} is no prediction of the range.` });
    if (kind === 'review' && producer === by) finds.exception({ row, index: fact.index, why: 'reviewed-by-producer', text: `${by} handed in and reviewed it.` });
  },
};
