import { generateKeyPairSync } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { issueKey } from '../../src/access/bootstrap.ts';
import { makeKey } from '../../src/access/api-key.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { openCheckpoint } from '../../src/core/checkpoint.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { checkLog } from './check-log.ts';
import { startServiceOn, type RunningService } from './running-service.ts';

// Invariant 8: whatever contradicts what was signed stops the appends of that log. It serves reads; no other log suffers.

let database: TestDatabase;
let running: RunningService | undefined;
let otherKey: string;
let posted = 0;

/** A database with the log `default` of some entries, and a log of another tenant. */
async function prepare(): Promise<void> {
  database = await createTestDatabase();
  const first = await start();
  const other = await first.service.ledger.createLog('other', 'other', true);
  const key = makeKey('producer');
  await issueKey(other, database.database.pool, key);
  otherKey = key.key;
  for (let i = 0; i < 5; i++) expect((await first.post(`p-${i}`)).status).toBe(201);
  await stop();
}

afterEach(stop);

async function start(env: Record<string, string> = {}): Promise<RunningService> {
  running = await startServiceOn(database, env);
  return running;
}

async function stop(): Promise<void> {
  await running?.close();
  running = undefined;
}

const storeFile = () => join(database.settings.dataDir, 'checkpoints.json');
const keyFile = (log = 'default') => join(database.settings.dataDir, 'log-keys', `${log}.pem`);

type Stored = Record<string, { size: number; root: string }>;
const ORIGIN = 'ledger.example/logs/default';

async function editStore(change: (stored: { size: number; root: string }) => { size: number; root: string } | undefined): Promise<void> {
  const content = JSON.parse(await readFile(storeFile(), 'utf8')) as Stored;
  const changed = change(content[ORIGIN] as { size: number; root: string });
  if (changed === undefined) delete content[ORIGIN];
  else content[ORIGIN] = changed;
  await writeFile(storeFile(), JSON.stringify(content));
}

/** Writes as a superuser who switches the triggers off. */
async function tamper(...statements: string[]): Promise<void> {
  const client = await database.database.owner.connect();
  try {
    await client.query('begin; set local session_replication_role = replica');
    for (const sql of statements) await client.query(sql.replaceAll('$log', "(select id from log where name = 'default')"));
    await client.query('commit');
  } finally {
    client.release();
  }
}

async function expectStopped({ service, said, post, get }: RunningService, reason: RegExp, { headReads = true } = {}): Promise<void> {
  const log = service.ledger.byLogName('default');
  expect(log?.stopped).toMatch(reason);
  expect(said).toContainEqual(expect.stringMatching(new RegExp(`^error: log default STOPPED: .*${reason.source}`)));
  const refused = await post(`late-${++posted}`);
  expect([refused.status, refused.json['code'] ?? refused.json['type']]).toEqual([503, expect.stringContaining('log-stopped')]);
  expect((await get('/health/ready')).status).toBe(503);
  // Reads are served: entries, payloads, proofs under what was signed, tiles.
  expect((await get('/v1/log/entries/3')).status).toBe(200);
  expect((await get('/v1/predictions/p-0')).status).toBe(200);
  const { items } = (await get('/v1/predictions')).json;
  if (headReads) expect(items).toHaveProperty('4');
  expect((await get('/logs/default/checkpoint')).status).toBe(200);
  expect((await get('/logs/default/tile/0/000.p/4')).status).toBe(200);
  if (headReads) expect((await get('/v1/log')).json['stopped']).toMatch(reason);
}

async function expectOtherGoesOn({ post }: RunningService): Promise<void> {
  expect((await post(`mine-${++posted}`, otherKey)).status).toBe(201);
}

async function expectGoesOn({ service, post, get }: RunningService): Promise<void> {
  expect(service.ledger.byLogName('default')?.stopped).toBeUndefined();
  expect((await post(`again-${++posted}`)).status).toBe(201);
  expect((await post('p-0')).status).toBe(200);
  expect((await get('/health/ready')).status).toBe(200);
  const row = service.ledger.byLogName('default')?.row;
  if (row !== undefined) await checkLog(database.database.pool, row);
}

describe('an untouched log', () => {
  beforeAll(prepare);
  afterAll(() => database.drop());

  test('goes on', async () => {
    await expectGoesOn(await start());
  });

  test('is not opened by a second service on the same data folder, whose checkpoint store it would share', async () => {
    const service = await start();
    await expect(startServiceOn(database)).rejects.toMatchObject({ code: 'data-dir-in-use' });
    await expectGoesOn(service);
  });

  test('does not start under another LOG_ORIGIN', async () => {
    await expect(start({ LOG_ORIGIN: 'elsewhere.example' })).rejects.toThrow(/LOG_ORIGIN now gives elsewhere\.example\/logs\/default: set it back/);
  });
});

describe('the checkpoint store', () => {
  beforeAll(prepare);
  afterAll(() => database.drop());

  test.each<[string, (stored: { size: number; root: string }) => { size: number; root: string } | undefined, RegExp]>([
    ['is ahead of the database', ({ size, root }) => ({ size: size + 3, root }), /the database holds \d+ entries, but a checkpoint of \d+ was signed/],
    ['has another root for the same size', ({ size }) => ({ size, root: 'ab'.repeat(32) }), /are not those of the checkpoint that was signed/],
    ['has another root for an earlier size', ({ size }) => ({ size: size - 2, root: 'ab'.repeat(32) }), /are not those of the checkpoint that was signed/],
    ['has lost this log', () => undefined, /the checkpoint store holds nothing for this log of \d+ entries/],
  ])('%s: this log stops, the other goes on, and mending the store mends it', async (_what, change, reason) => {
    await copyFile(storeFile(), `${storeFile()}.good`);
    await editStore(change);
    const stopped = await start();
    await expectStopped(stopped, reason);
    await expectOtherGoesOn(stopped);
    await stop();
    const other = (JSON.parse(await readFile(storeFile(), 'utf8')) as Stored)['ledger.example/logs/other'];
    const good = JSON.parse(await readFile(`${storeFile()}.good`, 'utf8')) as Stored;
    await writeFile(storeFile(), JSON.stringify({ ...good, ...(other !== undefined && { 'ledger.example/logs/other': other }) }));
    await expectGoesOn(await start());
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    ['is missing', () => rm(storeFile()), /the checkpoint store holds nothing for this log/],
    ['is corrupt', () => writeFile(storeFile(), '{"ledger.'), /checkpoints\.json is not \{origin/],
    ['cannot be read', async () => {
      await rm(storeFile());
      await mkdir(storeFile());
    }, /checkpoints\.json cannot be read/],
  ])('%s: every log in it stops and serves reads', async (_what, change, reason) => {
    const good = await readFile(storeFile());
    await change();
    const stopped = await start();
    await expectStopped(stopped, reason);
    await stop();
    await rm(storeFile(), { recursive: true, force: true });
    await writeFile(storeFile(), good);
    await expectGoesOn(await start());
  });

  test('cannot be written: the log stops before anything is signed', async () => {
    // Entries more than were signed, so that the start has something to sign.
    await setBack(3);
    await mkdir(`${storeFile()}.new`);
    await expectStopped(await start(), /checkpoints\.json cannot be written/);
    await stop();
    await rm(`${storeFile()}.new`, { recursive: true });
    await expectGoesOn(await start());
  });

  test('that lags behind the log (a crash before the last checkpoint) is brought forward', async () => {
    await setBack(3);
    const service = await start();
    await expectGoesOn(service);
    await stop();
    const stored = JSON.parse(await readFile(storeFile(), 'utf8')) as Stored;
    expect(stored[ORIGIN]?.size).toBeGreaterThan(15);
  });

  /** To an earlier size, with the root that the log itself would have signed. */
  async function setBack(size: number): Promise<void> {
    const { service } = await start();
    const root = await service.ledger.byLogName('default')?.prover.root(size);
    await stop();
    await editStore(() => ({ size, root: Buffer.from(root as Uint8Array).toString('hex') }));
  }
});

describe('while the service runs', () => {
  let good: string;
  beforeAll(prepare);
  afterAll(() => database.drop());
  beforeEach(async () => {
    good = await readFile(storeFile(), 'utf8');
  });
  afterEach(async () => {
    await stop();
    await writeFile(storeFile(), good);
  });

  async function stopsSoon(service: RunningService, reason: RegExp): Promise<void> {
    expect((await service.post(`more-${++posted}`)).status).toBe(201);
    for (let i = 0; i < 100 && service.service.ledger.byLogName('default')?.stopped === undefined; i++) await new Promise((done) => setTimeout(done, 20));
    await expect(service.post(`late-${posted}`)).resolves.toMatchObject({ status: 503 });
    expect(service.service.ledger.byLogName('default')?.stopped).toMatch(reason);
  }

  test('a store that is lost stops the log at the next checkpoint', async () => {
    const service = await start();
    await rm(storeFile());
    await stopsSoon(service, /holds nothing for this log/);
  });

  test('a store that becomes unreadable stops it', async () => {
    const service = await start();
    await writeFile(storeFile(), 'null');
    await stopsSoon(service, /is not \{origin/);
  });

  test('a store into which another database’s log was signed stops it', async () => {
    const service = await start();
    await editStore(({ size }) => ({ size: size + 100, root: 'cd'.repeat(32) }));
    await stopsSoon(service, /but a checkpoint of \d+ was signed/);
  });

  test('what was signed before goes on being served', async () => {
    const service = await start();
    await rm(storeFile());
    await stopsSoon(service, /holds nothing/);
    const { keys } = service.service.ledger.byLogName('default')?.row ?? { keys: [] };
    const { text } = await service.get('/logs/default/checkpoint');
    expect(openCheckpoint(text, parseVkey(keys[0]?.vkey ?? '')).origin).toBe(ORIGIN);
    expect((await service.get('/v1/predictions/p-1/receipt')).status).toBe(200);
    // Nothing signed covers what came last: no receipt of it, and no checkpoint in secret.
    expect((await service.get(`/v1/predictions/more-${posted}/receipt`)).status).toBe(503);
  });
});

describe('the signing key', () => {
  beforeAll(prepare);
  afterAll(() => database.drop());

  const pem = (type: 'ed25519' | 'rsa') =>
    (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 })).privateKey.export({ type: 'pkcs8', format: 'pem' });

  test.each<[string, () => Promise<void>, RegExp]>([
    ['is missing', () => rm(keyFile()), /there is no signing key at .*default\.pem/],
    ['is another', async () => writeFile(keyFile(), pem('ed25519')), /the signing key at .*default\.pem is ledger\.example\/logs\/default\+/],
    ['is that of another log', () => copyFile(keyFile('other'), keyFile()), /is ledger\.example\/logs\/default\+/],
    ['is of another kind', async () => writeFile(keyFile(), pem('rsa')), /default\.pem is not an Ed25519 key/],
    ['is no key', () => writeFile(keyFile(), 'no key'), /default\.pem is not a private key in PEM/],
    ['cannot be read', async () => {
      await rm(keyFile());
      await mkdir(keyFile());
    }, /default\.pem cannot be read/],
  ])('%s: this log stops, the other goes on, and putting it back mends it', async (_what, change, reason) => {
    await copyFile(keyFile(), `${keyFile()}.good`);
    await change();
    const stopped = await start();
    await expectStopped(stopped, reason);
    await expectOtherGoesOn(stopped);
    await stop();
    await rm(keyFile(), { recursive: true, force: true });
    await rename(`${keyFile()}.good`, keyFile());
    await expectGoesOn(await start());
  });

  test('no message and no answer holds a private key', async () => {
    const text = await readFile(keyFile(), 'utf8');
    await writeFile(keyFile(), `${text}\n`.replace('PRIVATE', 'PRIVAT'));
    const stopped = await start();
    const secret = text.split('\n')[1] ?? '';
    expect(stopped.said.join('\n')).not.toContain(secret);
    expect((await stopped.get('/v1/log')).text).not.toContain(secret);
  });
});

describe('the database', () => {
  beforeEach(prepare);
  afterEach(async () => {
    await stop();
    await database.drop();
  });

  test.each<[string, string[], RegExp, boolean]>([
    ['head names another last entry', ["update log_head set head = decode(repeat('ab', 32), 'hex') where log = $log"], /is not the one that the head names/, true],
    ['frontier is another', ["update log_head set frontier = decode(repeat('ab', octet_length(frontier)), 'hex') where log = $log"], /are not those of the checkpoint that was signed|head does not belong/, true],
    ['frontier is of another size', ["update log_head set frontier = frontier || decode(repeat('ab', 32), 'hex') where log = $log"], /the database’s head cannot be read/, false],
    ['head counts too few', ['update log_head set size = size - 1 where log = $log'], /cannot be read|but a checkpoint of/, false],
    ['head counts too many', ['update log_head set size = size + 16 where log = $log'], /entry \d+ is missing/, false],
    ['head is gone', ['delete from log_head where log = $log'], /the log has no head row/, false],
    ['last entry is gone', ['delete from entry where log = $log and index = (select max(index) from entry where log = $log)'], /entry \d+ is missing/, true],
    ['last entry is another', ["update entry set bytes = 'x' where log = $log and index = (select max(index) from entry where log = $log)"], /is not the one that the head names/, true],
  ])('’s %s: this log stops, the other goes on', async (_what, statements, reason, headReads) => {
    await tamper(...statements);
    const stopped = await start();
    await expectStopped(stopped, reason, { headReads });
    await expectOtherGoesOn(stopped);
  });

  test('is asked anew at each start: nothing remembers a stop that was mended', async () => {
    await tamper('create table head_kept as select * from log_head', "update log_head set head = decode(repeat('ab', 32), 'hex') where log = $log");
    await expectStopped(await start(), /head names/);
    await stop();
    await tamper('update log_head h set head = k.head from head_kept k where h.log = k.log', 'drop table head_kept');
    await expectGoesOn(await start());
  });
});
