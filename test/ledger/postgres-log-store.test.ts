import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/core/bytes.ts';
import { buildBatch } from '../../src/ledger/batch.ts';
import type { EntryDraft } from '../../src/ledger/entry-draft.ts';
import { DuplicatePredictionError, SurplusRowsError, type Append } from '../../src/ledger/log-store.ts';
import type { Head } from '../../src/ledger/head.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { sampleDraft, sampleSystemDraft } from './sample-draft.ts';
import { createTestLog, type TestLog } from './test-log.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const appendOf = (log: TestLog, head: Head, drafts: EntryDraft[]): Append => ({ batch: buildBatch(head, log.origin, drafts, 0), drafts, tiles: [] });

describe('append', () => {
  test('moves the head that it expects, once', async () => {
    const log = await createTestLog(database);
    const head = await log.store.readHead(log.id);
    const append = appendOf(log, head, [sampleDraft('a')]);
    expect(await log.store.append(log.id, append)).toBe(true);
    expect(await log.store.append(log.id, append)).toBe(false);
    expect(await log.store.append(log.id, appendOf(log, head, [sampleDraft('b')]))).toBe(false);
    const after = await log.store.readHead(log.id);
    expect({ size: after.size, hash: toHex(after.hash), root: toHex(after.range.root()), time: after.time }).toEqual({
      size: 2, hash: toHex(append.batch.next.hash), root: toHex(append.batch.next.range.root()), time: append.batch.next.time,
    });
    expect(await log.check()).toHaveLength(2);
  });

  test('of many at once with the same expectation, one is taken', async () => {
    const log = await createTestLog(database);
    const head = await log.store.readHead(log.id);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => log.store.append(log.id, appendOf(log, head, [sampleDraft(`p-${i}`)]))));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await log.check()).toHaveLength(2);
  });

  test('keeps every column of the read model, nulls and emoji too', async () => {
    const log = await createTestLog(database);
    const columns = { id: 'x', model: 'módel', version: '3.2.0-🚀', deployment: undefined, outcome: 'déclined "¶"', principal: 'prn_1' };
    await log.append([sampleSystemDraft('note'), sampleDraft('x', { prediction: columns }), sampleSystemDraft('note')]);
    const { rows } = await database.database.pool.query('select index, id, model, version, deployment, outcome, principal from prediction where log = $1', [log.id]);
    expect(rows).toEqual([{ index: 2, ...columns, deployment: null }]);
  });

  test('writes with an entry what it brings along, in its transaction', async () => {
    const log = await createTestLog(database);
    const also = (value: string) => ({ text: "insert into data_key (id, log, wrapped_by, wrapped) values (nextval('data_key_id'), $1, $3, int8send($2))", values: [value] });
    const written = async () => (await database.database.pool.query<object>('select wrapped_by, wrapped from data_key where log = $1 order by id', [log.id])).rows;
    const drafts = [sampleDraft('a'), sampleDraft('b', { also: also('one') }), sampleSystemDraft('note', { also: also('two') })];
    const append = appendOf(log, await log.store.readHead(log.id), drafts);
    expect(await log.store.append(log.id, append)).toBe(true);
    expect(await log.store.append(log.id, append)).toBe(false);
    const rows = [{ wrapped_by: 'one', wrapped: Buffer.from('0000000000000002', 'hex') }, { wrapped_by: 'two', wrapped: Buffer.from('0000000000000003', 'hex') }];
    expect(await written()).toEqual(rows);
    await expect(log.append([sampleDraft('c', { also: also('three') }), sampleDraft('d', { also: { text: 'select $2::bigint / ($1::int - $1::int)', values: [] } })])).rejects.toThrow('division by zero');
    expect(await written()).toEqual(rows);
    await log.append([sampleDraft('c', { also: also('three') })]);
    expect(await written()).toHaveLength(3);
    expect(await log.check()).toHaveLength(5);
  });

  test('of an id that is taken changes nothing', async () => {
    const log = await createTestLog(database);
    await log.append([sampleDraft('a')]);
    const head = await log.store.readHead(log.id);
    await expect(log.store.append(log.id, appendOf(log, head, [sampleDraft('b'), sampleDraft('a')]))).rejects.toBeInstanceOf(DuplicatePredictionError);
    expect(await log.check()).toHaveLength(2);
    expect(await log.store.findPredictions(log.id, ['a', 'b'])).toEqual(new Map([['a', 1]]));
  });

  test.each(['entry', 'payload', 'prediction', 'tile'])('where a row of %s stands already changes nothing', async (table) => {
    const log = await createTestLog(database);
    const planted = {
      entry: "insert into entry (log, index, bytes) values ($1, 1, 'x')",
      payload: "insert into payload (log, index, key, sealed) values ($1, 1, 1, 'x')",
      prediction: "insert into prediction (log, index, id, time, model, version) values ($1, 1, 'x', 0, 'm', 'v')",
      tile: `insert into tile (log, level, index, root, hashes) values ($1, 0, 0, decode(repeat('00', 32), 'hex'), decode(repeat('00', 8192), 'hex'))`,
    }[table] as string;
    await database.database.pool.query(planted, [log.id]);
    const head = await log.store.readHead(log.id);
    const append = appendOf(log, head, [sampleDraft('a')]);
    const tiles = [{ level: 0, index: 0, root: Buffer.alloc(32), hashes: Buffer.alloc(8192) }];
    await expect(log.store.append(log.id, { ...append, tiles })).rejects.toThrow(new SurplusRowsError(`the table ${table} holds rows of the log beyond its head`));
    expect((await log.store.readHead(log.id)).size).toBe(1);
  });
});

describe('appendLocked', () => {
  test('lets one build at a time, each behind the last', async () => {
    const log = await createTestLog(database);
    const seen: number[] = [];
    await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        log.store.appendLocked(log.id, async (head) => {
          seen.push(head.size);
          return appendOf(log, head, [sampleDraft(`p-${i}`)]);
        }),
      ),
    );
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await log.check()).toHaveLength(7);
  });

  test('that fails to build leaves the head free', async () => {
    const log = await createTestLog(database);
    await expect(log.store.appendLocked(log.id, () => Promise.reject(new Error('no batch')))).rejects.toThrow('no batch');
    await log.append([sampleDraft()]);
    expect(await log.check()).toHaveLength(2);
  });

  test('settledHead waits for it', async () => {
    const log = await createTestLog(database);
    let settled: Head | undefined;
    let waiting: Promise<void> | undefined;
    await log.store.appendLocked(log.id, async (head) => {
      waiting = log.store.settledHead(log.id).then((found) => {
        settled = found;
      });
      await new Promise((done) => setTimeout(done, 100));
      expect(settled).toBeUndefined();
      // A head that may still change is read without waiting.
      expect((await log.store.readHead(log.id)).size).toBe(1);
      return appendOf(log, head, [sampleDraft()]);
    });
    await waiting;
    expect(settled?.size).toBe(2);
  });
});

describe('reads', () => {
  test('end where the log ends', async () => {
    const log = await createTestLog(database);
    await log.append([sampleDraft(), sampleDraft()]);
    expect(await log.store.readEntries(log.id, 1, 10)).toHaveLength(2);
    expect(await log.store.readEntries(log.id, 3, 10)).toEqual([]);
    expect(await log.store.readTile(log.id, 0, 0)).toBeUndefined();
    expect(await log.store.readTileRoots(log.id, 0, 0, 5)).toEqual([]);
    expect(await log.store.findPredictions(log.id, [])).toEqual(new Map());
  });

  test('of a log that is not there say so', async () => {
    const log = await createTestLog(database);
    await expect(log.store.readHead(999_999)).rejects.toThrow('the log has no head row');
    await expect(log.store.settledHead(999_999)).rejects.toThrow('the log has no head row');
  });
});
