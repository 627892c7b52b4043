import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/core/bytes.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { buildBatch } from '../../src/ledger/batch.ts';
import { Prover } from '../../src/ledger/prover.ts';
import { TileBuilder } from '../../src/ledger/tile-builder.ts';
import { TileSource } from '../../src/ledger/tile-source.ts';
import { Oracle } from '../core/oracle.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { sampleSystemDraft } from './sample-draft.ts';
import { createTestLog, type TestLog } from './test-log.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const drafts = (count: number) => Array.from({ length: count }, () => sampleSystemDraft('note'));

/** One replica's appends, its tile builder kept from batch to batch as a sequencer keeps it. */
class Appender {
  private readonly log: TestLog;
  private readonly builder: TileBuilder;

  constructor(log: TestLog) {
    this.log = log;
    this.builder = new TileBuilder(log.id, log.store);
  }

  async append(count: number): Promise<number> {
    const { log, builder } = this;
    const wanted = drafts(count);
    const { batch } = await log.store.appendLocked(log.id, async (head) => {
      const batch = buildBatch(head, log.origin, wanted, 0);
      return { batch, drafts: wanted, tiles: await builder.build(batch) };
    });
    builder.committed(batch);
    return batch.next.size;
  }
}

describe('TileBuilder', () => {
  test.each([
    ['batches that end right at the boundary', [255, 256, 256]],
    ['batches that end one before and one behind it', [254, 1, 1, 254, 1, 1]],
    ['one batch over several boundaries', [900]],
    ['a boundary in every batch', [300, 300, 300]],
    ['single entries up to the boundary', [250, ...Array<number>(8).fill(1)]],
  ])('%s', async (_what, counts) => {
    const log = await createTestLog(database);
    const appender = new Appender(log);
    for (const count of counts) {
      await appender.append(count);
      await log.check();
    }
  });

  test('two replicas in turns, each behind the other’s appends', async () => {
    const log = await createTestLog(database);
    const replicas = [new Appender(log), new Appender(log)] as const;
    const counts = [100, 100, 54, 1, 1, 200, 60, 300, 10, 5, 190, 2, 1, 511, 513];
    for (const [i, count] of counts.entries()) {
      await replicas[i % 2 === 0 ? 0 : 1].append(count);
      await log.check();
    }
  });

  test('a replica that comes to a log it has not begun', async () => {
    const log = await createTestLog(database);
    await new Appender(log).append(500);
    await new Appender(log).append(20);
    await log.check();
  });

  test('a batch that was built and not committed leaves no trace in the next', async () => {
    const log = await createTestLog(database);
    const builder = new TileBuilder(log.id, log.store);
    const head = await log.store.readHead(log.id);
    const lost = drafts(300);
    await builder.build(buildBatch(head, log.origin, lost, 0));
    const wanted = drafts(600);
    const batch = buildBatch(head, log.origin, wanted, 0);
    expect(await log.store.append(log.id, { batch, drafts: wanted, tiles: await builder.build(batch) })).toBe(true);
    await log.check();
  });

  test('refuses to make a tile from entries that are not all there', async () => {
    const log = await createTestLog(database);
    await new Appender(log).append(100);
    const head = await log.store.readHead(log.id);
    const client = await database.database.owner.connect();
    try {
      await client.query('begin; set local session_replication_role = replica');
      await client.query('delete from entry where log = $1 and index = 50', [log.id]);
      await client.query('commit');
    } finally {
      client.release();
    }
    await expect(new TileBuilder(log.id, log.store).build(buildBatch(head, log.origin, drafts(200), 0))).rejects.toThrow('entries 0 to 101 are not all there');
  });
});

describe('a log across the second level of tiles', () => {
  const SIZE = 65_536 + 700;
  let log: TestLog;
  let entries: Uint8Array[];
  let oracle: Oracle;
  beforeAll(async () => {
    log = await createTestLog(database);
    const replicas = [new Appender(log), new Appender(log)] as const;
    // Right to the boundary, over it in a batch that fills both levels, and by the replica that was not at work.
    for (let size = 1; size < 65_000; ) size = await replicas[0].append(Math.min(4000, 65_000 - size));
    await replicas[1].append(500);
    await replicas[0].append(SIZE - 65_500);
    entries = await log.check();
    oracle = new Oracle(entries);
  }, 180_000);

  test('has its tile of level 1, whose root is that of 65,536 entries', async () => {
    expect(entries).toHaveLength(SIZE);
    const { rows } = await database.database.pool.query<{ root: Buffer }>('select root from tile where log = $1 and level = 1 and index = 0', [log.id]);
    expect(toHex((rows[0] as { root: Buffer }).root)).toBe(toHex(oracle.mth(0, 65_536)));
  });

  test('gives the proofs of the definition from its tiles', async () => {
    const prover = new Prover(new TileSource(log.id, log.store));
    const hex = (path: readonly Uint8Array[]) => path.map(toHex);
    expect(toHex(await prover.root(SIZE))).toBe(toHex(oracle.mth(0, SIZE)));
    for (const size of [65_535, 65_536, 65_537, SIZE]) {
      for (const index of [0, 255, 256, 65_279, 65_280, 65_534]) expect(hex(await prover.inclusion(index, size))).toEqual(hex(oracle.path(index, 0, size)));
    }
    for (const [from, to] of [[1, SIZE], [65_535, 65_536], [65_536, SIZE], [65_537, SIZE], [300, 65_536]] as const) {
      expect(hex(await prover.consistency(from, to))).toEqual(hex(oracle.proof(from, to)));
    }
  });

  test('reads a tile in any width, and refuses one that it does not have', async () => {
    const tiles = new TileSource(log.id, log.store);
    const hashes = entries.slice(65_536, 65_536 + 180).map(leafHash);
    expect(Buffer.from(await tiles.read({ level: 0, index: 256, width: 180 })).toString('hex')).toBe(Buffer.concat(hashes).toString('hex'));
    await expect(tiles.read({ level: 0, index: 259, width: 256 })).rejects.toMatchObject({ code: 'tile-malformed' });
    await expect(tiles.read({ level: 1, index: 1, width: 9 })).rejects.toMatchObject({ code: 'tile-malformed' });
    expect(await tiles.readEntries(258, 3)).toEqual(entries.slice(258 * 256, 258 * 256 + 3));
    await expect(tiles.readEntries(258, 256)).rejects.toMatchObject({ code: 'bundle-malformed' });
  });
});
