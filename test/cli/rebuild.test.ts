import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { derivations } from '../../src/derivations.ts';
import { ErasedDerivation } from '../../src/ledger/derive-erased.ts';
import { startTestService, type Answer, type TestService } from '../e2e/service.ts';
import { versionForm } from '../models/version.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { runCommand, type Outcome } from './run-command.ts';

const TABLES = derivations(new ErasedDerivation()).flatMap(({ tables }) => tables);

let database: TestDatabase;
let lists: string;
beforeAll(async () => {
  database = await createTestDatabase();
  lists = await mkdtemp(join(tmpdir(), 'pl-lists-'));
  await liveThrough();
}, 240_000);
afterAll(async () => {
  await database.drop();
  await rm(lists, { recursive: true, force: true });
});

const rebuild = (...args: string[]): Promise<Outcome> =>
  runCommand(['rebuild', ...args], { DATA_DIR: database.settings.dataDir, DATABASE_URL: database.settings.databaseUrl, RUNTIME_DATABASE_URL: database.settings.runtimeDatabaseUrl });

/** A log with something of everything in it. */
async function liveThrough(): Promise<void> {
  const service = await startTestService({}, {}, database);
  const ok = async (method: string, path: string, by: string, body?: object): Promise<Answer> => {
    const answer = await service.call(method, path, by, body);
    expect([path, answer.status, answer.status >= 300 ? answer.text : '']).toEqual([path, expect.any(Number), '']);
    return answer;
  };
  const record = (id: string, subject: string, more: object = {}): object => ({ id, model: 'triage', version: '1', subject, inputs: { age: 41 }, output: { score: 0.5 }, decision: { outcome: 'yes' }, ...more });
  for (const [id, subject] of [['a', 'ada'], ['b', 'bob'], ['c', 'carol'], ['d', 'dora']] as const) {
    await ok('POST', '/v1/predictions', 'producer', record(id, subject, { parents: ['a0'], features: [{ view: 'customer_v7' }], trace: 'request-1' }));
  }
  expect((await service.call('POST', '/v1/predictions', 'producer', { id: 'x' })).status).toBe(422);
  await ok('GET', '/v1/predictions/c', 'auditor');
  await ok('GET', '/v1/predictions/d', 'auditor');
  await seal(service);
  for (const subject of ['ada', 'bob']) await erase(service, ok, subject);
  await ok('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'carol', reason: 'objection' });
  const rejected = (await ok('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'dora', reason: 'objection' })).json['request'] as { id: string };
  await ok('POST', `/v1/requests/${rejected.id}/approvals`, 'privacy-officer-2', { decision: 'reject' });
  await ok('POST', '/v1/legal-holds', 'privacy-officer', { models: ['triage'], reason: 'litigation' });
  const { prefix } = (await ok('POST', '/v1/keys', 'admin', { role: 'auditor', label: 'reader', days: 3 })).json as { prefix: string };
  const rotated = (await ok('POST', `/v1/keys/${prefix}/rotate`, 'admin', { overlapMinutes: 5 })).json as { prefix: string };
  await ok('POST', `/v1/keys/${rotated.prefix}/revoke`, 'admin', { reason: 'unused' });
  expect((await service.call('GET', '/v1/predictions/d', 'producer')).status).toBeGreaterThan(0);
  for (const version of ['1', '2']) {
    await ok('POST', '/v1/models/triage/versions', 'model-approver', versionForm(version));
    for (const decision of ['approve', 'withdraw', 'approve']) await ok('POST', `/v1/models/triage/versions/${version}/approvals`, 'model-approver-2', { decision, reason: 'as was found' });
  }
  await ok('POST', '/v1/models/triage/versions/1/deployments', 'operator', { deployment: 'live', share: 0.8, from: '2026-01-01T00:00:00Z', reason: 'a release' });
  await ok('POST', '/v1/models/triage/versions/2/deployments', 'operator', { deployment: 'canary', share: 0.0007, to: '2099-01-01T00:00:00Z', reason: 'a trial' });
  await ok('POST', '/v1/models/triage/versions/2/deployments', 'operator', { deployment: 'retired', reason: 'it did worse' });
  await seal(service);
  await service.close();
}

async function seal({ service }: TestService): Promise<void> {
  await service.tally.flush();
  await service.sealing.seal();
}

async function erase({ call }: TestService, ok: (method: string, path: string, by: string, body?: object) => Promise<Answer>, subject: string): Promise<void> {
  const { id } = (await ok('POST', '/v1/subjects/erasures', 'privacy-officer', { subject, reason: 'subject-request' })).json['request'] as { id: string };
  await ok('POST', `/v1/requests/${id}/approvals`, 'privacy-officer-2', { decision: 'approve' });
  const { status, text } = await call('GET', `/v1/subjects/erasures/${id}/certificate`, 'privacy-officer');
  expect(status).toBe(200);
  await mkdir(lists, { recursive: true });
  await writeFile(join(lists, `${subject}.json`), text);
}

/** What entries say of a table, as it stands. */
async function shown(table: (typeof TABLES)[number]): Promise<unknown> {
  const columns = [...table.key, ...table.says].map((name) => `"${name}"`).join(', ');
  const { rows } = await database.database.owner.query(`select ${columns} from ${table.name} order by ${table.key.map((name) => `"${name}"`).join(', ')}`);
  // Of when something was revoked an entry knows the time of the entry.
  return rows.map((row: Record<string, unknown>) => ('revoked' in row ? { ...row, revoked: row['revoked'] !== null } : row));
}

async function damage(table: string, sql: string): Promise<void> {
  const { owner } = database.database;
  await owner.query(`alter table ${table} disable trigger user`);
  await owner.query(sql);
  await owner.query(`alter table ${table} enable trigger user`);
}

describe('rebuild', () => {
  test('finds nothing to do where all is as it was written', async () => {
    const outcome = await rebuild('--check');
    expect(outcome).toMatchObject({ code: 0, err: "", out: expect.stringContaining("nothing differs") });
    expect(outcome.out).toContain('nothing differs');
  }, 60_000);

  test.each(TABLES.filter(({ name }) => !['erased', 'person', 'quarantine', 'recovery', 'follow_up', 'break_glass'].includes(name)).map((table) => [table.name, table] as const))(
    'makes %s anew where its rows are gone, and takes away what no entry makes',
    async (name, table) => {
      const before = await shown(table);
      expect(before).not.toEqual([]);
      // Of what was erased no entry knows more than that it was.
      const keep = name === 'prediction' ? ' where index not in (select index from erased)' : '';
      await damage(name, `delete from ${name}${keep}`);
      expect((await rebuild('--check')).code).toBe(1);
      expect(await shown(table)).not.toEqual(before);
      expect(await rebuild()).toMatchObject({ code: 0, err: "" });
      expect(await shown(table)).toEqual(before);
    },
    120_000,
  );

  test('mends what says otherwise than its entry', async () => {
    const [prediction, request] = [TABLES.find(({ name }) => name === 'prediction'), TABLES.find(({ name }) => name === 'request')] as [(typeof TABLES)[number], (typeof TABLES)[number]];
    const before = [await shown(prediction), await shown(request)];
    await damage('prediction', "update prediction set model = 'other', outcome = 'no'");
    await damage('request', "update request set state = 'executed', decided = now(), decision_index = 3");
    const told = await rebuild('--check');
    expect(told.code).toBe(1);
    expect(told.out).toMatch(/prediction: \d+ rows, 0 missing, 0 surplus, 4 different/);
    expect(await rebuild()).toMatchObject({ code: 0, err: "" });
    // Of what was erased the model stands in the read model alone.
    const rows = (await shown(prediction)) as { index: number; model: string; outcome: string | null }[];
    expect(rows.filter(({ model }) => model === 'triage')).toHaveLength(2);
    expect(rows.filter(({ model, outcome }) => model === 'other' && outcome === null)).toHaveLength(2);
    await damage('prediction', "update prediction set model = 'triage'");
    expect([await shown(prediction), await shown(request)]).toEqual(before);
  }, 120_000);

  test('takes lists of what was erased from certificates, each where its entry commits to it', async () => {
    const table = TABLES.find(({ name }) => name === 'erased') as (typeof TABLES)[number];
    const before = await shown(table);
    expect(before).toHaveLength(2);
    await damage('erased', 'delete from erased where by_index = (select max(by_index) from erased)');
    // One entry alone is without its list: what is left over is that list.
    expect(await rebuild()).toMatchObject({ code: 0, err: "" });
    expect(await shown(table)).toEqual(before);
    await damage('erased', 'delete from erased');
    await writeFile(join(lists, 'forged.json'), JSON.stringify({ erasure: { indices: [3] } }));
    expect((await rebuild('--check', '--lists', lists)).out).toContain('erased: 2 rows, 2 missing');
    expect((await rebuild('--lists', lists)).code).toBe(0);
    expect(await shown(table)).toEqual(before);
  }, 120_000);

  test('never gives back what a credential has lost', async () => {
    await damage('api_key', "update api_key set expires = now() - interval '1 day' where label = 'reader' and revoked is null");
    await damage('api_key', "update api_key set revoked = now() where role = 'operator'");
    const before = await shown(TABLES.find(({ name }) => name === 'api_key') as (typeof TABLES)[number]);
    expect(await rebuild()).toMatchObject({ code: 0, err: "" });
    expect(await shown(TABLES.find(({ name }) => name === 'api_key') as (typeof TABLES)[number])).toEqual(before);
  }, 60_000);
});
