import { countOf, memberOf, numberCell, textCell, textOf, wordOf, type Fact, type ReadFact } from './fact.ts';
import type { Row } from './population.ts';
import { column, ENTRY_COLUMNS, entryCells, isIn, type Asked, type Query } from './query.ts';
import type { JsonValue } from '../core/json-value.ts';

interface Account {
  disclosures: number;
  accountable: number;
  exempt: number;
  suspended: number;
  withoutPurpose: number;
  exemptions: string[];
  recipients: string[];
  first: string;
  last: string;
}

interface Accounts {
  accounts: Record<string, Account>;
}

interface Disclosure extends Row {
  readonly subject: string | null;
  readonly recipient: string;
  readonly purpose: string | null;
  readonly exemption: string | null;
  readonly accountable: boolean;
}

const newAccounts = (): Accounts => ({ accounts: {} });

const READING = ['read-prediction', 'receive-prediction'];

/**
 * Disclosures by the individual that they are about: date, recipient, what, purpose (45 CFR 164.528(b)(2)). Those that need
 * no accounting (164.528(a)(1)) are in it with the code that exempts them, those that are suspended (164.528(a)(2)) too.
 */
export const ACCOUNTING: Query<Accounts> = {
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
      items: { type: 'object', additionalProperties: false, required: ['recipient', 'from', 'until', 'authority'], properties: { recipient: { type: 'string' }, from: { type: 'string', format: 'date-time' }, until: { type: 'string', format: 'date-time' }, authority: { type: 'string', minLength: 1 } } },
      default: [],
    },
  },
  reasons: { 'no-purpose': 'it belongs into an accounting, and no purpose was stated' },
  begin: newAccounts,
  async take(fact, _accounts, finds, asked) {
    if (!isIn(asked, fact)) return;
    const found = await disclosureOf(fact, asked);
    if (found === undefined) {
      finds.exclude('nothing was disclosed');
      return;
    }
    const row = finds.row({ ...entryCells(fact), ...found });
    if (found.accountable && found.purpose === null) finds.exception({ row, index: fact.index, why: 'no-purpose', text: 'Nobody said why it was disclosed.' });
  },
};

/** The same, summed up: one row for each individual about whom anything was disclosed. */
export const ACCOUNTS: Query<Accounts> = {
  ...ACCOUNTING,
  name: 'accounts-by-individual',
  title: 'Accounts of disclosures, one for each individual',
  question: 'About which individuals was anything disclosed, how often, and how much of it belongs into an accounting, is exempt, or is suspended?',
  basis: 'aggregate',
  columns: [
    column('subject', 'text', 'opaque id of the individual; null: those whose payload is gone or names none', true), column('disclosures', 'number', 'in the period'), column('accountable', 'number', 'of these that belong into an accounting'), column('exempt', 'number', 'that need none'), column('suspended', 'number', 'that are suspended, and not exempt'),
    column('exemptions', 'text', 'codes of the exemptions, in order', true), column('recipients', 'number', 'different recipients'), column('withoutPurpose', 'number', 'accountable ones of which nobody said why'), column('first', 'time', 'entry time of the first'), column('last', 'time', 'of the last'),
  ],
  reasons: {},
  async take(fact, { accounts }, finds, asked) {
    if (!isIn(asked, fact)) return;
    const found = await disclosureOf(fact, asked);
    if (found === undefined) {
      finds.exclude('nothing was disclosed');
      return;
    }
    finds.used();
    const { subject, recipient, purpose, exemption, accountable } = found;
    const account = (accounts[subject ?? ''] ??= { disclosures: 0, accountable: 0, exempt: 0, suspended: 0, withoutPurpose: 0, exemptions: [], recipients: [], first: fact.at, last: fact.at });
    account.disclosures += 1;
    account[accountable ? 'accountable' : exemption !== null ? 'exempt' : 'suspended'] += 1;
    if (accountable && purpose === null) account.withoutPurpose += 1;
    if (exemption !== null && !account.exemptions.includes(exemption)) account.exemptions.push(exemption);
    if (!account.recipients.includes(recipient)) account.recipients.push(recipient);
    account.last = fact.at;
  },
  finish({ accounts }, finds) {
    const sums = { accountable: 0, exempt: 0, suspended: 0 };
    let disclosures = 0;
    for (const subject of Object.keys(accounts).sort()) {
      const { exemptions, recipients, ...account } = accounts[subject] as Account; // its key
      finds.row({ subject: subject === '' ? null : subject, ...account, exemptions: exemptions.length === 0 ? null : exemptions.sort().join(' '), recipients: recipients.length });
      disclosures += account.disclosures;
      for (const part of ['accountable', 'exempt', 'suspended'] as const) sums[part] += account[part];
    }
    finds.total('disclosures', { disclosures }, sums);
  },
};

/** What a fact disclosed, as a row of the accounting has it; undefined where it disclosed nothing. */
async function disclosureOf(fact: ReadFact, asked: Asked): Promise<Disclosure | undefined> {
  const what = whatOf(fact);
  if (what === undefined) return undefined;
  const { body, principal } = fact.payload;
  const of = numberCell(memberOf(body, 'of'), 'index');
  const about = of === null ? undefined : await asked.readFact(of);
  const subject = about === undefined ? (textOf(subjectOf(body), 'subject') ?? null) : textCell(about.payload?.body, 'subject');
  const purpose = textCell(body, 'purpose');
  const exemption = fact.type === 'subject-report-issued' ? 'individual' : exemptionOf(asked, purpose, wordOf(body, 'role'));
  const suspendedUntil = suspensionOf(asked, principal);
  const accountable = exemption === null && suspendedUntil === null;
  return { subject, recipient: principal, address: textCell(asked.parameters['addresses'], principal), what, of, purpose, exemption, suspendedUntil, accountable };
}

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
    const [from = '', until = ''] = [textOf(each, 'from'), textOf(each, 'until')];
    // While it is suspended, whenever the disclosure was; afterwards it is accounted for again.
    if (textOf(each, 'recipient') === recipient && Date.parse(from) <= asOf && asOf < Date.parse(until)) return until;
  }
  return null;
}
