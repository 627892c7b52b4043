import { countOf, listOf, memberOf, numberCell, numberOf, textCell, textOf, wordOf, type Fact } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

/** Reads of one payload are disclosures of it; lists and proofs hold none. */
const DISCLOSING = ['read-prediction', 'receive-prediction', 'read-quarantine'];

/** What left the log: payloads, originals behind tokens, reports about subjects, bundles. */
export const DISCLOSURES: Query<{ bundles: Record<string, number> }> = {
  name: 'disclosures',
  v: 1,
  title: 'Disclosures, downloads and detokenizations',
  question: 'What was shown or handed out, to whom, under which rule and for which purpose; was every bundle that was downloaded asked for?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('kind', 'text', 'read, receipt, quarantine, detokenization, subject-report or bundle'), column('recipient', 'text', 'opaque id of who received it'), column('role', 'text', 'role in which they acted'),
    column('rule', 'text', 'the rule that let them'), column('purpose', 'text', 'why they said that they ask', true), column('of', 'number', 'leaf index of what was seen', true), column('things', 'number', 'payloads, values or bundles'),
  ],
  types: ['access-decision', 'detokenization', 'subject-report-issued', 'evidence-downloaded'],
  context: ['evidence-requested'],
  parameters: {},
  reasons: { 'without-purpose': 'originals were shown without a stated purpose', 'not-asked-for': 'a bundle was downloaded that the log does not know' },
  begin: () => ({ bundles: {} }),
  take(fact, state, finds, asked) {
    const id = textOf(fact.payload.body, 'id');
    if (fact.type === 'evidence-requested') {
      if (id !== undefined) state.bundles[id] = fact.index;
      return;
    }
    if (!isIn(asked, fact)) return;
    const shape = shapeOf(fact);
    if (shape === undefined) {
      finds.exclude('nothing was disclosed');
      return;
    }
    const { body, principal, rule } = fact.payload;
    const purpose = textCell(body, 'purpose');
    const row = finds.row({ ...entryCells(fact), kind: shape.kind, recipient: principal, role: wordOf(body, 'role'), rule, purpose, of: numberCell(memberOf(body, 'of'), 'index'), things: shape.things });
    if (shape.kind === 'detokenization' && purpose === null) finds.exception({ row, index: fact.index, why: 'without-purpose', text: 'Originals were shown without a purpose.' });
    if (shape.kind === 'bundle' && state.bundles[id ?? ''] === undefined) finds.exception({ row, index: fact.index, why: 'not-asked-for', text: 'The log has no request for this bundle.' });
  },
};

function shapeOf({ type, payload }: Fact): { kind: string; things: number } | undefined {
  const body = payload?.body;
  if (type === 'detokenization') return { kind: 'detokenization', things: countOf(body, 'tokens') };
  if (type === 'subject-report-issued') return { kind: 'subject-report', things: numberOf(body, 'predictions') ?? listOf(body, 'subjects').length };
  if (type === 'evidence-downloaded') return { kind: 'bundle', things: 1 };
  const asked = `${textOf(body, 'action')}-${textOf(body, 'resource')}`;
  if (textOf(body, 'outcome') !== 'allow' || !DISCLOSING.includes(asked)) return undefined;
  return { kind: asked === 'receive-prediction' ? 'receipt' : asked === 'read-quarantine' ? 'quarantine' : 'read', things: 1 };
}
