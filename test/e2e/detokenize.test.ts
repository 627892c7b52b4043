import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parsePayload } from '../../src/core/payload.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from './service.ts';

const SHIPPED = fileURLToPath(new URL('../../policies', import.meta.url));
const EMAIL = 'anna.meier@mail.example';

let policies: string;
let service: TestService;
let log: Log;

beforeAll(async () => {
  policies = await mkdtemp(join(tmpdir(), 'pl-detokenize-'));
  await cp(SHIPPED, policies, { recursive: true });
  await rm(join(policies, 'tests'), { recursive: true });
  // One who may detokenize what is no more than personal, and does not see the name.
  await writeFile(join(policies, 'roles', 'auditor.yaml'), `
role: auditor
description: x
rules:
  - { id: a-reads, effect: allow, actions: [read], resources: [prediction], reason: x }
  - { id: a-no-name, effect: deny, actions: [read], resources: [prediction], fields: [inputs.name], reason: x }
  - { id: a-detokenizes, effect: allow, actions: [detokenize], resources: [token], reason: x, when: { class: { in: [internal, personal] }, stated-purpose: { eq: credit-decision } } }
`);
  service = await startTestService({ POLICIES_DIR: policies });
  log = service.service.ledger.byLogName('default') as Log;
});
afterAll(async () => {
  await service.close();
  await rm(policies, { recursive: true });
});

const ask = (body: object, by = 'privacy-officer'): Promise<Answer> => service.call('POST', '/v1/detokenize', by, body);
const sizeOf = async (): Promise<number> => (await log.readHead()).size;

async function append(id: string, more: object = {}): Promise<JsonObject> {
  const record = {
    id, model: 'credit-risk', version: '3', subject: 'customer-1', inputs: { age: 41, income: 52_000, name: 'Anna Meier', email: EMAIL }, output: { score: 0.8, label: 'default' },
    decision: { outcome: 'declined', reasons: ['income'], automated: true, threshold: 0.7 }, ...more,
  };
  const { status, json } = await service.call('POST', '/v1/predictions', 'producer', record);
  expect([status, json]).toEqual([201, expect.anything()]);
  return (await service.call('GET', `/v1/predictions/${id}`, 'privacy-officer')).json;
}

async function payloadAt(index: number): Promise<JsonObject> {
  const { opening } = await openEntry(log, index);
  return parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8')) as unknown as JsonObject;
}

const tokenAt = (read: JsonObject, name: string): string => ((read['prediction'] as JsonObject)['inputs'] as JsonObject)[name] as string;

describe('POST /v1/detokenize', () => {
  test('tells what tokens stand for, and leaves an entry without a value first', async () => {
    const read = await append('t-1');
    const [name, email] = [tokenAt(read, 'name'), tokenAt(read, 'email')];
    expect(name).toMatch(/^tok_/);
    const unknown = `tok_${'A'.repeat(22)}`;
    const before = await sizeOf();
    const { status, json } = await ask({ prediction: 't-1', tokens: [email, unknown], purpose: 'credit-decision' });
    expect([status, json]).toEqual([200, {
      prediction: 't-1', index: read['index'], purpose: 'credit-decision', originals: [{ at: '/inputs/email', token: email, value: EMAIL }], unknown: [unknown], withheld: [],
    }]);
    const payload = await payloadAt(before);
    expect(payload).toMatchObject({ type: 'detokenization', rule: 'privacy-officer-detokenizes', body: { of: { log: log.row.origin, index: read['index'] }, at: ['/inputs/email'], tokens: 1, purpose: 'credit-decision', class: 'personal', unknown: 1 } });
    expect(JSON.stringify(payload)).not.toMatch(/anna|tok_/i);
    const schema = JSON.parse(readFileSync('docs/spec/schemas/detokenization-v1.json', 'utf8')) as object;
    expect(new Ajv({ strict: false }).validate(schema, payload['body'])).toBe(true);
    expect(await sizeOf()).toBe(before + 1);
  });

  test('tells by field, and by what stands within one', async () => {
    await append('t-2');
    const { json } = await ask({ prediction: 't-2', fields: ['/inputs', '/inputs/age'], purpose: 'credit-decision' });
    expect((json['originals'] as JsonObject[]).map(({ at, value }) => [at, value]).sort()).toEqual([['/inputs/email', EMAIL], ['/inputs/name', 'Anna Meier']]);
    expect(json['unknown']).toEqual(['/inputs/age']);
  });

  test('wants a purpose that the contract allows, and one way of asking', async () => {
    await append('t-3');
    const fields = ['/inputs/email'];
    const before = await sizeOf();
    const wrong: [object, string][] = [
      [{ prediction: 't-3', fields }, '/purpose'], [{ prediction: 't-3', fields, purpose: '' }, '/purpose'], [{ prediction: 't-3', fields, purpose: 'marketing' }, '/purpose'],
      [{ prediction: 't-3', purpose: 'credit-decision' }, ''], [{ prediction: 't-3', fields: ['inputs'], purpose: 'credit-decision' }, '/fields/0'],
      [{ prediction: 't-3', fields, tokens: [`tok_${'A'.repeat(22)}`], purpose: 'credit-decision' }, ''], [{ prediction: 't-3', tokens: [EMAIL], purpose: 'credit-decision' }, '/tokens/0'],
    ];
    for (const [body, at] of wrong) {
      const answer = await ask(body);
      expect([answer.status, answer.json['code'], (answer.json['errors'] as JsonObject[]).some((error) => String(error['at']).startsWith(at))]).toEqual([422, 'invalid-body', true]);
      expect(answer.text).not.toMatch(/anna|marketing/);
    }
    expect(await sizeOf()).toBe(before);
  });

  test('is for those whom policy allows, and shows what field rules show', async () => {
    await append('t-4');
    for (const by of ['producer', 'operator', 'admin', 'compliance-officer', 'model-approver']) {
      expect((await ask({ prediction: 't-4', fields: ['/inputs'], purpose: 'credit-decision' }, by)).status).toBe(403);
    }
    const { status, json } = await ask({ prediction: 't-4', fields: ['/inputs'], purpose: 'credit-decision' }, 'auditor');
    expect([status, (json['originals'] as JsonObject[]).map(({ at }) => at), json['withheld']]).toEqual([200, ['/inputs/email'], ['/inputs/name']]);
    // What a condition does not allow looks as if there were nothing.
    expect((await ask({ prediction: 't-4', fields: ['/inputs/email'], purpose: 'other' }, 'auditor')).status).toBe(404);
    expect((await ask({ prediction: 'nothing', fields: ['/inputs'], purpose: 'credit-decision' })).status).toBe(404);
  });

  test('shows nothing where its entry cannot be committed, nor after an erasure', async () => {
    const body = { prediction: 't-5', fields: ['/inputs'], purpose: 'p' };
    await append('t-5', { model: 'triage', subject: 'customer-5' });
    const { append: appendEntry } = log;
    Object.assign(log, { append: () => Promise.reject(Object.assign(new Error('disk'), { code: 'ECONNREFUSED' })) });
    const refused = await ask(body);
    Object.assign(log, { append: appendEntry });
    expect([refused.status, refused.text.includes('Anna')]).toEqual([503, false]);
    expect((await ask(body)).status).toBe(200);
    const { json } = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'customer-5', reason: 'subject-request' });
    await service.call('POST', `/v1/requests/${String((json['request'] as JsonObject)['id'])}/approvals`, 'privacy-officer-2', { decision: 'approve' });
    expect(await ask(body)).toMatchObject({ status: 410, json: { code: 'erased' } });
  });
});
