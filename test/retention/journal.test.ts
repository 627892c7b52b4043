import { mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { databaseUrlOf } from '../../src/database/connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { parseReceipt } from '../../src/core/receipt.ts';
import { verifyReceipt } from '../../src/core/verify-receipt.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { FileCheckpointStore } from '../../src/ledger/file-checkpoint-store.ts';
import { fsckLog } from '../../src/ledger/fsck.ts';
import type { Log } from '../../src/ledger/log.ts';
import { recoverTail } from '../../src/ledger/recover-tail.ts';
import { cloneTemplate, createTestDatabase, type Clone, type TestDatabase } from '../test-database.ts';
import { doubted, doubtfulPolicies } from './doubtful-contract.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from '../e2e/service.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

/** Another database with the same data folder. */
const at = (clone: Clone): TestDatabase => ({
  ...database,
  settings: { ...database.settings, databaseUrl: databaseUrlOf(clone.owner), runtimeDatabaseUrl: databaseUrlOf(clone.runtime) },
});

const start = (on = database): Promise<TestService> => startTestService({}, {}, on);
const logOf = ({ service }: TestService): Log => service.ledger.byLogName('default') as Log;

async function append({ call }: TestService, id: string, subject: string): Promise<void> {
  const body = { id, model: 'triage', version: '1', subject, inputs: { age: 41, email: `${subject}@example.org` }, output: { score: 0.5 }, decision: { outcome: 'yes' } };
  expect((await call('POST', '/v1/predictions', 'producer', body)).status).toBe(201);
}

async function ask({ call }: TestService, subject: string): Promise<string> {
  const { json } = await call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject, reason: 'subject-request' });
  return String((json['request'] as JsonObject)['id']);
}

const approve = ({ call }: TestService, id: string): Promise<Answer> => call('POST', `/v1/requests/${id}/approvals`, 'privacy-officer-2', { decision: 'approve' });

const journalPath = (): string => join(database.settings.dataDir, 'erasures.jsonl');
const journalled = async (): Promise<string> => readFile(journalPath(), 'utf8').catch(() => '');

describe('an erasure', () => {
  test('is acknowledged only when it stands in the journal, which names nobody', async () => {
    const service = await start();
    await append(service, 'a', 'ada');
    const id = await ask(service, 'ada');
    expect((await approve(service, id)).status).toBe(200);
    expect(await journalled()).toContain(`"id":"${id}","keys":[`);
    expect(await journalled()).not.toMatch(/ada|sub_/);
    await service.close();
  });

  test('that could not be journalled is not acknowledged; who asks again brings it in', async () => {
    const service = await start();
    await append(service, 'a', 'ada');
    const id = await ask(service, 'ada');
    await mkdir(journalPath());
    expect((await approve(service, id)).json).toMatchObject({ status: 503, code: 'not-journalled' });
    await rmdir(journalPath());
    expect((await approve(service, id)).json).toMatchObject({ request: { id, state: 'executed' } });
    expect(await journalled()).toContain(id);
    await service.close();
  });

  test('that a crash kept from the journal is brought in by the next start', async () => {
    const first = await start();
    await append(first, 'a', 'ada');
    const id = await ask(first, 'ada');
    await mkdir(journalPath());
    expect((await approve(first, id)).status).toBe(503);
    await first.close();
    await rmdir(journalPath());
    const second = await start();
    expect(await journalled()).toContain(id);
    await second.close();
  });
});

describe('a backup from before an erasure', () => {
  test('is erased again before the service answers, and the log says so once it goes on', async () => {
    const live = await cloneTemplate();
    const original = at(live);
    const first = await start(original);
    await append(first, 'a', 'ada');
    await append(first, 'b', 'bob');
    await first.close();
    // The copy is the backup: PostgreSQL makes it file by file.
    const backup = await cloneTemplate(live.owner.database);
    const later = await start(original);
    const id = await ask(later, 'ada');
    expect((await approve(later, id)).status).toBe(200);
    const { row } = logOf(later);
    await later.close();

    const restored = at(backup);
    const service = await start(restored);
    expect(service.said.join('\n')).toContain('1 payloads are gone');
    expect(logOf(service).stopped).toBeDefined();
    expect((await service.call('GET', '/v1/predictions/a', 'privacy-officer')).json).toMatchObject({ status: 410, code: 'erased' });
    expect((await service.call('GET', '/v1/predictions/b', 'privacy-officer')).status).toBe(200);
    await service.close();

    await recover(restored, original, row);
    const again = await start(restored);
    const log = logOf(again);
    expect(log.stopped).toBeUndefined();
    const { text } = await again.call('GET', '/v1/predictions/a/receipt', 'auditor');
    expect(verifyReceipt(parseReceipt(text), parseVkey(row.keys[0]?.vkey ?? ''))).toMatchObject({ kind: 'erased' });
    // Keys that are made now are no ones that the journal names.
    await append(again, 'c', 'carol');
    const { findings, erased, lost } = await fsckLog({
      pool: again.service.database.pool, row: log.row, opener: log.vault, stored: await again.service.ledger.options.checkpointStore.read(log.row.origin), onProgress: () => undefined,
    });
    expect(erased).toBe(1);
    // The payloads of the lost tail (what was asked for, and done) are gone with it, and an entry says so.
    expect(findings).toEqual([]);
    expect(lost).toBeGreaterThan(0);
    await again.close();
    const third = await start(restored);
    expect((await third.call('GET', '/v1/predictions/c', 'privacy-officer')).status).toBe(200);
    await third.close();
    await backup.drop();
    await live.drop();
  });
});

describe('a record in quarantine', () => {
  test('of somebody who was erased does not come back with a backup from before', async () => {
    const policies = await doubtfulPolicies(database.settings.dataDir);
    const startThere = (on: TestDatabase): Promise<TestService> => startTestService({ POLICIES_DIR: policies }, {}, on);
    const live = await cloneTemplate();
    const original = at(live);
    const first = await startThere(original);
    const put = await first.call('POST', '/v1/predictions', 'producer', doubted('q', 'ada'));
    expect([put.status, put.text]).toEqual([202, expect.any(String)]);
    await first.close();
    const backup = await cloneTemplate(live.owner.database);
    const later = await startThere(original);
    expect((await approve(later, await ask(later, 'ada'))).status).toBe(200);
    const state = async ({ service }: TestService): Promise<unknown> => (await service.database.pool.query('select state, key, sealed from quarantine')).rows;
    expect(await state(later)).toEqual([{ state: 'erased', key: null, sealed: null }]);
    await later.close();

    const service = await startThere(at(backup));
    expect(await state(service)).toEqual([{ state: 'erased', key: null, sealed: null }]);
    expect((await service.service.database.pool.query('select from data_key where subject is not null')).rowCount).toBe(0);
    await service.close();
    await backup.drop();
    await live.drop();
  });
});

/** Brings the tail back from the database that was not lost. */
async function recover(restored: TestDatabase, original: TestDatabase, row: Log['row']): Promise<void> {
  const source = await openDatabase({ ...original.settings, log: () => undefined });
  const target = await openDatabase({ ...restored.settings, log: () => undefined });
  const stored = await new FileCheckpointStore(join(restored.settings.dataDir, 'checkpoints.json')).read(row.origin);
  if (stored === undefined) throw new Error('nothing was signed');
  await recoverTail({
    owner: target.owner, row, stored, payloadOf: async () => undefined, onProgress: () => undefined,
    readEntries: async (from, to) => {
      const { rows } = await source.pool.query<{ bytes: Buffer }>('select bytes from entry where log = $1 and index >= $2 and index < $3 order by index', [row.id, from, to]);
      return rows.map(({ bytes }) => bytes);
    },
  });
  await target.close();
  await source.close();
}
