import { listOf, memberOf, numberCell, textCell, truthCell, wordOf } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** What was decided about people, and what would explain each decision to them. */
export const DECISIONS: Query = {
  name: 'decisions',
  v: 1,
  title: 'Decisions and what explains them',
  question: 'Which predictions became decisions, which of these without a person, and were threshold, reasons and attributions kept when they were made?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('model', 'text', 'model'), column('version', 'text', 'its version'), column('outcome', 'text', 'what was decided'), column('automated', 'truth', 'whether without a person; null where it does not say', true),
    column('threshold', 'number', 'threshold of the score', true), column('reasons', 'number', 'reason codes kept'), column('method', 'text', 'how it is explained', true), column('attributions', 'number', 'fields with an attribution'),
    column('counterfactual', 'truth', 'whether it says what would change the result'), column('purpose', 'text', 'purpose of the processing', true), column('legalBasis', 'text', 'its legal basis', true), column('subject', 'text', 'opaque id of the data subject', true),
  ],
  types: ['prediction'],
  parameters: { explain: { enum: ['all', 'automated', 'none'], default: 'automated' } },
  reasons: { 'not-explained': 'neither reasons nor attributions were kept', 'automation-not-said': 'it does not say whether a person took part' },
  begin: () => ({}),
  take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const { body } = fact.payload;
    const decision = memberOf(body, 'decision');
    if (decision === undefined) {
      finds.exclude('no decision was made');
      return;
    }
    const explanation = memberOf(body, 'explanation');
    const automated = truthCell(decision, 'automated');
    const reasons = listOf(decision, 'reasons').length;
    const attributions = Object.keys(memberOf(explanation, 'attributions') ?? {}).length;
    const row = finds.row({
      ...entryCells(fact), model: wordOf(body, 'model'), version: wordOf(body, 'version'), outcome: wordOf(decision, 'outcome'), automated, threshold: numberCell(decision, 'threshold'), reasons,
      method: textCell(explanation, 'method'), attributions, counterfactual: memberOf(explanation, 'counterfactual') !== undefined, purpose: textCell(body, 'purpose'), legalBasis: textCell(body, 'legalBasis'), subject: textCell(body, 'subject'),
    });
    const explain = asked.parameters['explain'];
    const isDue = explain === 'all' || (explain === 'automated' && automated === true);
    if (isDue && reasons === 0 && attributions === 0) finds.exception({ row, index: fact.index, why: 'not-explained', text: 'The decision keeps neither reasons nor attributions.' });
    if (explain !== 'none' && automated === null) finds.exception({ row, index: fact.index, why: 'automation-not-said', text: 'The decision does not say whether a person took part.' });
  },
};
