import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parsePayload } from '../../src/core/payload.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { escapeHtml } from '../../src/retention/report-page.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from './service.ts';

const EMAIL = 'anna.meier@mail.example';
const SUBJECT = 'customer-9';

let service: TestService;
let log: Log;

beforeAll(async () => {
  service = await startTestService();
  log = service.service.ledger.byLogName('default') as Log;
});
afterAll(() => service.close());

const report = (body: object, by = 'privacy-officer'): Promise<Answer> => service.call('POST', '/v1/subjects/reports', by, body);
const subjects = async (): Promise<number | null> => (await service.service.database.owner.query('select from data_key where subject is not null')).rowCount;
const sizeOf = async (): Promise<number> => (await log.readHead()).size;

async function append(id: string, subject = SUBJECT, more: object = {}): Promise<number> {
  const record = {
    id, model: 'credit-risk', version: '3', subject, purpose: 'credit-decision', legalBasis: 'contract',
    inputs: { age: 41, income: 52_000, name: 'Anna Meier', email: EMAIL }, output: { score: 0.8, label: 'default' },
    decision: { outcome: 'declined', reasons: ['income'], automated: true, threshold: 0.7 }, explanation: { method: 'shap', attributions: { income: 0.4 } }, ...more,
  };
  const { status, json } = await service.call('POST', '/v1/predictions', 'producer', record);
  expect([status, json]).toEqual([201, expect.anything()]);
  return Number(json['index']);
}

async function payloadAt(index: number): Promise<JsonObject> {
  const { opening } = await openEntry(log, index);
  return parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8')) as unknown as JsonObject;
}

describe('POST /v1/subjects/reports', () => {
  test('tells what is held, by which logic, until when, and who saw it; the report is an entry', async () => {
    const index = await append('s-1');
    await append('other-1', 'customer-10');
    await service.call('GET', '/v1/predictions/s-1', 'auditor');
    await service.call('POST', '/v1/detokenize', 'privacy-officer', { prediction: 's-1', fields: ['/inputs/email'], purpose: 'credit-decision' });
    await service.call('POST', '/v1/legal-holds', 'privacy-officer', { subject: SUBJECT, reason: 'litigation' });
    const before = await sizeOf();
    const { status, json, text } = await report({ subject: SUBJECT });
    expect([status, json]).toEqual([200, expect.objectContaining({ type: 'prediction-ledger-subject-report', v: 1, log: log.row.origin, entry: before, issued: expect.any(String) })]);
    const [found, ...others] = json['predictions'] as JsonObject[];
    expect(others).toEqual([]);
    const { time } = (await service.call('GET', '/v1/predictions/s-1', 'privacy-officer')).json;
    expect(found).toMatchObject({
      index, time, contract: 'credit-risk@1.0.0', prediction: { id: 's-1', decision: { outcome: 'declined' }, explanation: { method: 'shap' }, purpose: 'credit-decision', legalBasis: 'contract' },
      retention: { until: new Date(new Date(String(time)).setUTCMonth(new Date(String(time)).getUTCMonth() + 25)).toISOString(), citation: expect.stringContaining('1002.12') },
      seen: { total: 2, last: [{ how: 'detokenization', purpose: 'credit-decision', role: 'privacy-officer' }, { how: 'read', role: 'auditor' }] },
    });
    expect(found).not.toHaveProperty('originals');
    const [contract] = json['contracts'] as { id: string; fields: JsonObject[] }[];
    expect(contract?.fields).toContainEqual(expect.objectContaining({ at: '/inputs/income', meaning: 'Gross income.', source: 'payroll statement', unit: 'EUR a year' }));
    expect(json['holds']).toEqual([expect.objectContaining({ reason: 'litigation' })]);
    expect(text).not.toMatch(/Anna|customer-9|customer-10/);
    const payload = await payloadAt(before);
    expect(payload).toMatchObject({ type: 'subject-report-issued', rule: 'privacy-officer-serves-subjects', body: { subjects: json['subjects'], predictions: 1, originals: false, format: 'json' } });
    const schema = JSON.parse(readFileSync('docs/spec/schemas/subject-report-issued-v1.json', 'utf8')) as object;
    expect(new Ajv({ strict: false }).validate(schema, payload['body'])).toBe(true);
    // The report itself is one who saw it, from the next on.
    const again = (await report({ subject: SUBJECT })).json['predictions'] as { seen: { last: JsonObject[] } }[];
    expect(again[0]?.seen.last.map(({ how }) => how)).toContain('subject-report-issued');
  });

  test('opens tokens only when that is asked for', async () => {
    await append('s-2', 'customer-11');
    const { json } = await report({ subject: 'customer-11', originals: true });
    expect((json['predictions'] as JsonObject[])[0]?.['originals']).toEqual(expect.arrayContaining([expect.objectContaining({ at: '/inputs/email', value: EMAIL })]));
    expect(await payloadAt(Number(json['entry']))).toMatchObject({ body: { originals: true } });
  });

  test('of an unknown subject has the same shape, is empty, and makes nobody known', async () => {
    const before = await subjects();
    const known = (await report({ subject: SUBJECT })).json;
    const { status, json } = await report({ subject: 'never-heard-of' });
    expect([status, Object.keys(json).sort()]).toEqual([200, Object.keys(known).sort()]);
    expect(json).toMatchObject({ subjects: [], predictions: [], contracts: [], holds: [], quarantine: [] });
    expect(await subjects()).toBe(before);
  });

  test('goes on in pages, each prediction once', async () => {
    for (let i = 0; i < 53; i++) await append(`page-${i}`, 'customer-12');
    const seen: unknown[] = [];
    let cursor: unknown;
    do {
      const { json } = await report({ subject: 'customer-12', ...(cursor !== undefined && { cursor }) });
      seen.push(...(json['predictions'] as { prediction: JsonObject }[]).map(({ prediction }) => prediction['id']));
      cursor = json['next'];
    } while (cursor !== undefined);
    expect(seen).toEqual(Array.from({ length: 53 }, (_, i) => `page-${i}`));
  });

  test('is a page that stands by itself, and in which nothing that was sent is markup', async () => {
    await append('html-1', 'customer-13', { model: 'triage', inputs: { 'k<script>': '</pre><script>alert(1)</script>', n: 1 } });
    const { status, text, headers } = await report({ subject: 'customer-13', format: 'html', originals: true });
    expect([status, headers.get('content-type'), headers.get('content-security-policy')]).toEqual([200, 'text/html; charset=utf-8', "default-src 'none'; style-src 'unsafe-inline'"]);
    expect(text).toContain('html-1');
    expect(text).toContain('&lt;script&gt;');
    expect(text).not.toMatch(/<script|<img|src=|href=|https?:\/\//);
    expect(escapeHtml(`<a href="x">'&`)).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
  });

  test('is for privacy officers, of the right form, and after its entry', async () => {
    for (const by of ['producer', 'auditor', 'operator', 'admin', 'compliance-officer', 'model-approver']) expect((await report({ subject: SUBJECT }, by)).status).toBe(403);
    for (const body of [{}, { subject: '' }, { subject: SUBJECT, format: 'pdf' }, { subject: SUBJECT, cursor: '1' }, { subject: SUBJECT, more: 1 }]) expect((await report(body)).status).toBe(422);
    const { append: appendEntry } = log;
    Object.assign(log, { append: () => Promise.reject(Object.assign(new Error('disk'), { code: 'ECONNREFUSED' })) });
    const refused = await report({ subject: SUBJECT });
    Object.assign(log, { append: appendEntry });
    expect([refused.status, refused.text.includes('s-1')]).toEqual([503, false]);
  });
});
