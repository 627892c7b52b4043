import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dataDirHolder, lockDataDir } from '../../src/database/data-dir-lock.ts';
import { processSpace, processStart } from '../../src/database/running-process.ts';

const log = (): void => undefined;
let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'pl-lock-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

async function leaveLock(holder: object, secondsAgo: number): Promise<void> {
  const path = join(dataDir, 'service.lock');
  await writeFile(path, JSON.stringify(holder));
  const then = new Date(Date.now() - secondsAgo * 1_000);
  await utimes(path, then, then);
}

test('is held by one, until released', async () => {
  const lock = await lockDataDir(dataDir, log);
  expect(await dataDirHolder(dataDir)).toBe(process.pid);
  await expect(lockDataDir(dataDir, log)).rejects.toMatchObject({ code: 'data-dir-in-use', message: expect.stringContaining(String(process.pid)) });
  await lock.release();
  expect(await dataDirHolder(dataDir)).toBeUndefined();
  expect(await readdir(dataDir)).toEqual([]);
});

test.each([
  ['a process that has ended', { pid: 2 ** 22 + 1, start: '1', space: processSpace() }, 0],
  ['another process that had our id before us', { pid: process.pid, start: '1', space: processSpace() }, 0],
  ['a container, or a boot, that has fallen silent', { pid: process.pid, start: processStart(process.pid), space: 'elsewhere' }, 11],
])('is taken over from %s, by one of many that try at once', async (_whom, holder, secondsAgo) => {
  await leaveLock(holder, secondsAgo);
  expect(await dataDirHolder(dataDir)).toBeUndefined();
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDir(dataDir, log)));
  const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  expect(won).toHaveLength(1);
  await won[0]?.release();
  expect(await readdir(dataDir)).toEqual([]);
});

test('is respected while a process in another container renews it, even one with our id', async () => {
  const holder = { pid: process.pid, start: processStart(process.pid), space: 'elsewhere' };
  await leaveLock(holder, 0);
  expect(await dataDirHolder(dataDir)).toBe(process.pid);
  const renewing = setInterval(() => {
    const now = new Date();
    void utimes(join(dataDir, 'service.lock'), now, now);
  }, 500);
  await expect(lockDataDir(dataDir, log)).rejects.toMatchObject({ code: 'data-dir-in-use' });
  clearInterval(renewing);
});
