import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CheckpointStore, StoredCheckpoint } from '../../src/ledger/checkpoint-store.ts';

/** A place that holds one store, and ways to open it. */
export interface StoreUnderTest {
  /** A store of its own on the place; may be called many times. */
  open(): Promise<CheckpointStore>;
  /** Whether several stores that are open at once keep to compare-and-set among themselves. */
  isShared: boolean;
}

const root = (digit: string): string => digit.repeat(64);
const at = (size: number, digit = 'a'): StoredCheckpoint => ({ size, root: root(digit) });

/** What every checkpoint store must do. */
export function checkpointStoreConformance(name: string, makePlace: () => Promise<StoreUnderTest>): void {
  describe(`${name}: the port`, () => {
    let origin: string;
    let count = 0;
    let place: StoreUnderTest;
    let store: CheckpointStore;
    const opened: CheckpointStore[] = [];
    const open = async (): Promise<CheckpointStore> => {
      const fresh = await place.open();
      opened.push(fresh);
      return fresh;
    };
    beforeEach(async () => {
      place ??= await makePlace();
      origin = `ledger.example/logs/l${++count}`;
      store = await open();
    });
    afterAll(async () => {
      await Promise.all(opened.map((each) => each.close()));
    });

    test('holds nothing of a log that it was never told of', async () => {
      expect(await store.read(origin)).toBeUndefined();
    });

    test('keeps what it was given, also for those who open it later', async () => {
      expect(await store.replace(origin, undefined, at(0, 'e'))).toBe(true);
      expect(await store.read(origin)).toEqual(at(0, 'e'));
      expect(await store.replace(origin, at(0, 'e'), at(2 ** 53 - 1))).toBe(true);
      expect(await store.read(origin)).toEqual(at(2 ** 53 - 1));
      expect(await (await open()).read(origin)).toEqual(at(2 ** 53 - 1));
    });

    test.each([
      ['nothing, where there is something', undefined],
      ['another size', at(9)],
      ['another root', at(10, 'b')],
    ])('refuses who expects %s', async (_what, expected) => {
      await store.replace(origin, undefined, at(10));
      expect(await store.replace(origin, expected, at(11))).toBe(false);
      expect(await store.read(origin)).toEqual(at(10));
    });

    test('refuses who expects something where there is nothing', async () => {
      expect(await store.replace(origin, at(10), at(11))).toBe(false);
      expect(await store.read(origin)).toBeUndefined();
    });

    test('a value in the place of itself is taken', async () => {
      await store.replace(origin, undefined, at(3));
      expect(await store.replace(origin, at(3), at(3))).toBe(true);
    });

    test('keeps logs apart', async () => {
      await store.replace(origin, undefined, at(1));
      await store.replace(`${origin}-2`, undefined, at(2, 'b'));
      expect(await store.read(origin)).toEqual(at(1));
      expect(await store.read(`${origin}-2`)).toEqual(at(2, 'b'));
    });

    test('of many who come at once with one expectation, one wins', async () => {
      const stores = place.isShared ? [store, await open(), await open()] : [store];
      let held: StoredCheckpoint | undefined;
      for (let round = 1; round <= 5; round++) {
        const wanted = Array.from({ length: 12 }, (_, i) => at(round, i.toString(16)));
        const won = await Promise.all(wanted.map((next, i) => (stores[i % stores.length] as CheckpointStore).replace(origin, held, next)));
        expect(won.filter(Boolean)).toHaveLength(1);
        held = wanted[won.indexOf(true)];
        expect(await store.read(origin)).toEqual(held);
      }
    });

    test('loses no step of many logs that move at once', async () => {
      const logs = Array.from({ length: 8 }, (_, i) => `${origin}/${i}`);
      await Promise.all(
        logs.map(async (log) => {
          for (let size = 0; size < 10; size++) {
            expect(await store.replace(log, size === 0 ? undefined : at(size - 1), at(size))).toBe(true);
          }
        }),
      );
      for (const log of logs) expect(await store.read(log)).toEqual(at(9));
    });
  });
}
