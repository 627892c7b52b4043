import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parsePayload } from '../../src/core/payload.ts';
import { parseReceipt } from '../../src/core/receipt.ts';
import { verifyReceipt } from '../../src/core/verify-receipt.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { runRetention } from '../../src/retention/retention-run.ts';
import type { Log } from '../../src/ledger/log.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from './service.ts';

const SUBJECT = 'customer-9';
const EMAIL = 'anna.meier@mail.example';

let service: TestService;
let log: Log;

beforeAll(async () => {
  service = await startTestService();
  log = service.service.ledger.byLogName('default') as Log;
});
afterAll(() => service.close());

const post = (path: string, by: string, body: unknown): Promise<Answer> => service.call('POST', `/v1/predictions/${path}`, by, body);
const rows = async (sql: string, ...values: unknown[]): Promise<JsonObject[]> => (await service.service.database.owner.query<JsonObject>(sql, values)).rows;

async function append(id: string, more: object = {}): Promise<number> {
  const record = {
    id, model: 'credit-risk', version: '3', subject: SUBJECT, inputs: { age: 41, income: 52_000, name: 'Anna Meier', email: EMAIL }, output: { score: 0.8, label: 'default' },
    decision: { outcome: 'declined', reasons: ['income'], automated: true, threshold: 0.7 }, ...more,
  };
  const { status, json } = await service.call('POST', '/v1/predictions', 'producer', record);
  expect([status, json]).toEqual([201, expect.anything()]);
  return Number(json['index']);
}

async function payloadAt(index: unknown): Promise<JsonObject> {
  const { opening } = await openEntry(log, Number(index));
  return parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8')) as unknown as JsonObject;
}

function expectSchema(name: string, body: unknown): void {
  const ajv = new Ajv({ strict: false });
  formats.default(ajv);
  expect([ajv.validate(JSON.parse(readFileSync(`docs/spec/schemas/${name}.json`, 'utf8')) as object, body), ajv.errors]).toEqual([true, null]);
}

const OUTCOME = { id: 'o-1', outcome: { label: 'repaid' }, observed: '2027-01-01T00:00:00Z', source: 'core banking' };
const REVIEW = { id: 'r-1', verdict: 'overridden', occasion: 'contest', decision: { outcome: 'approved', reasons: ['income'] }, reason: `payslip was read wrongly, told by ${EMAIL}` };
const CORRECTION = { id: 'c-1', changes: { inputs: { income: 58_000, email: 'other@mail.example' }, output: { score: 0.4 } }, reason: 'a digit was lost' };

const CLINICAL_INPUTS = {
  mrn: 'MRN-0048213', patientName: 'Jane Roe', birthDate: '1930-02-03', age: 96, sex: 'female', zip: '03601', admitted: '2026-11-10', discharged: '2026-11-20',
  lengthOfStay: 10, diagnoses: ['I50.9', 'E11.9'], vitals: { heartRate: 88 }, hemoglobin: null, note: 'Jane Roe lives alone; call 617-555-0143.',
};

describe('what is told of a prediction after it', () => {
  test('is an entry of its own, after the contract, under the key of the prediction; its receipt verifies', async () => {
    const index = await append('p-1');
    const of = { log: log.row.origin, index, id: 'p-1' };
    const told: [string, string, object, string, string][] = [
      ['outcomes', 'producer', OUTCOME, 'outcome-recorded', 'producer-follows-up-own'],
      ['reviews', 'reviewer', REVIEW, 'prediction-reviewed', 'reviewer-reviews-others'],
      ['corrections', 'producer', CORRECTION, 'prediction-corrected', 'producer-follows-up-own'],
    ];
    const [{ key }] = (await rows('select key from payload where log = $1 and index = $2', log.row.id, index)) as [{ key: number }];
    for (const [path, by, body, type, rule] of told) {
      const { status, json } = await post(`p-1/${path}?receipt=true`, by, body);
      expect([status, json]).toEqual([201, { id: (body as { id: string }).id, prediction: 'p-1', index: expect.any(Number), time: expect.any(String), leafHash: expect.any(String), receipt: expect.anything() }]);
      const payload = await payloadAt(json['index']);
      expect(payload).toMatchObject({ type, v: 1, rule, contract: 'credit-risk@1.0.0', body: { prediction: of } });
      expectSchema(`${type}-v1`, payload['body']);
      expect(await rows('select key from payload where log = $1 and index = $2', log.row.id, json['index'])).toEqual([{ key }]);
      const vkey = (await rows('select vkey from log_key where log = $1', log.row.id))[0]?.['vkey'];
      expect(() => verifyReceipt(parseReceipt(JSON.stringify(json['receipt'])), parseVkey(String(vkey)))).not.toThrow();
      expect(JSON.stringify(payload)).not.toMatch(/anna\.meier|other@mail/);
    }
    const review = (await rows("select index from follow_up where id = 'r-1'"))[0];
    expect((await payloadAt(review?.['index']))['body']).toMatchObject({ verdict: 'overridden', reason: expect.stringMatching(/^payslip was read wrongly, told by tok_[\w-]{22}$/), handling: { hits: [{ detector: 'email', did: 'tokenized' }] } });
    expect(await rows('select kind, id, of_index, verdict from follow_up where of_index = $1 order by index', index)).toEqual([
      { kind: 'outcome', id: 'o-1', of_index: index, verdict: null }, { kind: 'review', id: 'r-1', of_index: index, verdict: 'overridden' }, { kind: 'correction', id: 'c-1', of_index: index, verdict: null },
    ]);
  });

  test('is taken in once: the same again is the first answer, other content a conflict, also when all come at once', async () => {
    await append('p-2');
    const body = { ...OUTCOME, id: 'o-2' };
    const answers = await Promise.all(Array.from({ length: 8 }, async () => post('p-2/outcomes', 'producer', body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect((await post('p-2/outcomes', 'producer', { observed: body.observed, source: body.source, outcome: body.outcome, id: 'o-2' })).status).toBe(200);
    for (const other of [{ ...body, source: 'bureau' }, { ...body, outcome: { label: 'default' } }]) expect((await post('p-2/outcomes', 'producer', other)).json).toMatchObject({ status: 409, code: 'id-taken' });
    expect((await post('p-1/outcomes', 'producer', body)).json).toMatchObject({ status: 409, code: 'id-taken' });
    // Ids are counted by kind.
    expect((await post('p-2/corrections', 'producer', { ...CORRECTION, id: 'o-2' })).status).toBe(201);
    expect(await rows("select count(*) from follow_up where id = 'o-2'")).toEqual([{ count: 2 }]);
  });

  test('many at once share transactions, and each has its place', async () => {
    await append('p-many');
    const answers = await Promise.all(Array.from({ length: 60 }, async (_, i) => post('p-many/outcomes', 'producer', { ...OUTCOME, id: `many-${i}` })));
    expect(new Set(answers.map(({ status, json }) => `${status} ${String(json['index'])}`)).size).toBe(60);
  });

  test.each([
    ['an outcome with a field that the contract does not know', 'outcomes', 'producer', { ...OUTCOME, id: 'x', outcome: { colour: 'red' } }, 'contract-broken', '/outcome/colour'],
    ['an outcome that is not of the form', 'outcomes', 'producer', { ...OUTCOME, id: 'x', outcome: { label: 'lost' } }, 'contract-broken', '/outcome/label'],
    ['an outcome without a time', 'outcomes', 'producer', { id: 'x', outcome: { label: 'repaid' } }, 'invalid-body', '/observed'],
    ['an outcome of nothing', 'outcomes', 'producer', { ...OUTCOME, id: 'x', outcome: {} }, 'invalid-body', '/outcome'],
    ['one without an id', 'outcomes', 'producer', { ...OUTCOME, id: undefined }, 'invalid-body', '/id'],
    ['an id that names somebody', 'outcomes', 'producer', { ...OUTCOME, id: 'anna.meier@mail.example' }, 'contract-broken', '/id'],
    ['an override without a decision', 'reviews', 'reviewer', { id: 'x', verdict: 'overridden', reason: 'r' }, 'invalid-body', '/decision'],
    ['a decision beside a verdict that upholds', 'reviews', 'reviewer', { ...REVIEW, id: 'x', verdict: 'upheld' }, 'invalid-body', '/decision'],
    ['a decision that the contract does not know', 'reviews', 'reviewer', { ...REVIEW, id: 'x', decision: { outcome: 'perhaps' } }, 'contract-broken', '/decision/outcome'],
    ['a correction of nothing', 'corrections', 'producer', { id: 'x', changes: {}, reason: 'r' }, 'invalid-body', '/changes'],
    ['a correction of the model', 'corrections', 'producer', { id: 'x', changes: { model: 'm' }, reason: 'r' }, 'invalid-body', '/changes/model'],
    ['a correction to a value that is not allowed', 'corrections', 'producer', { id: 'x', changes: { inputs: { age: 7 } }, reason: 'r' }, 'contract-broken', '/changes/inputs/age'],
  ])('%s is refused, with the place', async (_what, path, by, body, code, at) => {
    const { status, json } = await post(`p-1/${path}`, by, body);
    expect([status, json['code'], (json['errors'] as JsonObject[]).map((error) => error['at'])]).toEqual([422, code, expect.arrayContaining([at])]);
  });

  test('what a contract would put into quarantine is refused', async () => {
    const record = {
      id: 'clinical', model: 'clinical-risk', version: '1', subject: 'patient-1', time: '2026-11-20T00:00:00Z', purpose: 'treatment', legalBasis: 'treatment',
      inputs: CLINICAL_INPUTS, output: { score: 0.2, band: 'low' },
      decision: { outcome: 'no-follow-up', reasons: ['age'], automated: true, threshold: 0.5 }, explanation: { method: 'shap' },
    };
    expect((await service.call('POST', '/v1/predictions', 'producer', record)).json).toMatchObject({ id: 'clinical' });
    expect((await post('clinical/outcomes', 'producer', { id: 'cl-1', outcome: { readmitted: true, days: 4 }, observed: '2026-12-01T00:00:00Z' })).status).toBe(201);
    expect((await post('clinical/outcomes', 'producer', { id: 'cl-2', outcome: { band: 'low' }, observed: '2026-12-01T00:00:00Z' })).json).toMatchObject({ status: 422, errors: [{ at: '/outcome/band', code: 'unknown-field' }] });
  });

  test('says what is odd about its time', async () => {
    await append('p-3', { time: '2026-11-01T00:00:00Z' });
    const early = await post('p-3/outcomes', 'producer', { ...OUTCOME, id: 'early', observed: '2026-10-31T00:00:00Z' });
    expect((await payloadAt(early.json['index']))['body']).toMatchObject({ exceptions: ['observed-before-prediction'] });
    const future = await post('p-3/outcomes', 'producer', { ...OUTCOME, id: 'future', observed: '2999-01-01T00:00:00Z' });
    expect((await payloadAt(future.json['index']))['body']).toMatchObject({ exceptions: ['observed-in-future'] });
    expectSchema('outcome-recorded-v1', (await payloadAt(future.json['index']))['body']);
    const right = await post('p-3/outcomes', 'producer', { ...OUTCOME, id: 'right', observed: '2026-11-02T00:00:00Z' });
    expect((await payloadAt(right.json['index']))['body']).not.toHaveProperty('exceptions');
  });

  test('of a prediction that is not there, or is another’s, is a 404; of roles that may not, a 403', async () => {
    expect((await post('nowhere/outcomes', 'producer', OUTCOME)).status).toBe(404);
    expect((await post('nowhere/reviews', 'reviewer', REVIEW)).status).toBe(404);
    const { key } = (await service.call('POST', '/v1/keys', 'admin', { role: 'producer' })).json;
    expect((await post('p-1/outcomes', String(key), { ...OUTCOME, id: 'others' })).status).toBe(404);
    for (const by of ['auditor', 'privacy-officer', 'compliance-officer', 'model-approver', 'operator', 'admin', 'reviewer']) {
      for (const path of ['outcomes', 'corrections']) expect((await post(`p-1/${path}`, by, OUTCOME)).status).toBe(403);
    }
    for (const by of ['producer', 'auditor', 'privacy-officer', 'admin']) expect((await post('p-1/reviews', by, REVIEW)).status).toBe(403);
    expect((await service.call('POST', '/v1/predictions/p-1/reviews', undefined, REVIEW)).status).toBe(401);
  });
});

describe('what is told goes with the prediction', () => {
  test('a data subject’s report tells it, and an erasure takes it: 410, and nothing more can be told', async () => {
    await append('e-1', { subject: 'customer-10', model: 'triage', inputs: { n: 1 }, output: { score: 0.5 } });
    const outcome = await post('e-1/outcomes', 'producer', { ...OUTCOME, id: 'e-o', outcome: { label: 'bad' } });
    expect(outcome.status).toBe(201);
    const review = await post('e-1/reviews', 'reviewer', { id: 'e-r', verdict: 'upheld', reason: 'it is as it should be' });
    const { json, text } = await service.call('POST', '/v1/subjects/reports', 'privacy-officer', { subject: 'customer-10', originals: true });
    expect(json['followUps']).toEqual([
      expect.objectContaining({ index: outcome.json['index'], type: 'outcome-recorded', told: expect.objectContaining({ outcome: { label: expect.stringMatching(/^tok_/) } }), originals: [expect.objectContaining({ at: '/outcome/label', value: 'bad' })] }),
      expect.objectContaining({ index: review.json['index'], type: 'prediction-reviewed', told: expect.objectContaining({ verdict: 'upheld', reason: 'it is as it should be' }) }),
    ]);
    expect((json['predictions'] as unknown[]).length).toBe(1);
    expect(text).not.toContain('customer-10');
    expect((await service.call('POST', '/v1/subjects/reports', 'privacy-officer', { subject: 'customer-10', format: 'html' })).text).toContain('it is as it should be');

    const asked = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'customer-10', reason: 'subject-request' });
    const { id } = asked.json['request'] as { id: string };
    expect((await service.call('POST', `/v1/requests/${id}/approvals`, 'privacy-officer-2', { decision: 'approve' })).status).toBe(200);
    for (const { json: { index } } of [outcome, review]) expect((await openEntry(log, Number(index))).opening).toBeUndefined();
    expect(await rows("select verdict from follow_up where id = 'e-r'")).toEqual([{ verdict: null }]);
    expect((await post('e-1/outcomes', 'producer', { ...OUTCOME, id: 'e-o', outcome: { label: 'bad' } })).json).toMatchObject({ status: 410, code: 'erased' });
    expect((await post('e-1/reviews', 'reviewer', { ...REVIEW, id: 'e-r2' })).json).toMatchObject({ status: 410, code: 'erased' });
  });

  test('a retention’s end takes both at once, with or without a data subject; what shares the key stays', async () => {
    const YEARS = 365.25 * 24 * 3600 * 1000;
    await append('d-1', { subject: undefined });
    await append('d-2', { subject: 'customer-11' });
    await append('d-3', { subject: 'customer-11', model: 'triage', inputs: { n: 1 }, output: { n: 2 } });
    const gone = [await post('d-1/outcomes', 'producer', { ...OUTCOME, id: 'd-1' }), await post('d-2/outcomes', 'producer', { ...OUTCOME, id: 'd-2' })];
    const kept = await post('d-3/outcomes', 'producer', { ...OUTCOME, id: 'd-3', outcome: { n: 3 } });
    await runRetention(service.service.contracts, log, { principal: 'system', rule: 'system' }, { dryRun: false, now: Date.now() + 2.2 * YEARS });
    for (const { json } of gone) expect((await openEntry(log, Number(json['index']))).opening).toBeUndefined();
    expect((await payloadAt(kept.json['index']))['body']).toMatchObject({ outcome: { n: 3 } });
    expect(await rows('select from payload p where not exists (select from data_key k where k.id = p.key)')).toEqual([]);
  });
});
