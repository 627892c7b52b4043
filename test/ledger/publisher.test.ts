import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/checkpoint.ts';
import { verifyConsistency } from '../../src/core/consistency-proof.ts';
import type { CheckpointStore } from '../../src/ledger/checkpoint-store.ts';
import { CheckpointTable } from '../../src/ledger/checkpoint-table.ts';
import { FileCheckpointStore } from '../../src/ledger/file-checkpoint-store.ts';
import { Prover } from '../../src/ledger/prover.ts';
import { Publisher } from '../../src/ledger/publisher.ts';
import { TileSource } from '../../src/ledger/tile-source.ts';
import { testSigner } from '../core/test-signer.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { activation, sampleDraft } from './sample-draft.ts';
import { createTestLog, type TestLog } from './test-log.ts';

let database: TestDatabase;
let folder: string;
let log: TestLog;
let path: string;
let count = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'pl-publisher-'));
});
beforeEach(async () => {
  log = await createTestLog(database, { empty: true });
  path = join(folder, `${++count}.json`);
  // As at the opening of a new log: the store knows it before its first entry.
  await replica().publisher.publish();
  await log.append([activation()]);
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

/** A replica's publisher, with what it stopped for. */
function replica(store: CheckpointStore = new FileCheckpointStore(path)) {
  const stops: string[] = [];
  const signer = testSigner(log.origin);
  const table = new CheckpointTable(database.database.pool, log.id);
  const publisher = new Publisher({
    origin: log.origin,
    signers: [signer],
    store,
    table,
    prover: new Prover(new TileSource(log.id, log.store)),
    readHead: () => log.store.readHead(log.id),
    stop: (reason) => stops.push(reason),
    stopped: () => stops[0],
  });
  return { publisher, table, stops, store, key: signer.key };
}

const grow = (entries = 1) => log.append(Array.from({ length: entries }, () => sampleDraft()));

/** Sizes of all checkpoints that were kept. */
async function kept(): Promise<number[]> {
  const { rows } = await database.database.pool.query<{ size: number }>('select size from checkpoint where log = $1 order by size', [log.id]);
  return rows.map(({ size }) => size);
}

describe('publish', () => {
  test('signs the head, keeps the note, and leaves the store at what it signed', async () => {
    const { publisher, store, key, table } = replica();
    await grow(9);
    const { size, root, note } = await publisher.publish();
    const opened = openCheckpoint(note, key);
    expect({ size: opened.size, root: toHex(opened.root) }).toEqual({ size, root: toHex(root) });
    expect(size).toBe(10);
    expect(await store.read(log.origin)).toEqual({ size: 10, root: toHex(root) });
    expect((await table.ofSize(10))?.note).toBe(note);
    expect(publisher.latest?.size).toBe(10);
  });

  test('of an empty log signs the empty tree', async () => {
    const { table, key } = replica();
    const empty = openCheckpoint((await table.ofSize(0))?.note ?? '', key);
    expect({ size: empty.size, root: toHex(empty.root) }).toEqual({ size: 0, root: createHash('sha256').digest('hex') });
  });

  test('of a head that did not move signs nothing new', async () => {
    const { publisher } = replica();
    const first = await publisher.publish();
    expect(await publisher.publish()).toBe(first);
    expect(await kept()).toEqual([0, 1]);
  });

  test('that comes while one is under way shares the next, which has seen the caller’s commit', async () => {
    const { publisher } = replica();
    const under = publisher.publish();
    await grow();
    const after = await Promise.all([publisher.publish(), publisher.publish(), publisher.publish()]);
    expect((await under).size).toBeLessThanOrEqual(2);
    expect(new Set(after).size).toBe(1);
    expect(after[0]?.size).toBe(2);
  });

  test('that fails lets the next one through', async () => {
    const { publisher } = replica();
    await mkdir(`${path}.new`);
    const [first, second] = await Promise.allSettled([publisher.publish(), publisher.publish()]);
    expect([first?.status, second?.status]).toEqual(['rejected', 'rejected']);
    expect(await kept()).toEqual([0]);
    await rm(`${path}.new`, { recursive: true });
    expect((await publisher.publish()).size).toBe(1);
  });

  test('after a crash between store and table signs what the store already has', async () => {
    await replica().publisher.publish();
    await grow(4);
    const { store } = replica();
    const head = await log.store.readHead(log.id);
    const before = await store.read(log.origin);
    expect(await store.replace(log.origin, before, { size: head.size, root: toHex(head.range.root()) })).toBe(true);
    expect((await replica().publisher.publish()).size).toBe(5);
    expect(await kept()).toEqual([0, 1, 5]);
  });
});

describe('covering', () => {
  test('gives a checkpoint that is there, and makes one where there is none', async () => {
    const { publisher } = replica();
    await grow(4);
    const first = await publisher.covering(5);
    expect(first.size).toBe(5);
    expect(await publisher.covering(3)).toBe(first);
    await grow();
    expect((await publisher.covering(6)).size).toBe(6);
  });

  test('of a log that has stopped gives what was signed, and nothing else', async () => {
    const { publisher, stops } = replica();
    await grow(4);
    const signed = await publisher.publish();
    await grow();
    stops.push('by hand');
    expect((await publisher.covering(5)).note).toBe(signed.note);
    await expect(publisher.covering(6)).rejects.toMatchObject({ code: 'log-stopped' });
    const late = replica();
    late.stops.push('by hand');
    expect((await late.publisher.covering(5)).note).toBe(signed.note);
    await expect(late.publisher.covering(6)).rejects.toMatchObject({ code: 'log-stopped' });
  });
});

describe('several replicas on one store', () => {
  test('sign one history: each checkpoint is consistent with each', async () => {
    const store = new FileCheckpointStore(path);
    const replicas = [replica(store), replica(store), replica(store)];
    for (let round = 0; round < 12; round++) {
      await Promise.all([grow(7), ...replicas.map(({ publisher }) => publisher.publish())]);
    }
    const last = await (replicas[0] as ReturnType<typeof replica>).publisher.publish();
    expect(last.size).toBe(85);
    const sizes = await kept();
    expect(new Set(sizes).size).toBe(sizes.length);
    const { table, key } = replica(store);
    const prover = new Prover(new TileSource(log.id, log.store));
    for (const size of sizes.slice(1)) {
      const { note } = (await table.ofSize(size)) ?? { note: '' };
      const { root } = openCheckpoint(note, key);
      verifyConsistency({ from: size, to: last.size, fromRoot: root, toRoot: last.root, path: await prover.consistency(size, last.size) });
    }
    expect(replicas.flatMap(({ stops }) => stops)).toEqual([]);
  });

  test('refresh takes up what another one published', async () => {
    const [one, two] = [replica(), replica()];
    await grow(2);
    const { note } = await one.publisher.publish();
    expect(two.publisher.latest).toBeUndefined();
    expect((await two.publisher.refresh())?.note).toBe(note);
  });
});

describe('a contradiction', () => {
  test.each<[string, (size: number, root: string) => { size: number; root: string }]>([
    ['a larger tree was signed', (size, root) => ({ size: size + 9, root })],
    ['another tree of this size was signed', (size) => ({ size, root: 'ab'.repeat(32) })],
    ['another tree of an earlier size was signed', (size) => ({ size: size - 1, root: 'ab'.repeat(32) })],
  ])('%s: the log stops, the store and the table stay as they are', async (_what, other) => {
    const { publisher, store, stops } = replica();
    await grow(4);
    const { size, root } = await publisher.publish();
    const foreign = other(size, toHex(root));
    expect(await store.replace(log.origin, { size, root: toHex(root) }, foreign)).toBe(true);
    await grow();
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'log-stopped' });
    expect(stops).toHaveLength(1);
    expect(await store.read(log.origin)).toEqual(foreign);
    expect(await kept()).toEqual([0, 5]);
  });

  test('a store that was lost is not begun anew', async () => {
    const { publisher, store, stops } = replica();
    await publisher.publish();
    await grow();
    await rm(path);
    await expect(publisher.publish()).rejects.toMatchObject({ code: 'log-stopped' });
    expect(stops).toEqual([expect.stringContaining('the checkpoint store holds nothing for this log of 2 entries')]);
    expect(await store.read(log.origin)).toBeUndefined();
  });
});
