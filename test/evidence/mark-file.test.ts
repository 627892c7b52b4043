import { existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MarkFile } from '../../src/evidence/mark-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'pl-marks-'));
const path = join(folder, 'marks');
afterAll(() => rmSync(folder, { recursive: true }));

const id = (n: number): string => `sub_${(n * 2_654_435_761).toString(16).padStart(24, '0').split('').reverse().join('')}`;

test('different ids are counted by group and over all, in however many parts, and after a break where it stood', async () => {
  const marks = fc.array(fc.tuple(fc.nat(5), fc.nat(60)), { maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(marks, marks, fc.integer({ min: 1, max: 100 }), async (first, second, atOnce) => {
      let file = await MarkFile.open(path, 0);
      for (const [group, n] of first) file.add(group, id(n));
      let length = await file.flush(0);
      // What is written and not counted on is cut off.
      file.add(1, id(99));
      await file.flush(length);
      await file.close();
      file = await MarkFile.open(path, length);
      for (const [group, n] of second) file.add(group, id(n));
      length += await file.flush(length);
      const all = [...first, ...second];
      const expected = new Map([...new Set(all.map(([group]) => group))].map((group) => [group, new Set(all.filter(([of]) => of === group).map(([, n]) => n)).size]));
      if (all.length > 0) expected.set(-1, new Set(all.map(([, n]) => n)).size);
      expect([...(await file.count(length, atOnce))].sort()).toEqual([...expected].sort());
      await file.remove();
      expect(existsSync(path)).toBe(false);
    }),
    { numRuns: 50 },
  );
});

test('a file that is shorter than it was is not gone on with', async () => {
  const file = await MarkFile.open(path, 0);
  file.add(0, id(1));
  const length = await file.flush(0);
  await file.close();
  truncateSync(path, 3);
  await expect(MarkFile.open(path, length)).rejects.toThrow(/shorter/);
});
