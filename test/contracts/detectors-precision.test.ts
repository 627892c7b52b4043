import { describe, expect, it } from '@jest/globals';
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { detect, detectInIdentifier, detectNumber } from '../../src/contracts/detectors.ts';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function digits(length: number): string {
  return Array.from({ length }, () => randomInt(10)).join('');
}

function pick(from: readonly string[]): string {
  return from[randomInt(from.length)] as string;
}

function moment(): Date {
  return new Date(randomInt(946_684_800, 2_000_000_000) * 1000 + randomInt(1000));
}

const MODELS = ['bert-base-uncased', 'roberta-large', 'claude-3-opus', 'gemma-2-9b-it', 'gpt-4o-2024-08-06', 'llama-3.1-70b', 'credit-risk', 'sepsis_early_warning', 'XGBoost 2.0.3', 'LightGBM', 'churn/v7', 'albert-xxlarge-v2', 'Mistral Large', 'Phi 3 Medium', 'victoria-metrics', 'churn:2026.11', 'resnet50', 'fraud-scorer@3.2.0'];
const WORDS = ['employed', 'self-employed', 'monthly', 'owner', 'high', 'low', 'GB', 'US', 'EUR', 'approved', 'declined', 'gold', 'default', 'debt-to-income', 'Windows', 'iPhone', 'Chrome', 'yes', 'N/A', 'male', 'female', 'married', 'retail', 'TIER_2', 'ICU', 'type 2 diabetes', 'hypertension'];

// What records are full of and nobody's: at most so many of a thousand may be taken for something personal.
const HARMLESS: readonly [what: string, make: () => string, mostOfAThousand: number][] = [
  ['UUIDs', () => randomUUID(), 0],
  ['ULIDs', () => Array.from({ length: 26 }, () => CROCKFORD.charAt(randomInt(32))).join(''), 0],
  ['SHA-256 in hex', () => createHash('sha256').update(randomBytes(8)).digest('hex'), 0],
  ['SHA-1 in upper hex', () => createHash('sha1').update(randomBytes(8)).digest('hex').toUpperCase(), 0],
  ['base64url', () => randomBytes(24).toString('base64url'), 2],
  ['trace contexts', () => `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`, 1],
  ['nano ids', () => randomBytes(16).toString('base64url').slice(0, 21), 2],
  ['object ids', () => randomBytes(12).toString('hex'), 1],
  ['timestamps of RFC 3339', () => moment().toISOString(), 0],
  ['dates', () => moment().toISOString().slice(0, 10), 0],
  ['local times', () => moment().toISOString().slice(0, 19).replace('T', ' '), 0],
  ['Unix seconds', () => String(Math.floor(moment().getTime() / 1000)), 0],
  ['Unix milliseconds', () => String(moment().getTime()), 2],
  ['compact times', () => moment().toISOString().replace(/\D/g, '').slice(0, 14), 2],
  ['decimals', () => String(Math.random() * 10 ** randomInt(6)), 0],
  ['amounts', () => `$${randomInt(1_000_000).toLocaleString('en-US')}.${digits(2)}`, 0],
  ['numbers up to eight digits', () => digits(randomInt(1, 9)), 0],
  ['nine digits', () => digits(9), 0],
  ['ten digits', () => digits(10), 0],
  ['eleven digits', () => digits(11), 15],
  ['sixteen digits', () => digits(16), 45],
  ['versions', () => `${randomInt(20)}.${randomInt(100)}.${randomInt(100)}${pick(['', '-rc.1', '+build.77', '-beta'])}`, 0],
  ['names of models', () => pick(MODELS), 0],
  ['categories', () => pick(WORDS), 0],
  ['ratios', () => `${randomInt(100)}/${randomInt(1, 100)}`, 0],
  ['ranges', () => `${randomInt(1000)}-${randomInt(1000)}`, 0],
  ['ICD-10 codes', () => `${String.fromCharCode(65 + randomInt(26))}${digits(2)}.${digits(1)}`, 0],
  ['vectors', () => Array.from({ length: 6 }, () => Math.random().toFixed(4)).join(', '), 0],
];

const COUNT = 4000;

describe('precision', () => {
  it.each(HARMLESS)('%s are not taken for persons', (_, make, most) => {
    const hits: string[] = [];
    for (let at = 0; at < COUNT; at += 1) hits.push(...detect(make(), 'value').map(({ detector }) => detector));
    expect([(hits.length * 1000) / COUNT <= most, [...new Set(hits)]]).toEqual([true, expect.anything()]);
  });

  it.each(HARMLESS.filter(([, make]) => /^[\w.:~@+=-]{1,128}$/.test(make())))('%s may be identifiers', (_, make, most) => {
    let hits = 0;
    for (let at = 0; at < COUNT; at += 1) hits += detectInIdentifier(make()).length;
    expect((hits * 1000) / COUNT).toBeLessThanOrEqual(most);
  });

  it('takes whole numbers of any size for numbers, but for one in fifty that looks like a card', () => {
    let hits = 0;
    for (let at = 0; at < COUNT; at += 1) hits += detectNumber(randomInt(2 ** 47), 'value').length;
    expect((hits * 1000) / COUNT).toBeLessThanOrEqual(20);
  });
});

// Free text with nobody in it.
const SENTENCES = [
  'The applicant has a steady income and requests a loan of 12,500 for 36 months at 4.9 percent.',
  'Model gradient boosting 3.2.0 scored 0.8123 against a threshold of 0.7 on 2026-11-27 at 09:00.',
  'No late payments in the last 24 months; utilisation is 35 percent, debt to income 0.41.',
  'Blood pressure 140/90, heart rate 88, SpO2 97%, temperature 38.2, lactate 2.1 mmol/L.',
  'Will the price rise in May or June? Grace period: 30 days. Mark the art with care and hope.',
  'Chronic kidney disease stage 3, started metformin 500 mg twice daily in March 2019.',
  'Windows 10.0.19045, Chrome 119, screen 1920x1080, session 42 of 120, error code 500-12.',
  'Order 4471 of 9 items shipped from Paris to Georgia; see section 3.1.4 and table 12.',
  'The ferry goes from Jordan to Virginia, then the train to Austin and Florence.',
  'Street parking is limited. Drive safely. The court ruled. Place the order on the way.',
  'Patients with sepsis were treated; the patient is stable. Name of the ward is not given.',
  'Score went from 612 to 655 (+43) after 2 of 3 accounts were closed in Q2 2025.',
];

describe('free text about nobody', () => {
  it.each(SENTENCES)('%s', (sentence) => expect(detect(sentence, 'notes').map(({ offset, length }) => sentence.slice(offset, offset + length))).toEqual([]));
});
