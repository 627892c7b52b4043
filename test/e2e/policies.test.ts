import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

const SHIPPED = fileURLToPath(new URL('../../policies', import.meta.url));

let policies: string;
let service: TestService;
const get = (path: string, by: string): Promise<Answer> => service.call('GET', path, by);
const post = (body: object, by = 'producer'): Promise<Answer> => service.call('POST', '/v1/predictions', by, body);

/** Rules with conditions and fields, in place of those of three built-in roles. */
const ROLES: Record<string, string> = {
  producer: `
  - { id: p-append, effect: allow, actions: [append], resources: [prediction], reason: x, when: { model: { in: [loans, churn] }, deployment: { absent: true } } }
  - { id: p-not-later, effect: deny, actions: [append], resources: [prediction], reason: x, when: { purpose: { eq: marketing } } }`,
  auditor: `
  - { id: a-all, effect: allow, actions: [read, list, prove, receive], resources: [prediction], reason: x }
  - { id: a-no-inputs, effect: deny, actions: [read], resources: [prediction], fields: [inputs.city, decision.reasons], reason: x, when: { model: { ne: churn } } }
  - { id: a-not-shadow, effect: deny, actions: [read, list, prove, receive], resources: [prediction], reason: x, when: { outcome: { eq: secret } } }`,
  'privacy-officer': `
  - { id: v-list, effect: allow, actions: [list], resources: [prediction], reason: x, when: { model: { eq: churn } } }
  - { id: v-some, effect: allow, actions: [read], resources: [prediction], fields: [id, model, output.score], reason: x, when: { model: { eq: churn } } }`,
};

beforeAll(async () => {
  policies = await mkdtemp(join(tmpdir(), 'pl-policies-'));
  await cp(SHIPPED, policies, { recursive: true });
  await rm(join(policies, 'tests'), { recursive: true, force: true });
  for (const [role, rules] of Object.entries(ROLES)) await writeFile(join(policies, 'roles', `${role}.yaml`), `role: ${role}\ndescription: x\nrules:${rules}\n`);
  service = await startTestService({ POLICIES_DIR: policies });
  for (const [id, model, outcome] of [['one', 'loans', 'declined'], ['two', 'churn', 'declined'], ['three', 'churn', 'secret']] as const) {
    const { status } = await post(prediction(id, { model, purpose: 'credit', decision: { outcome, reasons: ['income'] } }));
    expect(status).toBe(201);
  }
});
afterAll(async () => {
  await service.close();
  await rm(policies, { recursive: true });
});

describe('an append', () => {
  test.each([
    ['another model', { model: 'other' }],
    ['a deployment, where none may be', { deployment: 'live' }],
    ['what a rule denies', { purpose: 'marketing' }],
  ])('of %s is refused, alone and in a batch', async (_what, change) => {
    const record = prediction('never', { purpose: 'credit', ...change });
    expect(await post(record)).toMatchObject({ status: 403, json: { code: 'forbidden', detail: 'No rule lets the role producer append a prediction.' } });
    const { status, json } = await service.call('POST', '/v1/predictions/batch', 'producer', [record]);
    expect([status, json]).toMatchObject([200, { results: [{ status: 403 }] }]);
    expect((await get('/v1/predictions/never', 'auditor')).status).toBe(404);
  });

  test('names the rule that let it in; a denial that cannot be judged denies', async () => {
    expect((await get('/v1/predictions/two', 'auditor')).json).toMatchObject({ rule: 'p-append' });
    expect((await post(prediction('unsaid'))).status).toBe(403);
  });

  test('by a role that may never is refused before its body is read', async () => {
    expect((await service.call('POST', '/v1/predictions', 'auditor', '{')).status).toBe(403);
  });
});

describe('rows', () => {
  const ids = async (by: string, query = ''): Promise<unknown> => ((await get(`/v1/predictions${query}`, by)).json['items'] as { id: string }[]).map(({ id }) => id);

  test('that a rule denies, or none allows, are in no list', async () => {
    expect(await ids('auditor', '?order=asc')).toEqual(['one', 'two']);
    expect(await ids('privacy-officer', '?order=asc')).toEqual(['two', 'three']);
    expect(await ids('auditor', '?model=churn')).toEqual(['two']);
    expect(await ids('auditor', '?decision=secret&from=2000-01-01')).toEqual([]);
  });

  test('look one by one as if they were not there', async () => {
    const nowhere = await get('/v1/predictions/nowhere', 'auditor');
    for (const path of ['three', 'three/receipt', 'three/proof']) {
      const { status, text } = await get(`/v1/predictions/${path}`, 'auditor');
      expect([status, text]).toEqual([404, nowhere.text]);
    }
    expect((await get('/v1/predictions/one', 'privacy-officer')).text).toBe(nowhere.text);
  });

  test('of a role that may see none are refused', async () => {
    for (const path of ['', '/one', '/one/receipt', '/one/proof']) expect((await get(`/v1/predictions${path}`, 'operator')).status).toBe(403);
  });
});

describe('fields', () => {
  test('that are denied are absent and named; the rest is as it was', async () => {
    const { json } = await get('/v1/predictions/one', 'auditor');
    expect(json['withheld']).toEqual(['decision.reasons', 'inputs.city']);
    expect(json['prediction']).toMatchObject({ decision: { outcome: 'declined' }, inputs: { age: 41, income: 52_000 } });
    expect(json['prediction']).not.toHaveProperty('inputs.city');
    expect(json['prediction']).not.toHaveProperty('decision.reasons');
  });

  test('whose condition does not hold are shown', async () => {
    const { json } = await get('/v1/predictions/two', 'auditor');
    expect(json).not.toHaveProperty('withheld');
    expect(json['prediction']).toMatchObject({ inputs: { city: expect.stringMatching(/^tok_/) as unknown }, decision: { reasons: ['income'] } });
  });

  test('that are allowed are all that is shown', async () => {
    const { json } = await get('/v1/predictions/two', 'privacy-officer');
    expect(json['prediction']).toEqual({ id: 'two', model: 'churn', output: { score: 0.81 } });
    expect(json['withheld']).toEqual(expect.arrayContaining(['inputs', 'decision', 'version']));
  });

  test('a receipt is for those who may read every field', async () => {
    expect(await get('/v1/predictions/one/receipt', 'auditor')).toMatchObject({ status: 403, json: { code: 'forbidden' } });
    expect((await get('/v1/predictions/two/receipt', 'auditor')).status).toBe(200);
    expect((await get('/v1/predictions/one/proof', 'auditor')).status).toBe(200);
  });
});

test('the rules in force are those of the log: their digest is in its entries', async () => {
  const { json } = await get('/v1/predictions/two', 'auditor');
  const { rows } = await service.service.database.pool.query<{ bytes: Buffer }>('select bytes from entry where index = $1', [json['index']]);
  expect(JSON.parse(rows[0]?.bytes.toString() ?? '')).toMatchObject({ policy: service.service.roles.policy });
  expect(await readFile(join(policies, 'roles/auditor.yaml'), 'utf8')).toContain('a-not-shadow');
});
