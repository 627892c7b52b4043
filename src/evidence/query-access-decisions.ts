import { memberOf, numberCell, textCell, textOf, wordOf, type Fact } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Query } from './query.ts';

interface State {
  /** Principals that the log has introduced, and those that it has locked out: id → index. */
  known: Record<string, number>;
  revoked: Record<string, number>;
}

/** Every decision on access that is an entry. */
export const ACCESS_DECISIONS: Query<State> = {
  name: 'access-decisions',
  v: 1,
  title: 'Decisions on access',
  question: 'Was every access to a payload decided by a rule, on somebody whom the log knows and has not locked out?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('principal', 'text', 'opaque id of who asked'), column('role', 'text', 'role in which they acted'), column('action', 'text', 'what was asked'),
    column('resource', 'text', 'of what'), column('outcome', 'text', 'allow or deny'), column('rule', 'text', 'the rule that decided; none where no rule allows it'),
    column('of', 'number', 'leaf index of what was seen', true), column('purpose', 'text', 'why they said that they ask', true), column('policy', 'text', 'digest of the policy in force'),
  ],
  types: ['access-decision', 'detokenization', 'subject-report-issued', 'evidence-downloaded'],
  context: ['api-key-issued', 'person-registered', 'person-revoked'],
  parameters: {},
  reasons: {
    'allowed-without-rule': 'something was let through that names no rule',
    'unknown-principal': 'the log never introduced who asked',
    'after-revocation': 'somebody who had been locked out was let in',
    'not-readable': 'the decision itself can no longer be read',
  },
  begin: () => ({ known: {}, revoked: {} }),
  take(fact, state, finds, asked) {
    if (learn(fact, state) || !isIn(asked, fact)) return;
    const { payload } = fact;
    const { principal, rule, body } = payload;
    const { action, resource } = askedOf(fact.type, body);
    const outcome = fact.type === 'access-decision' ? (wordOf(body, 'outcome')) : 'allow';
    const of = numberCell(memberOf(body, 'of'), 'index');
    const row = finds.row({ ...entryCells(fact), principal, role: wordOf(body, 'role'), action, resource, outcome, rule, of, purpose: textCell(body, 'purpose'), policy: fact.policy });
    const say = (why: string, text: string): void => finds.exception({ row, index: fact.index, why, text });
    if (outcome !== 'allow') return;
    if (rule === 'none') say('allowed-without-rule', `Entry ${fact.index} lets ${principal} ${action} a ${resource}, and no rule is named.`);
    if (state.known[principal] === undefined) say('unknown-principal', `The log did not introduce ${principal} before entry ${fact.index}.`);
    const gone = state.revoked[principal];
    if (gone !== undefined) say('after-revocation', `${principal} was locked out by entry ${gone}.`);
  },
};

function askedOf(type: string, body: Parameters<typeof textOf>[0]): { action: string; resource: string } {
  if (type === 'detokenization') return { action: 'detokenize', resource: 'token' };
  if (type === 'subject-report-issued') return { action: 'report', resource: 'subject' };
  if (type === 'evidence-downloaded') return { action: 'download', resource: 'evidence' };
  return { action: wordOf(body, 'action'), resource: wordOf(body, 'resource') };
}

/** Notes what the log says of principals; whether the fact was of that kind. */
function learn({ type, index, payload }: Fact, state: State): boolean {
  const principal = textOf(payload?.body, 'principal');
  if (type === 'api-key-issued' || type === 'person-registered') {
    if (principal !== undefined) state.known[principal] = index;
    return true;
  }
  if (type === 'person-revoked') {
    if (principal !== undefined) state.revoked[principal] = index;
    return true;
  }
  return false;
}
