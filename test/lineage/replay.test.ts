import { createServer, type Server } from 'node:http';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parsePayload } from '../../src/core/payload.ts';
import type { Log } from '../../src/ledger/log.ts';
import { differences } from '../../src/lineage/compare-outputs.ts';
import { ReplayPolicy } from '../../src/lineage/replay-policy.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from '../e2e/service.ts';

let database: TestDatabase;
let service: TestService;
let log: Log;
let endpoint: Server;
let url: string;
let folder: string;
/** What the endpoint was asked last, and how it answers. */
let asked: JsonObject | undefined;
let answer: (respond: (status: number, text: string, headers?: Record<string, string>) => void) => void;

const OUTPUT = { score: 0.8, label: 'default' };
const scores = (output: object, more: object = {}): void => {
  answer = (respond) => respond(200, JSON.stringify({ output, ...more }));
};

beforeAll(async () => {
  endpoint = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    request.on('end', () => {
      asked = JSON.parse(text) as JsonObject;
      answer((status, body, headers = {}) => response.writeHead(status, headers).end(body));
    });
  });
  await new Promise<void>((done) => endpoint.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/score`;
  folder = await mkdtemp(join(tmpdir(), 'pl-replay-'));
  await cp('policies', folder, { recursive: true });
  await writeFile(join(folder, 'replay.yaml'), `endpoints:\n  - url: ${url}\n    models: [credit-risk, triage, churn]\ntimeoutSeconds: 1\n`);
  const role = readFileSync(join(folder, 'roles/privacy-officer.yaml'), 'utf8');
  await writeFile(join(folder, 'roles/privacy-officer.yaml'), `${role}  - id: privacy-officer-replays\n    effect: allow\n    actions: [replay]\n    resources: [prediction]\n    reason: For this test.\n`);
  database = await createTestDatabase();
  service = await startTestService({ POLICIES_DIR: folder }, {}, database);
  log = service.service.ledger.byLogName('default') as Log;
});
afterAll(async () => {
  await service.close();
  await database.drop();
  endpoint.closeAllConnections();
  await new Promise((done) => endpoint.close(done));
  await rm(folder, { recursive: true });
});

async function append(id: string, more: object = {}): Promise<void> {
  const record = { id, model: 'credit-risk', version: '3', inputs: { age: 41, income: 52_000 }, output: OUTPUT, decision: { outcome: 'declined', reasons: ['income'] }, ...more };
  expect((await service.call('POST', '/v1/predictions', 'producer', record)).status).toBe(201);
}
const replay = (of: string, body: object, by = 'reviewer'): Promise<Answer> => service.call('POST', `/v1/predictions/${of}/replay`, by, { endpoint: url, ...body });

async function bodyAt(index: unknown): Promise<JsonObject> {
  const { opening } = await openEntry(log, Number(index));
  const { type, body } = parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8'));
  expect(type).toBe('prediction-replayed');
  const isRight = new Ajv({ strict: false, allowUnionTypes: true }).compile(JSON.parse(readFileSync('docs/spec/schemas/prediction-replayed-v1.json', 'utf8')) as object);
  expect([isRight(body), isRight.errors]).toEqual([true, null]);
  return body as unknown as JsonObject;
}

describe('POST /v1/predictions/{id}/replay', () => {
  test('hands over what was recorded, compares the answer, and makes the verdict an entry, once an id', async () => {
    await append('p-1');
    scores({ score: 0.8 + 1e-12, label: 'default' });
    const { status, json } = await replay('p-1', { id: 'y-1' });
    expect([status, json]).toEqual([201, { id: 'y-1', prediction: 'p-1', index: expect.any(Number), verdict: 'same', differs: [] }]);
    expect(asked).toEqual({ model: 'credit-risk', version: '3', inputs: { age: 41, income: 52_000 } });
    const body = await bodyAt(json['index']);
    expect(body).toMatchObject({ verdict: 'same', differs: 0, endpoint: new URL(url).origin, model: { recorded: '3', answered: null } });
    expect(JSON.stringify(body)).not.toMatch(/52000|0\.8/);
    asked = undefined;
    expect([(await replay('p-1', { id: 'y-1' })).status, asked]).toEqual([200, undefined]);
    await append('p-2');
    expect((await replay('p-2', { id: 'y-1' })).json).toMatchObject({ status: 409, code: 'id-taken' });
    const { json: graph } = await service.call('GET', '/v1/predictions/p-1/lineage', 'reviewer');
    expect((graph['nodes'] as JsonObject[]).filter(({ kind }) => kind === 'replay')).toEqual([expect.objectContaining({ body: expect.objectContaining({ verdict: 'same' }) })]);
  });

  test('another answer is another model; or another policy, where that is another', async () => {
    await append('p-3');
    scores({ score: 0.4, label: 'repaid' }, { decision: { outcome: 'approved' } });
    expect((await replay('p-3', { id: 'y-3' })).json).toMatchObject({ verdict: 'model-changed', differs: ['/output/label', '/output/score', '/decision/outcome'] });
    scores({ score: 0.7, label: 'default' });
    expect((await replay('p-3', { id: 'y-3b', tolerance: 0.2 })).json).toMatchObject({ verdict: 'same' });
    scores(OUTPUT, { version: '4' });
    const other = await replay('p-3', { id: 'y-3c' });
    expect(await bodyAt(other.json['index'])).toMatchObject({ verdict: 'model-changed', model: { recorded: '3', answered: '4' }, differs: 0 });
  });

  test('what was erased is not asked about', async () => {
    await append('gone', { model: 'triage', subject: 'to-go', inputs: { n: 1 }, output: { n: 2 } });
    const request = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'to-go', reason: 'subject-request' });
    await service.call('POST', `/v1/requests/${(request.json['request'] as { id: string }).id}/approvals`, 'privacy-officer-2', { decision: 'approve' });
    asked = undefined;
    const { status, json } = await replay('gone', { id: 'y-4' });
    expect([status, json['verdict'], asked]).toEqual([201, 'data-erased', undefined]);
    expect(await bodyAt(json['index'])).toMatchObject({ endpoint: null, differs: 0 });
  });

  test('tokens are opened for those alone whom a rule lets, for a purpose', async () => {
    await append('p-5', { inputs: { age: 41, income: 1, email: 'anna.meier@mail.example' } });
    scores(OUTPUT);
    for (const [body, by] of [[{ id: 'y-5' }, 'reviewer'], [{ id: 'y-5', purpose: 'contest' }, 'reviewer'], [{ id: 'y-5' }, 'privacy-officer']] as const) {
      expect((await replay('p-5', body, by)).json).toMatchObject({ status: 422, code: 'not-replayable' });
    }
    const { status } = await replay('p-5', { id: 'y-5', purpose: 'contest' }, 'privacy-officer');
    expect([status, asked?.['inputs']]).toEqual([201, { age: 41, income: 1, email: 'anna.meier@mail.example' }]);
    const { size } = await log.readHead();
    const types = await Promise.all(Array.from({ length: 3 }, async (_, i) => (await openEntry(log, size - 3 + i)).entry.type));
    expect(types).toEqual(['access-decision', 'detokenization', 'prediction-replayed']);
  });

  test.each([
    ['another status', (): void => { answer = (respond) => respond(500, '{}'); }],
    ['a redirect', (): void => { answer = (respond) => respond(302, '', { location: url }); }],
    ['no JSON', (): void => { answer = (respond) => respond(200, 'hello'); }],
    ['no output', (): void => { answer = (respond) => respond(200, '{"result":1}'); }],
    ['too much', (): void => { answer = (respond) => respond(200, `{"output":{"x":"${'x'.repeat(1_100_000)}"}}`); }],
    ['silence', (): void => { answer = () => undefined; }],
  ])('%s is a failure that says so and tells nothing of the answer', async (_what, prepare) => {
    await append(`f-${_what.replace(/ /g, '-')}`);
    prepare();
    const { status, json } = await replay(`f-${_what.replace(/ /g, '-')}`, { id: `f-${_what.replace(/ /g, '-')}` });
    expect([status, json['code']]).toEqual([502, 'endpoint-failed']);
    expect(JSON.stringify(json)).not.toMatch(/hello|xxx/);
  });

  test('nothing is sent to whom the policy does not name, whole, for the model', async () => {
    await append('p-6', { model: 'other-model', inputs: { n: 1 }, output: { n: 2 } });
    asked = undefined;
    for (const target of ['http://169.254.169.254/latest/meta-data', url.replace('/score', '/other'), url.replace('127.0.0.1', 'localhost'), `${url}?x=1`, url.replace('http://', 'http://user@'), 'https://example.org/']) {
      expect((await replay('p-1', { id: 'ssrf', endpoint: target })).json).toMatchObject({ status: 422, code: 'endpoint-not-allowed' });
    }
    expect((await replay('p-6', { id: 'ssrf' })).json).toMatchObject({ code: 'endpoint-not-allowed' });
    for (const body of [{ id: 'x', endpoint: 'file:///etc/passwd' }, { endpoint: url }, { id: 'x', tolerance: 2 }, { id: 'x', more: 1 }]) expect((await service.call('POST', '/v1/predictions/p-1/replay', 'reviewer', body)).status).toBe(422);
    for (const by of ['producer', 'auditor', 'admin', 'operator']) expect((await replay('p-1', { id: 'x' }, by)).status).toBe(403);
    expect((await replay('nowhere', { id: 'x' })).status).toBe(404);
    expect(asked).toBeUndefined();
  });
});

test('under another policy than the one in force then, another answer is the policy’s doing, and the same answer is the same', async () => {
  await append('policy', {});
  const recorded = service.service.roles.policy;
  await service.close();
  await writeFile(join(folder, 'replay.yaml'), `endpoints:\n  - url: ${url}\n    models: [credit-risk]\ntimeoutSeconds: 2\n`);
  service = await startTestService({ POLICIES_DIR: folder }, {}, database);
  log = service.service.ledger.byLogName('default') as Log;
  const now = service.service.roles.policy;
  expect(now).not.toBe(recorded);
  scores({ score: 0.4, label: 'default' });
  const changed = await replay('policy', { id: 'y-policy' });
  expect(changed.json).toMatchObject({ verdict: 'policy-changed', differs: ['/output/score'] });
  expect(await bodyAt(changed.json['index'])).toMatchObject({ verdict: 'policy-changed', policy: { recorded, now } });
  scores(OUTPUT);
  expect((await replay('policy', { id: 'y-policy-2' })).json).toMatchObject({ verdict: 'same' });
  // Who says that another version answered speaks of the model.
  scores({ score: 0.4, label: 'default' }, { version: '4' });
  expect((await replay('policy', { id: 'y-policy-3' })).json).toMatchObject({ verdict: 'model-changed' });
});

test('the policy is closed where there is none, and refuses what could be read on the way', () => {
  expect(new ReplayPolicy({ texts: new Map() }).allows('https://a.example/', 'm')).toBe(false);
  const policy = (endpoint: string): ReplayPolicy => new ReplayPolicy({ texts: new Map([['replay.yaml', `endpoints:\n  - url: ${endpoint}\n    models: [m]\ntimeoutSeconds: 1\n`]]) });
  expect(policy('https://a.example/x').allows('https://A.example:443/x', 'm')).toBe(true);
  expect(() => policy('http://a.example/x')).toThrow(/neither https nor on this machine/);
  expect(() => policy('ftp://a.example/x')).toThrow();
});

test('numbers are the same within a tolerance, and everything else to the letter', () => {
  expect(differences({ a: 1, b: [1, 'x', null], c: { 'd/e': true } }, { a: 1 + 1e-10, b: [1, 'x', null], c: { 'd/e': true } }, 1e-9)).toEqual([]);
  expect(differences({ a: 1, b: [1], c: { 'd/e': true } }, { a: 1.1, b: [1, 2], c: { 'd/e': 'true' } }, 1e-9)).toEqual(['/a', '/b/1', '/c/d~1e']);
  expect(differences({ a: 1_000_000 }, { a: 1_000_001 }, 1e-5)).toEqual([]);
  expect(differences({}, JSON.parse('{"__proto__":1}') as object as never, 0)).toEqual(['/__proto__']);
});
