import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Log } from '../../src/ledger/log.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from '../e2e/service.ts';
import { KnownModels } from './known-models.ts';

let service: TestService;
let log: Log;

const VERSIONS = [
  { model: 'triage', version: '1', dataSet: 'clean', commit: 'aaa', view: 'old_view' },
  { model: 'triage', version: '2', dataSet: 'poisoned', commit: 'bbb', view: 'new_view' },
  { model: 'churn', version: '1', dataSet: 'poisoned', commit: 'aaa', view: 'old_view' },
];

beforeAll(async () => {
  service = await startTestService();
  log = service.service.ledger.byLogName('default') as Log;
  const models = new KnownModels(log);
  for (const { model, version, ...made } of VERSIONS) await models.register(model, version, made);
  for (let n = 0; n < 60; n++) expect((await service.call('POST', '/v1/predictions', 'producer', nth(n))).status).toBe(201);
});
afterAll(() => service.close());

/** Three versions in turn, a tree of parents of two each, five people. */
function nth(n: number): JsonObject {
  const { model = '', version = '' } = VERSIONS[n % 3] ?? {};
  return {
    id: `a-${n}`, model, version, subject: `customer-${n % 5}`, inputs: { n }, output: { n }, features: n % 4 === 0 ? [{ view: 'late_view', version: n % 8 === 0 ? '1' : '2' }, { view: 'other' }] : [{ view: 'late_view_too' }],
    ...(n > 0 && { parents: [`a-${Math.floor((n - 1) / 2)}`] }),
  };
}

const ask = (body: unknown, by = 'privacy-officer', headers: Record<string, string> = {}): Promise<Answer> => service.call('POST', '/v1/lineage/affected', by, body, headers);

async function walk(body: object): Promise<unknown[]> {
  const found: unknown[] = [];
  let cursor: unknown;
  for (let pages = 0; pages < 100; pages++) {
    const { status, json } = await ask({ ...body, limit: 7, ...(cursor !== undefined && { cursor }) });
    expect(status).toBe(200);
    found.push(...(json['items'] as JsonObject[]).map(({ id }) => id));
    cursor = json['next'];
    if (cursor === undefined) return found;
  }
  throw new Error('the pages have no end');
}

const ids = (wanted: (n: number) => boolean): string[] => Array.from({ length: 60 }, (_, n) => n).filter(wanted).map((n) => `a-${n}`);
const descends = (n: number, from: number): boolean => n > from && (Math.floor((n - 1) / 2) === from || descends(Math.floor((n - 1) / 2), from));

describe('POST /v1/lineage/affected', () => {
  const causes: [string, object, (n: number) => boolean][] = [
    ['a data set', { dataSet: { name: 'poisoned' } }, (n) => n % 3 > 0],
    ['a version of a data set', { dataSet: { name: 'poisoned', version: '2026-09' } }, (n) => n % 3 > 0],
    ['a version that there is not', { dataSet: { name: 'poisoned', version: '1' } }, () => false],
    ['a data set by its digest', { dataSet: { name: 'clean', digest: `sha256:${'1'.repeat(64)}` } }, (n) => n % 3 === 0],
    ['a model version', { modelVersion: { model: 'triage', version: '2' } }, (n) => n % 3 === 1],
    ['a commit', { code: { commit: 'aaa' } }, (n) => n % 3 !== 1],
    ['a commit of a repository', { code: { commit: 'bbb', repository: 'git:risk' } }, (n) => n % 3 === 1],
    ['a commit of another repository', { code: { commit: 'bbb', repository: 'git:other' } }, () => false],
    ['a feature view that predictions name', { feature: { view: 'late_view' } }, (n) => n % 4 === 0],
    ['a version of it', { feature: { view: 'late_view', version: '2' } }, (n) => n % 8 === 4],
    ['a feature view that versions are registered with', { feature: { view: 'new_view' } }, (n) => n % 3 === 1],
    ['a prediction, through all generations', { prediction: 'a-1' }, (n) => descends(n, 1)],
    ['a prediction without children', { prediction: 'a-59' }, () => false],
    ['a prediction that there is not', { prediction: 'nobody' }, () => false],
  ];
  test.each(causes)('%s: counted and found whole', async (_what, cause, wanted) => {
    const expected = ids(wanted);
    const { json } = await ask({ ...cause, subjects: true });
    expect(json['count']).toEqual({ predictions: expected.length, subjects: new Set(expected.map((id) => Number(id.slice(2)) % 5)).size });
    expect(await walk(cause)).toEqual(expected);
    const { text, headers } = await ask(cause, 'auditor', { accept: 'application/x-ndjson' });
    expect(headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(text.split('\n').filter((line) => line !== '').map((line) => (JSON.parse(line) as JsonObject)['id'])).toEqual(expected);
  });

  test('a policy bundle: what was taken in while it was in force', async () => {
    expect((await walk({ policy: service.service.roles.policy })).length).toBe(60);
    expect(await walk({ policy: '0'.repeat(64) })).toEqual([]);
    // As if another bundle had come into force in the middle.
    const { rows } = await service.service.database.owner.query<{ index: number }>("select index from prediction where id = 'a-30'");
    await service.service.database.owner.query('insert into policy_activation (log, index, digest) values ($1, $2, $3)', [log.row.id, rows[0]?.index, Buffer.alloc(32, 9)]);
    expect(await walk({ policy: service.service.roles.policy })).toEqual(ids((n) => n < 30));
    expect(await walk({ policy: '09'.repeat(32) })).toEqual(ids((n) => n >= 30));
  });

  test('a window of time', async () => {
    expect(await walk({ modelVersion: { model: 'triage', version: '1' }, from: '2000-01-01T00:00:00Z', to: '2001-01-01T00:00:00Z' })).toEqual([]);
    expect((await walk({ modelVersion: { model: 'triage', version: '1' }, from: '2000-01-01T00:00:00Z' })).length).toBe(20);
  });

  test('names data subjects by opaque id, to those alone who may know them', async () => {
    const { json, text } = await ask({ modelVersion: { model: 'triage', version: '1' }, subjects: true });
    expect((json['items'] as JsonObject[]).every(({ subject }) => /^sub_[0-9a-f]{24}$/.test(String(subject)))).toBe(true);
    expect(text).not.toContain('customer');
    expect((await ask({ modelVersion: { model: 'triage', version: '1' } })).text).not.toContain('sub_');
    expect((await ask({ prediction: 'a-1', subjects: true }, 'auditor')).json).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await ask({ prediction: 'a-1' }, 'producer')).status).toBe(403);
  });

  test('takes one cause, and is closed', async () => {
    for (const body of [{}, { policy: 'x' }, { prediction: 'a', policy: '0'.repeat(64) }, { dataSet: {} }, { dataSet: { name: 'x', colour: 'red' } }, { prediction: 'a', limit: 0 }, { prediction: 'a', cursor: 'x' }]) {
      expect((await ask(body)).json).toMatchObject({ status: 422, code: 'invalid-body' });
    }
  });
});
