import { ULID_LENGTH } from './ulid.ts';

/** Whose predictions are posted: one of 1,000 subjects, chosen evenly, or a subject never seen before. */
export type Subjects = 'recurring' | 'new';

/** Text of one prediction and the places in it that differ from one to the next. Offsets are bytes (all is ASCII). */
export interface PredictionTemplate {
  readonly bytes: Buffer;
  readonly idAt: number;
  /** Ten characters. */
  readonly subjectAt: number;
  /** Ten characters in each of the four strings that the default contract turns into tokens. */
  readonly personalAt: readonly number[];
}

export const VARYING_LENGTH = 10;
const ID_MARK = '?'.repeat(ULID_LENGTH);
const SUBJECT_MARK = '!'.repeat(VARYING_LENGTH);
const PERSONAL_MARK = '#'.repeat(VARYING_LENGTH);

/** 26 numbers and flags and 4 personal strings: a usual row of a credit model. */
const INPUTS = {
  age: 41, income: 52000, employmentMonths: 63, residenceMonths: 118, dependants: 2, accounts: 7, openLines: 4,
  utilization: 0.3184, delinquencies: 1, inquiries: 3, loanAmount: 18500, termMonths: 48, interest: 0.0724,
  installment: 445.17, debtToIncome: 0.2716, revolving: 8241.55, savings: 12034.2, checking: 1870.44,
  oldestAccountMonths: 171, recentPayments: 11, missedPayments: 0, homeOwner: true, selfEmployed: false,
  coApplicant: false, returning: true, scoreLastYear: 0.7713,
  name: `Jo ${PERSONAL_MARK}`, email: `${PERSONAL_MARK}@b.example`, phone: `+49${PERSONAL_MARK}`, iban: `DE8937040044${PERSONAL_MARK}`,
};

/** The prediction that every server is sent: the shape of `POST /v1/predictions`, 30 inputs, 1,271 bytes. */
export function predictionTemplate(time: Date): PredictionTemplate {
  const text = JSON.stringify({
    id: ID_MARK, model: 'credit-risk', version: '3.2.0', subject: `customer-${SUBJECT_MARK}`, time: time.toISOString(),
    inputs: INPUTS,
    output: { score: 0.8127, label: 'default' },
    decision: { outcome: 'declined', threshold: 0.7, reasons: ['income', 'utilization'], automated: true },
    explanation: { method: 'shap', attributions: { income: 0.4102, utilization: 0.2214, debtToIncome: 0.1187, age: 0.0413 } },
    purpose: 'credit-decision', legalBasis: 'contract',
    features: [{ view: 'customer_v7', asOf: time.toISOString() }, { view: 'bureau_v3', asOf: time.toISOString() }],
    deployment: 'live', trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  });
  const personalAt: number[] = [];
  for (let at = text.indexOf(PERSONAL_MARK); at >= 0; at = text.indexOf(PERSONAL_MARK, at + VARYING_LENGTH)) personalAt.push(at);
  return {
    bytes: Buffer.from(text, 'latin1'), idAt: text.indexOf(ID_MARK), subjectAt: text.indexOf(SUBJECT_MARK), personalAt,
  };
}

const RECURRING = Array.from({ length: 1000 }, (_, number) => String(number).padStart(VARYING_LENGTH, '0'));

/** Fills in one prediction that starts at byte `at` of `target`. `id` has 26 characters. */
export function writePrediction(target: Buffer, at: number, template: PredictionTemplate, id: string, subjects: Subjects): void {
  const varying = id.slice(ULID_LENGTH - VARYING_LENGTH);
  target.write(id, at + template.idAt, 'latin1');
  const subject = subjects === 'new' ? varying : (RECURRING[Math.floor(Math.random() * RECURRING.length)] as string);
  target.write(subject, at + template.subjectAt, 'latin1');
  for (const place of template.personalAt) target.write(varying, at + place, 'latin1');
}
