import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Pool, PoolClient } from 'pg';
import { toHex } from '../../src/core/bytes.ts';
import { formatCheckpointText } from '../../src/core/checkpoint.ts';
import { CompactRange } from '../../src/core/compact-range.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { signNote } from '../../src/core/signed-note.ts';
import { ED25519, keyId } from '../../src/core/vkey.ts';
import type { StoredCheckpoint } from '../../src/ledger/checkpoint-store.ts';
import { FileCheckpointStore } from '../../src/ledger/file-checkpoint-store.ts';
import { fsckLog, isSound, type FsckReport } from '../../src/ledger/fsck.ts';
import { readLogs, type LogRow } from '../../src/ledger/log-row.ts';
import { openVault } from '../../src/vault/open-vault.ts';
import type { PayloadOpener } from '../../src/vault/log-vault.ts';
import { readSettings } from '../../src/settings.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startServiceOn } from './running-service.ts';

const PREDICTIONS = 600;

let database: TestDatabase;
let row: LogRow;
let opener: PayloadOpener;
let stored: StoredCheckpoint | undefined;
let size: number;
beforeAll(async () => {
  database = await createTestDatabase();
  const { post, close } = await startServiceOn(database);
  for (let i = 0; i < PREDICTIONS; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, k) => post(`p-${i + k}`)));
    // The publisher's interval passes: checkpoints of several sizes are kept.
    await new Promise((done) => setTimeout(done, 60));
  }
  await close();
  const { pool } = database.database;
  row = (await readLogs(pool))[0] as LogRow;
  opener = (await openVault(readSettings({ DATA_DIR: database.settings.dataDir }), database.database)).openerOf(row);
  stored = await new FileCheckpointStore(`${database.settings.dataDir}/checkpoints.json`).read(row.origin);
  size = stored?.size ?? 0;
}, 60_000);
afterAll(() => database.drop());

/** Examines the log as `change` leaves it, on one connection whose transaction is rolled back. */
async function fsckAfter(change: (client: PoolClient) => Promise<unknown>, inStore: StoredCheckpoint | 'nothing' | undefined = stored): Promise<FsckReport> {
  const client = await database.database.owner.connect();
  try {
    await client.query('begin; set local session_replication_role = replica');
    await change(client);
    // fsck asks nothing of a pool but queries.
    const pool = client as unknown as Pool;
    return await fsckLog({ pool, row, opener, stored: inStore === 'nothing' ? undefined : inStore, onProgress: () => undefined });
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const sql = (text: string, ...values: unknown[]) => (client: PoolClient) => client.query(text.replaceAll('$log', String(row.id)), values);

async function expectFound(report: FsckReport, code: string, index: number | undefined): Promise<void> {
  expect(isSound(report)).toBe(false);
  expect(report.findings).toContainEqual(expect.objectContaining({ code, ...(index !== undefined && { index }) }));
  // The first bad index is the least that is told.
  const told = report.findings.flatMap((finding) => finding.index ?? []);
  if (index !== undefined) expect(Math.min(...told)).toBe(index);
}

test('an untouched log is sound, and everything was looked at', async () => {
  const report = await fsckAfter(async () => undefined);
  expect(report).toMatchObject({ log: 'default', entries: size, payloads: size, findings: [], moreFindings: 0 });
  expect(report.tiles).toBe(Math.floor(size / 256));
  expect(report.checkpoints).toBeGreaterThan(3);
});

describe('payloads', () => {
  test.each([
    ['a changed bit', 'update payload set sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1) where log = $log and index = 100', 'payload-unreadable'],
    ['another entry’s', 'update payload p set sealed = o.sealed from payload o where p.log = $log and o.log = $log and p.index = 100 and o.index = 200', 'payload-unreadable'],
    ['none', 'delete from payload where log = $log and index = 100', 'payload-missing'],
    ['a key that is gone', 'update payload set key = key + 100000 where log = $log and index = 100', 'key-erased'],
  ])('%s', async (_what, text, code) => {
    await expectFound(await fsckAfter(sql(text)), code, 100);
  });
});

describe('the read model', () => {
  test.each(["model = 'other'", "version = 'other'", "deployment = 'live'", "outcome = 'approved'", 'time = time + 1', "id = 'other'", "principal = 'other'"])('%s', async (change) => {
    await expectFound(await fsckAfter(sql(`update prediction set ${change} where log = $log and index = 100`)), 'read-model-wrong', 100);
  });

  test('a row that is missing, and one that should not be', async () => {
    await expectFound(await fsckAfter(sql('delete from prediction where log = $log and index = 100')), 'read-model-wrong', 100);
    const extra = "insert into prediction (log, index, id, time, model, version) values ($log, 0, 'extra', 0, 'm', 'v')";
    await expectFound(await fsckAfter(sql(extra)), 'read-model-wrong', 0);
  });
});

/** Replaces text within an entry's bytes. */
const edit = (index: number, pattern: string, replacement: string) =>
  sql(`update entry set bytes = convert_to(regexp_replace(convert_from(bytes, 'UTF8'), $1, $2), 'UTF8') where log = $log and index = ${index}`, pattern, replacement);

describe('entries', () => {
  const hex = (digit: string): string => digit.repeat(64);
  test.each([
    ['commitment', '"commitment":"[0-9a-f]{64}"', `"commitment":"${hex('a')}"`],
    ['policy', '"policy":"[0-9a-f]{64}"', `"policy":"${hex('a')}"`],
    ['prev', '"prev":"[0-9a-f]{64}"', `"prev":"${hex('a')}"`],
    ['time', '\\.[0-9]{3}Z', '.000Z'],
    ['type', '"type":"prediction"', '"type":"api-key-issued"'],
    ['origin', '"origin":"[^"]*"', '"origin":"ledger.example/logs/other"'],
    ['index', '"index":100', '"index":101'],
    ['v', '"v":1', '"v":2'],
    ['form', '"v":1', '"v": 1'],
    ['end', '\\}$', ''],
  ])('another %s is found where it is', async (_what, pattern, replacement) => {
    const report = await fsckAfter(edit(100, pattern, replacement));
    expect(isSound(report)).toBe(false);
    expect(Math.min(...report.findings.flatMap(({ index }) => index ?? []))).toBe(100);
  });

  test('another policy in the last entry is found there, or at the head', async () => {
    const report = await fsckAfter(edit(size - 1, '"policy":"[0-9a-f]{64}"', `"policy":"${hex('a')}"`));
    expect(report.findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['head-wrong', 'root-mismatch']));
  });

  test('a system entry’s policy, whose payload and row say nothing of it', async () => {
    await expectFound(await fsckAfter(edit(3, '"policy":"[0-9a-f]{64}"', `"policy":"${hex('a')}"`)), 'chain-broken', 3);
  });

  test('two that were swapped', async () => {
    for (const [a, b] of [[100, 101], [100, 300], [0, 1]] as const) {
      const swap = sql(
        'update entry e set bytes = o.bytes from entry o where e.log = $log and o.log = $log and ((e.index = $1 and o.index = $2) or (e.index = $2 and o.index = $1))',
        a, b,
      );
      await expectFound(await fsckAfter(swap), 'chain-broken', a);
    }
  });

  test('one that is missing in the middle, and the tail', async () => {
    await expectFound(await fsckAfter(sql('delete from entry where log = $log and index = 100')), 'entry-missing', 100);
    await expectFound(await fsckAfter(sql(`delete from entry where log = $log and index >= ${size - 4}`)), 'entry-missing', size - 4);
  });

  test('one beyond the head', async () => {
    await expectFound(await fsckAfter(sql(`insert into entry (log, index, bytes) values ($log, ${size}, 'x')`)), 'head-wrong', size);
  });
});

describe('tiles', () => {
  test.each([
    ['a changed hash', 'update tile set hashes = set_byte(hashes, 32 * 77 + 5, get_byte(hashes, 32 * 77 + 5) # 1) where log = $log and index = 1', 'tile-wrong', 256 + 77],
    ['a changed root', 'update tile set root = set_byte(root, 5, get_byte(root, 5) # 1) where log = $log and index = 1', 'tile-wrong', 256],
    ['none', 'delete from tile where log = $log and index = 1', 'tile-missing', 256],
    ['one beyond the head', "insert into tile (log, level, index, root, hashes) select $log, 0, 7, root, hashes from tile where log = $log and index = 0", 'head-wrong', 7 * 256],
  ])('%s', async (_what, text, code, index) => {
    await expectFound(await fsckAfter(sql(text)), code, index);
  });
});

describe('the head', () => {
  test.each([
    ['hash', "head = decode(repeat('ab', 32), 'hex')"],
    ['frontier', "frontier = decode(repeat('ab', octet_length(frontier)), 'hex')"],
    ['frontier’s length', "frontier = frontier || decode(repeat('ab', 32), 'hex')"],
    ['time', 'time = time + 1'],
    ['policy', "policy = decode(repeat('ab', 32), 'hex')"],
  ])('with another %s', async (_what, change) => {
    await expectFound(await fsckAfter(sql(`update log_head set ${change} where log = $log`)), 'head-wrong', undefined);
  });

  test('that is missing', async () => {
    await expectFound(await fsckAfter(sql('delete from log_head where log = $log')), 'head-missing', undefined);
  });
});

describe('checkpoints', () => {
  test('with another root, note or signature', async () => {
    const some = 'log = $log and size = (select min(size) from checkpoint where log = $log and size > 100)';
    const at = Number((await database.database.pool.query<{ size: number }>(`select min(size) as size from checkpoint where log = ${row.id} and size > 100`)).rows[0]?.size);
    await expectFound(await fsckAfter(sql(`update checkpoint set root = decode(repeat('ab', 32), 'hex') where ${some}`)), 'checkpoint-wrong', undefined);
    await expectFound(await fsckAfter(sql(`update checkpoint set note = replace(note, E'\\n${at}\\n', E'\\n${at + 1}\\n') where ${some}`)), 'checkpoint-wrong', undefined);
    await expectFound(await fsckAfter(sql(`update checkpoint set note = 'x' where ${some}`)), 'checkpoint-wrong', undefined);
    const { note, root } = (await database.database.pool.query<{ note: string; root: Buffer }>('select note, root from checkpoint where log = $1 and size = $2', [row.id, at])).rows[0] as { note: string; root: Buffer };
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = new Uint8Array(Buffer.from(String(publicKey.export({ format: 'jwk' }).x), 'base64url'));
    const forged = await signNote(formatCheckpointText({ origin: row.origin, size: at, root, extensions: [] }), [
      { name: row.origin, keyId: keyId(row.origin, ED25519, raw), sign: (message) => sign(null, message, privateKey) },
    ]);
    expect(forged).not.toBe(note);
    await expectFound(await fsckAfter(sql(`update checkpoint set note = $1 where ${some}`, forged)), 'checkpoint-wrong', undefined);
  });

  test('a store with another root, with more, with nothing', async () => {
    const report = await fsckAfter(async () => undefined, { size, root: 'ab'.repeat(32) });
    expect(report.findings).toMatchObject([{ code: 'root-mismatch' }]);
    await expectFound(await fsckAfter(async () => undefined, { size: size + 5, root: 'ab'.repeat(32) }), 'entry-missing', size);
    await expectFound(await fsckAfter(async () => undefined, 'nothing'), 'checkpoint-store-missing', undefined);
  });
});

describe('a chain that was written anew from one entry on, with its tiles and head', () => {
  /** Makes entries `from` … consistent again after a change, as one with all rights and no key would. */
  async function rewrite(client: PoolClient, from: number): Promise<void> {
    const { rows } = await client.query<{ bytes: Buffer }>('select bytes from entry where log = $1 order by index', [row.id]);
    const range = new CompactRange();
    const leaves: Uint8Array[] = [];
    let prev = '0'.repeat(64);
    for (const [index, { bytes }] of rows.entries()) {
      const text = bytes.toString().replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${prev}"`);
      if (index >= from) await client.query('update entry set bytes = $3 where log = $1 and index = $2', [row.id, index, Buffer.from(text)]);
      const leaf = leafHash(Buffer.from(text));
      prev = toHex(leaf);
      leaves.push(leaf);
      const roots: [number, Uint8Array][] = [];
      range.append(leaf, (level, tile, root) => level === 8 && roots.push([tile, root]));
      for (const [tile, root] of roots) {
        await client.query('update tile set root = $3, hashes = $4 where log = $1 and level = 0 and index = $2', [row.id, tile, root, Buffer.concat(leaves.slice(tile * 256))]);
      }
    }
    await client.query('update log_head set head = $2, frontier = $3 where log = $1', [row.id, Buffer.from(prev, 'hex'), Buffer.concat(range.hashes)]);
  }

  test('is caught by what was signed, and bounded by the last checkpoint that still holds', async () => {
    const { rows } = await database.database.pool.query<{ size: number }>('select size from checkpoint where log = $1 and size <= 300 order by size desc limit 1', [row.id]);
    const lastGood = rows[0]?.size as number;
    const report = await fsckAfter(async (client) => {
      await edit(300, '"policy":"[0-9a-f]{64}"', `"policy":"${'a'.repeat(64)}"`)(client);
      await rewrite(client, 300);
    });
    expect(report.entries).toBe(size);
    expect(new Set(report.findings.map(({ code }) => code))).toEqual(new Set(['root-mismatch']));
    expect(report.findings[0]).toMatchObject({ index: lastGood, detail: expect.stringMatching(`the first that was changed lies from ${lastGood} to `) });
  });

  test('with every checkpoint deleted as well is caught by the checkpoint store', async () => {
    const report = await fsckAfter(async (client) => {
      await edit(300, '"policy":"[0-9a-f]{64}"', `"policy":"${'a'.repeat(64)}"`)(client);
      await rewrite(client, 300);
      await client.query('delete from checkpoint where log = $1', [row.id]);
    });
    expect(report.findings).toMatchObject([{ code: 'root-mismatch', detail: expect.stringContaining('the checkpoint store holds another root') }]);
  });

  test('that nobody changed is the same chain', async () => {
    expect(isSound(await fsckAfter((client) => rewrite(client, 0)))).toBe(true);
  });
});
