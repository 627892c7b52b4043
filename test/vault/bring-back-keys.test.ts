import { cp, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { databaseUrlOf } from '../../src/database/connection.ts';
import type { Log } from '../../src/ledger/log.ts';
import { startService, type Service } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { endEpoch } from '../../src/vault/end-epoch.ts';
import { openErasureJournal } from '../../src/vault/open-erasure-journal.ts';
import { cloneTemplate, createTestDatabase, type Clone, type TestDatabase } from '../test-database.ts';
import { appendAbout, appendOwn, openAll } from './epoch-log.ts';

jest.setTimeout(240_000);

const BY = { principal: 'prn_5e1f0c9a7b3d2846aa17c0de', rule: 'ends-epochs' };

let database: TestDatabase;
let backup: Clone | undefined;
let said: string[] = [];
let running: Service | undefined;

const firstLog = (service: Service): Log => service.ledger.logs[0] as Log;

/** On the first database, or on the one that stands for a restored backup, with the same data folder. */
async function start(of?: Clone): Promise<Service> {
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
  said = [];
  const urls = of === undefined ? { DATABASE_URL: databaseUrl, RUNTIME_DATABASE_URL: runtimeDatabaseUrl } : { DATABASE_URL: databaseUrlOf(of.owner), RUNTIME_DATABASE_URL: databaseUrlOf(of.runtime) };
  running = await startService(readSettings({ DATA_DIR: dataDir, ...urls }), (level, message) => said.push(`${level}: ${message}`), { sealByHand: true });
  return running;
}

async function stop(): Promise<void> {
  await running?.close();
  running = undefined;
}

let written: Map<number, string>;
let evesPayload: number;
let evesKey: number;
beforeAll(async () => {
  database = await createTestDatabase();
  const service = await start();
  const log = firstLog(service);
  written = new Map();
  for (let i = 0; i < 30; i++) written.set(i % 3 === 0 ? await appendOwn(log, `t-${i}`) : await appendAbout(log, `person-${i % 5}`, `t-${i}`), `"t-${i}"`);
  evesPayload = await appendAbout(log, 'eve', 'to be erased');
  evesKey = (await log.vault.subjectKey('eve')).id;
  await stop();
  // A template may have no connections.
  await database.database.close();
  backup = await cloneTemplate(database.settings.databaseUrl.split('/').at(-1)?.split('?')[0] ?? '');

  const later = await start();
  const { owner } = later.database;
  for (const table of ['payload where key', 'data_key where id']) await owner.query(`delete from ${table} = $1`, [evesKey]);
  await appendAbout(firstLog(later), 'after-the-backup', 'x');
  await endEpoch(later.endsEpochs.office, firstLog(later), BY);
  await appendAbout(firstLog(later), 'between', 'x');
  await endEpoch(later.endsEpochs.office, firstLog(later), BY);
  await stop();
});
afterEach(stop);
afterAll(async () => {
  await backup?.drop();
  await rm(database.settings.dataDir, { recursive: true, force: true });
});

const exportsFolder = (): string => join(database.settings.dataDir, 'key-exports');

test('a restored database is not served without the export of what survived', async () => {
  await rename(exportsFolder(), `${exportsFolder()}.away`);
  await expect(start(backup)).rejects.toMatchObject({ name: 'JournalError', code: 'journal-unavailable' });
  await rename(`${exportsFolder()}.away`, exportsFolder());
});

test('nor with a journal that was changed', async () => {
  const { dataDir } = database.settings;
  const path = join(dataDir, 'erasures.jsonl');
  const away = await mkdtemp(join(tmpdir(), 'pl-journal-'));
  await cp(path, join(away, 'kept'));
  await writeFile(path, '{"prev":"0"}\n{"prev":"1"}\n');
  await expect(start(backup)).rejects.toMatchObject({ name: 'JournalError', code: 'journal-broken' });
  await cp(join(away, 'kept'), path);
  await rm(away, { recursive: true });
});

test('a database that is restored from before two ends opens what survived, and nothing else', async () => {
  const service = await start(backup);
  const log = firstLog(service);
  const texts = await openAll(service.database.pool, log.row.id, log.vault);
  for (const [index, text] of written) expect(texts.get(index)).toContain(text);
  expect(texts.has(evesPayload)).toBe(false);
  const { rows: keys } = await service.database.pool.query<{ epoch: number }>('select distinct epoch from data_key where log = $1', [log.row.id]);
  expect(keys).toEqual([{ epoch: 3 }]);
  const { rows } = await service.database.pool.query<{ index: number }>('select index from erased where log = $1', [log.row.id]);
  expect(rows).toEqual([{ index: evesPayload }]);
  const person = await log.vault.subjectKey('person-1');
  expect(await service.database.pool.query('select from data_key where id = $1 and subject is not null', [person.id])).toMatchObject({ rowCount: 1 });
  expect(said.filter((line) => line.includes('is from before the end of an epoch'))).toHaveLength(1);
});

test('and the next start finds nothing to do', async () => {
  const service = await start(backup);
  expect(said.filter((line) => line.includes('epoch'))).toEqual([]);
  expect((await openAll(service.database.pool, firstLog(service).row.id, firstLog(service).vault)).size).toBeGreaterThan(written.size);
});

test('a journal that was lost is said at the start', async () => {
  const { dataDir } = database.settings;
  const path = join(dataDir, 'erasures.jsonl');
  await rename(path, `${path}.away`);
  await start();
  expect(said.filter((line) => line.startsWith('warn:') && line.includes('does not know of the end of epoch 2'))).toHaveLength(1);
  await endEpoch((running as Service).endsEpochs.office, firstLog(running as Service), BY);
  const journal = openErasureJournal(join(dataDir, 'checkpoints.json'));
  const epochs: number[] = [];
  for await (const record of journal.read(firstLog(running as Service).row.origin)) if (record.kind === 'epoch') epochs.push(record.epoch);
  await journal.close();
  expect(epochs).toEqual([4]);
  await stop();
  await start();
  expect(said.filter((line) => line.includes('does not know'))).toEqual([]);
  expect(await readdir(exportsFolder())).toEqual(['default-4.jsonl.gz']);
});
