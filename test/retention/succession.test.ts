import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { verifyCertificate } from '../../src/core/verify-certificate.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { databaseUrlOf } from '../../src/database/connection.ts';
import { fsckLog, type FsckReport } from '../../src/ledger/fsck.ts';
import type { Log } from '../../src/ledger/log.ts';
import { runRetention } from '../../src/retention/retention-run.ts';
import { doubted, doubtfulPolicies } from './doubtful-contract.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from '../e2e/service.ts';
import { cloneTemplate, createTestDatabase, type Clone, type TestDatabase } from '../test-database.ts';

const YEARS = 365.25 * 24 * 3600 * 1000;

let database: TestDatabase;
let policies: string;
beforeEach(async () => {
  database = await createTestDatabase();
  policies = await doubtfulPolicies(database.settings.dataDir);
});
afterEach(() => database.drop());

function startOn(clone: Clone): Promise<TestService> {
  const there = { ...database, settings: { ...database.settings, databaseUrl: databaseUrlOf(clone.owner), runtimeDatabaseUrl: databaseUrlOf(clone.runtime) } };
  return startTestService({ POLICIES_DIR: policies }, {}, there);
}

const post = ({ call }: TestService, path: string, body: unknown, by = 'privacy-officer'): Promise<Answer> => call('POST', path, by, body);
const triage = (id: string, subject: string): object => ({ id, model: 'triage', version: '1', subject, inputs: { age: 41, email: 'x@example.org' }, output: { score: 0.5 }, decision: { outcome: 'yes' } });
const credit = (id: string, subject: string): object => ({
  id, model: 'credit-risk', version: '3.2.0', subject, inputs: { age: 41, income: 52000, email: 'x@example.org' }, output: { score: 0.2, label: 'repaid' }, decision: { outcome: 'approved' },
});

async function append(service: TestService, ...records: object[]): Promise<void> {
  for (const record of records) {
    const { status, json } = await post(service, '/v1/predictions', record, 'producer');
    expect([201, json]).toEqual([status, expect.anything()]);
  }
}

async function erase(service: TestService, subject: string): Promise<string> {
  const { json } = await post(service, '/v1/subjects/erasures', { subject, reason: 'subject-request' });
  const { id } = json['request'] as JsonObject;
  const { status, json: decided } = await post(service, `/v1/requests/${String(id)}/approvals`, { decision: 'approve' }, 'privacy-officer-2');
  expect([200, decided]).toEqual([status, expect.anything()]);
  return String(id);
}

const statuses = (service: TestService, ids: readonly string[]): Promise<number[]> =>
  Promise.all(ids.map(async (id) => (await service.call('GET', `/v1/predictions/${id}`, 'privacy-officer')).status));

function fsckAll({ service: { ledger, database: { pool } } }: TestService): Promise<FsckReport[]> {
  return Promise.all(ledger.logs.map(async (log) => fsckLog({ pool, row: log.row, opener: log.vault, stored: await ledger.options.checkpointStore.read(log.row.origin), onProgress: () => undefined })));
}

test('an erasure, a disposition and a backup from before reach the log that this one succeeds', async () => {
  const live = await cloneTemplate();
  const before = await startOn(live);
  await append(before, triage('a-1', 'ada'), triage('a-2', 'ada'), credit('r-1', 'ada'), triage('b-1', 'bob'));
  expect((await post(before, '/v1/predictions/a-1/outcomes', { id: 'o-1', outcome: { label: 'default' }, observed: '2026-01-05T00:00:00Z' }, 'producer')).status).toBe(201);
  const held = await post(before, '/v1/predictions', doubted('q-1', 'ada'), 'producer');
  expect(held.status).toBe(202);
  await before.close();
  await rm(join(database.settings.dataDir, 'log-keys', 'default.pem'));
  const stopped = await startOn(live);
  await stopped.service.ledger.succeed(stopped.service.ledger.byLogName('default') as Log);
  await stopped.close();

  const first = await startOn(live);
  await append(first, triage('a-3', 'ada'), triage('b-2', 'bob'));
  const told = await post(first, '/v1/predictions/a-2/outcomes', { id: 'o-2', outcome: { label: 'repaid' }, observed: '2026-01-05T00:00:00Z' }, 'producer');
  expect([told.status, told.json]).toEqual([201, expect.anything()]);
  const report = await post(first, '/v1/subjects/reports', { subject: 'ada' });
  expect(report.json).toMatchObject({ predictions: { length: 4 }, quarantine: { length: 1 } });
  await first.close();
  const backup = await cloneTemplate(live.owner.database);

  const service = await startOn(live);
  const all = ['a-1', 'a-2', 'a-3', 'r-1', 'b-1', 'b-2'];
  const after = [410, 410, 410, 200, 200, 200];
  const hold = await post(service, '/v1/legal-holds', { models: ['triage'], reason: 'regulator' });
  expect((await post(service, '/v1/subjects/erasures', { subject: 'ada', reason: 'subject-request' })).json).toMatchObject({ status: 409, code: 'legal-hold' });
  const { id: release } = (await post(service, `/v1/legal-holds/${String(hold.json['id'])}/release`, { reason: 'ended' })).json['request'] as JsonObject;
  expect((await post(service, `/v1/requests/${String(release)}/approvals`, { decision: 'approve' }, 'privacy-officer-2')).status).toBe(200);
  const request = await erase(service, 'ada');
  expect(await statuses(service, all)).toEqual(after);
  expect((await post(service, '/v1/predictions', triage('a-1', 'ada'), 'producer')).status).toBe(410);
  expect((await post(service, '/v1/predictions/a-2/outcomes', { id: 'o-3', outcome: { label: 'repaid' }, observed: '2026-01-05T00:00:00Z' }, 'producer')).status).toBe(410);
  expect((await service.call('GET', `/v1/quarantine/${String(held.json['quarantine'])}`, 'privacy-officer')).json).toMatchObject({ status: 'erased' });
  // What the law retains still names its data subject, under another key.
  expect((await post(service, '/v1/subjects/reports', { subject: 'ada' })).json).toMatchObject({ predictions: [expect.objectContaining({ prediction: expect.objectContaining({ id: 'r-1' }) })] });

  const log = service.service.ledger.logs.find(({ row }) => row.predecessor !== undefined && row.predecessor !== null) as Log;
  await service.service.endsEpochs.end(log, { principal: 'system', rule: 'system' });
  const certificate = (await service.call('GET', `/v1/subjects/erasures/${request}/certificate`, 'privacy-officer')).text;
  const proven = verifyCertificate(certificate, parseVkey(log.row.keys[0]?.vkey ?? ''));
  // Four payloads of the log before, with the outcome of one, and two of this one.
  expect(proven).toMatchObject({ kind: 'certificate', request, erased: 5, irrecoverableFrom: expect.any(String) });
  expect(await statuses(service, all)).toEqual(after);
  const reports = await fsckAll(service);
  expect(reports.map(({ findings }) => findings)).toEqual([[], []]);
  expect(reports.map(({ erased }) => erased).sort()).toEqual([2, 3]);

  // When the law no longer asks for it, a run of this log disposes of what the other holds.
  const { schedules } = await runRetention(service.service.contracts, log, { principal: 'system', rule: 'system' }, { dryRun: false, now: Date.now() + 2.2 * YEARS });
  expect(schedules.find(({ contract }) => contract.startsWith('credit-risk'))).toMatchObject({ due: 1, disposed: 1, entries: [expect.any(Number)] });
  expect(await statuses(service, ['r-1'])).toEqual([410]);
  expect((await fsckAll(service)).map(({ findings }) => findings)).toEqual([[], []]);
  await service.close();

  const restored = await startOn(backup);
  // The epoch has ended since: what had been sealed anew opens only in the database that was lost.
  expect(await statuses(restored, all)).toEqual([410, 410, 410, 410, 200, 200]);
  expect((await restored.service.database.owner.query("select from quarantine where state = 'held'")).rowCount).toBe(0);
  await restored.close();
  await backup.drop();
  await live.drop();
});
