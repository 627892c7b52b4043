import { countOf, memberOf, numberCell, textCell, textOf, wordOf, type Fact } from './fact.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Asked, type Query } from './query.ts';
import type { JsonValue } from '../core/json-value.ts';

const READING = ['read-prediction', 'receive-prediction'];

/**
 * Disclosures by the individual that they are about: date, recipient, what, purpose (45 CFR 164.528(b)(2)). Those that need
 * no accounting (164.528(a)(1)) are in it with the code that exempts them, those that are suspended (164.528(a)(2)) too.
 */
export const ACCOUNTING: Query = {
  name: 'accounting-of-disclosures',
  v: 1,
  title: 'Accounting of disclosures by individual',
  question: 'What was disclosed about each individual, when, to whom and why; which disclosures are exempt from the accounting, and which are suspended from it?',
  basis: 'entries',
  columns: [
    ...ENTRY_COLUMNS, column('subject', 'text', 'opaque id of the individual; null where the payload is gone or names none', true), column('recipient', 'text', 'opaque id of who received it'), column('address', 'text', 'of the recipient, where the policy knows it', true),
    column('what', 'text', 'what was disclosed'), column('of', 'number', 'leaf index of the record', true), column('purpose', 'text', 'its purpose', true), column('exemption', 'text', 'why it needs no accounting', true), column('suspendedUntil', 'time', 'until when an agency has had it suspended', true), column('accountable', 'truth', 'whether it belongs into an accounting given at the end of the range'),
  ],
  types: ['access-decision', 'detokenization', 'subject-report-issued'],
  parameters: {
    exemptPurposes: { type: 'object', additionalProperties: { enum: ['treatment', 'payment', 'operations', 'individual', 'incident', 'authorization', 'directory', 'national-security', 'correctional', 'limited-data-set'] }, default: {} },
    exemptRoles: { type: 'object', additionalProperties: { enum: ['treatment', 'payment', 'operations', 'individual', 'incident', 'authorization', 'directory', 'national-security', 'correctional', 'limited-data-set'] }, default: {} },
    addresses: { type: 'object', additionalProperties: { type: 'string', minLength: 1, maxLength: 300 }, default: {} },
    suspended: {
      type: 'array',
      items: { type: 'object', additionalProperties: false, required: ['recipient', 'until', 'authority'], properties: { recipient: { type: 'string' }, until: { type: 'string', format: 'date-time' }, authority: { type: 'string', minLength: 1 } } },
      default: [],
    },
  },
  reasons: { 'no-purpose': 'it belongs into an accounting, and no purpose was stated' },
  begin: () => ({}),
  async take(fact, _state, finds, asked) {
    if (!isIn(asked, fact)) return;
    const what = whatOf(fact);
    if (what === undefined) {
      finds.exclude('nothing was disclosed');
      return;
    }
    const { body, principal } = fact.payload;
    const of = numberCell(memberOf(body, 'of'), 'index');
    const about = of === null ? undefined : await asked.readFact(of);
    const subject = about === undefined ? (textOf(subjectOf(body), 'subject') ?? null) : (textCell(about.payload?.body, 'subject'));
    const purpose = textCell(body, 'purpose');
    const exemption = fact.type === 'subject-report-issued' ? 'individual' : exemptionOf(asked, purpose, wordOf(body, 'role'));
    const suspendedUntil = suspensionOf(asked, principal);
    const accountable = exemption === null && suspendedUntil === null;
    const row = finds.row({ ...entryCells(fact), subject, recipient: principal, address: textCell(asked.parameters['addresses'], principal), what, of, purpose, exemption, suspendedUntil, accountable });
    if (accountable && purpose === null) finds.exception({ row, index: fact.index, why: 'no-purpose', text: 'Nobody said why it was disclosed.' });
  },
};

function whatOf({ type, payload }: Fact): string | undefined {
  const body = payload?.body;
  if (type === 'detokenization') return `${countOf(body, 'tokens')} originals`;
  if (type === 'subject-report-issued') return `report of ${countOf(body, 'predictions')} predictions`;
  const asked = `${textOf(body, 'action')}-${textOf(body, 'resource')}`;
  return textOf(body, 'outcome') === 'allow' && READING.includes(asked) ? (asked === 'receive-prediction' ? 'one prediction, with its receipt' : 'one prediction') : undefined;
}

function subjectOf(body: JsonValue): JsonValue | undefined {
  const subjects = memberOf(body, 'subjects');
  return Array.isArray(subjects) ? subjects[0] : undefined;
}

function exemptionOf({ parameters }: Asked, purpose: string | null, role: string): string | null {
  return (purpose === null ? undefined : textOf(parameters['exemptPurposes'], purpose)) ?? textCell(parameters['exemptRoles'], role);
}

function suspensionOf({ parameters, asOf }: Asked, recipient: string): string | null {
  const suspended = parameters['suspended'];
  for (const each of Array.isArray(suspended) ? suspended : []) {
    const until = textOf(each, 'until');
    if (textOf(each, 'recipient') === recipient && until !== undefined && Date.parse(until) > asOf) return until;
  }
  return null;
}
