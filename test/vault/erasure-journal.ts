import { beforeAll, beforeEach, afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ErasureJournal, JournalRecord } from '../../src/vault/erasure-journal.ts';

export const TIME = '2026-11-27T12:00:00.000Z';

export const erasure = (id: string, keys: number[] = [1, 2]): JournalRecord => ({ v: 1, kind: 'erasure', id, keys, time: TIME });
export const epoch = (number: number): JournalRecord => ({ v: 1, kind: 'epoch', epoch: number, export: `default-${number}.jsonl.gz`, time: TIME });

export async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

/** A place that holds one journal, and ways to open it. */
export interface JournalUnderTest {
  /** A journal of its own on the place; may be called many times. */
  open(): ErasureJournal;
  /** Whether several journals that are open at once may append. */
  isShared: boolean;
}

/** What every erasure journal must do. */
export function erasureJournalConformance(name: string, makePlace: () => Promise<JournalUnderTest>): void {
  describe(`${name}: the port`, () => {
    let place: JournalUnderTest;
    let journal: ErasureJournal;
    let origin: string;
    let count = 0;
    const opened: ErasureJournal[] = [];
    const open = (): ErasureJournal => {
      const fresh = place.open();
      opened.push(fresh);
      return fresh;
    };
    beforeAll(async () => {
      place = await makePlace();
    });
    beforeEach(() => {
      origin = `ledger.example/logs/l${++count}`;
      // Where one alone may append, it is the same through all tests.
      journal = place.isShared ? open() : (opened[0] ?? open());
    });
    afterAll(async () => {
      await Promise.all(opened.map((each) => each.close()));
    });

    test('holds nothing of a log that it was never told of', async () => {
      expect(await all(journal.read(origin))).toEqual([]);
    });

    test('gives back what it was given, in order, also to those who open it later', async () => {
      const records = [erasure('e-1', []), epoch(2), erasure('e-2', [0, 2 ** 53 - 1]), erasure('"\n\u{1f511}\\ é'), erasure('e-2', [7])];
      for (const record of records) await journal.append(origin, record);
      expect(await all(journal.read(origin))).toEqual(records);
      expect(await all(open().read(origin))).toEqual(records);
    });

    test('gives back whatever is a record', async () => {
      const record = fc.oneof(
        fc.record({ v: fc.constant(1 as const), kind: fc.constant('erasure' as const), id: fc.string({ unit: 'binary' }), keys: fc.array(fc.maxSafeNat()), time: fc.constant(TIME) }),
        fc.record({ v: fc.constant(1 as const), kind: fc.constant('epoch' as const), epoch: fc.maxSafeNat(), export: fc.string({ unit: 'binary' }), time: fc.constant(TIME) }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(record, { maxLength: 5 }), async (records) => {
          const log = `${origin}/${++run}`;
          for (const each of records) await journal.append(log, each);
          expect(await all(journal.read(log))).toEqual(records);
        }),
        { numRuns: 20 },
      );
    });

    test('keeps logs apart', async () => {
      await journal.append(origin, erasure('mine'));
      await journal.append(`${origin}-2`, erasure('another’s'));
      await journal.append(origin, epoch(3));
      expect(await all(journal.read(origin))).toEqual([erasure('mine'), epoch(3)]);
      expect(await all(journal.read(`${origin}-2`))).toEqual([erasure('another’s')]);
    });

    test('keeps a record of very many keys', async () => {
      const many = erasure('many', Array.from({ length: 100_000 }, (_, i) => i * 7));
      await journal.append(origin, many);
      await journal.append(origin, epoch(2));
      expect(await all(journal.read(origin))).toEqual([many, epoch(2)]);
    });

    test('loses nothing of what is appended at once, and keeps the order of each who appends', async () => {
      const journals = place.isShared ? [journal, open(), open()] : [journal];
      await Promise.all(journals.map((each, who) => Promise.all(Array.from({ length: 15 }, (_, i) => each.append(origin, erasure(`${who}`, [i]))))));
      const records = (await all(journal.read(origin))) as { id: string; keys: number[] }[];
      expect(records).toHaveLength(15 * journals.length);
      for (const who of journals.keys()) expect(records.filter(({ id }) => id === `${who}`).map(({ keys }) => keys[0])).toEqual(Array.from({ length: 15 }, (_, i) => i));
    });

    test('gives pages of many records in order, and lets whoever reads stop', async () => {
      for (let i = 0; i < 520; i++) await journal.append(origin, erasure(`e-${i}`, []));
      expect((await all(journal.read(origin))).map((record) => 'id' in record && record.id)).toEqual(Array.from({ length: 520 }, (_, i) => `e-${i}`));
      for await (const record of journal.read(origin)) {
        expect(record).toEqual(erasure('e-0', []));
        break;
      }
    });

    test.each([
      ['another version', { ...erasure('e'), v: 2 }],
      ['another kind', { ...erasure('e'), kind: 'hold' }],
      ['a member too many', { ...erasure('e'), reference: 'customer-8841' }],
      ['a member too few', { v: 1, kind: 'epoch', epoch: 2, time: TIME }],
      ['a key that is no id', erasure('e', [1.5])],
      ['a key below 0', erasure('e', [-1])],
      ['another time', { ...erasure('e'), time: '2026-11-27' }],
      ['no record', null],
    ])('refuses %s, and keeps nothing of it', async (_what, record) => {
      await expect(journal.append(origin, record as JournalRecord)).rejects.toThrow(TypeError);
      expect(await all(journal.read(origin))).toEqual([]);
      await journal.append(origin, epoch(9));
      expect(await all(journal.read(origin))).toEqual([epoch(9)]);
    });
  });
}
