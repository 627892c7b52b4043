import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JournalRecord } from '../../src/vault/erasure-journal.ts';
import { FileErasureJournal } from '../../src/vault/file-erasure-journal.ts';
import { openErasureJournal } from '../../src/vault/open-erasure-journal.ts';
import { testFolder } from '../test-database.ts';
import { all, epoch, erasure, erasureJournalConformance } from './erasure-journal.ts';

const ORIGIN = 'ledger.example/logs/default';
const OTHER = 'ledger.example/logs/other';

let folder: string;
let path: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(testFolder(), 'pl-journal-'));
});
beforeEach(() => {
  path = join(folder, `erasures-${++count}.jsonl`);
});
afterAll(() => rm(folder, { recursive: true }));

erasureJournalConformance('FileErasureJournal', async () => ({ open: () => openErasureJournal(join(folder, 'checkpoints.json')), isShared: false }));

const records: JournalRecord[] = [erasure('e-1'), epoch(2), erasure('é', []), erasure('e-3', [5])];

/** A journal of those records, in turn of two logs. */
async function sample(): Promise<{ bytes: Buffer; ends: number[] }> {
  const journal = new FileErasureJournal(path);
  const ends: number[] = [];
  for (const [i, record] of records.entries()) {
    await journal.append(i % 2 === 0 ? ORIGIN : OTHER, record);
    ends.push((await stat(path)).size);
  }
  return { bytes: await readFile(path), ends };
}

const readAll = async (): Promise<JournalRecord[]> => {
  const journal = new FileErasureJournal(path);
  const [mine, others] = [await all(journal.read(ORIGIN)), await all(journal.read(OTHER))];
  return [mine[0], others[0], mine[1], others[1]].filter((each) => each !== undefined);
};

describe('the file', () => {
  test('has mode 0600 and the form that docs give it', async () => {
    await sample();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n').map((line) => JSON.parse(line) as { prev: string; origin: string; record: unknown; hash: string });
    expect(lines.map(({ record }) => record)).toEqual(records);
    expect(lines.map(({ prev }) => prev)).toEqual(['0'.repeat(64), ...lines.slice(0, -1).map(({ hash }) => hash)]);
  });

  test.each([
    ['checkpoints.json', 'erasures.jsonl'],
    ['eu.json', 'eu.erasures.jsonl'],
    ['store', 'store.erasures.jsonl'],
  ])('beside the checkpoint store %s is %s', async (store, file) => {
    const own = await mkdtemp(join(folder, 'place-'));
    await openErasureJournal(join(own, store)).append(ORIGIN, epoch(2));
    expect((await stat(join(own, file))).size).toBeGreaterThan(0);
  });
});

describe('after a crash', () => {
  test('at whatever byte the file ends, what was acknowledged before is there, and the journal goes on', async () => {
    const { bytes, ends } = await sample();
    for (let length = 0; length <= bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      // A line that lacks its line feed alone is whole: an erasure that was decided, if not acknowledged.
      const whole = records.slice(0, ends.filter((end) => end - 1 <= length).length);
      expect({ length, found: await readAll() }).toEqual({ length, found: whole });
      const journal = new FileErasureJournal(path);
      await journal.append(ORIGIN, epoch(99));
      expect((await all(journal.read(ORIGIN))).at(-1)).toEqual(epoch(99));
      expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(whole.length + 2);
    }
  });

  test('that left nothing but zeros in the place of a last line, that line is cut off', async () => {
    const { bytes } = await sample();
    await appendFile(path, Buffer.alloc(4096));
    expect(await readAll()).toEqual(records);
    await new FileErasureJournal(path).append(ORIGIN, epoch(99));
    expect((await readFile(path)).subarray(0, bytes.length)).toEqual(bytes);
    expect((await all(new FileErasureJournal(path).read(ORIGIN))).at(-1)).toEqual(epoch(99));
  });

  test('of a process that is killed at it, everything acknowledged is there', async () => {
    const child = fork(join(import.meta.dirname, 'journal-child.ts'), [path, ORIGIN], { execArgv: ['--import', join(import.meta.dirname, '../typescript.mjs')], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    let acknowledged = 0;
    child.on('message', (number: number) => {
      acknowledged = number;
      if (number === 50) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    const found = await all(new FileErasureJournal(path).read(ORIGIN));
    expect(acknowledged).toBeGreaterThanOrEqual(50);
    expect(found.length).toBeGreaterThanOrEqual(acknowledged);
    expect(found).toEqual(found.map((_, i) => erasure(`e-${i + 1}`)));
  }, 30_000);
});

describe('what was changed is noticed', () => {
  const broken = { name: 'JournalError', code: 'journal-broken' };

  test('at every byte', async () => {
    const { bytes } = await sample();
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [1, 0x20]) {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] as number) ^ bit;
        await writeFile(path, changed);
        const failure = await all(new FileErasureJournal(path).read(OTHER)).catch((error: unknown) => error);
        expect({ at, bit, failure }).toMatchObject({ at, bit, failure: broken });
      }
    }
    await expect(new FileErasureJournal(path).append(ORIGIN, epoch(9))).rejects.toMatchObject(broken);
  }, 60_000);

  test('by a line that was removed, doubled, exchanged or put in, and said by its number', async () => {
    await sample();
    const [a, b, c, d] = (await readFile(path, 'utf8')).trimEnd().split('\n') as [string, string, string, string];
    const foreign = new FileErasureJournal(`${path}.foreign`);
    await foreign.append(ORIGIN, erasure('foreign'));
    const put = (await readFile(`${path}.foreign`, 'utf8')).trimEnd();
    for (const [lines, number] of [[[b, c, d], 1], [[a, c, d], 2], [[a, a, b, c, d], 2], [[a, c, b, d], 2], [[a, b, put, c, d], 3], [[a, b, c, d, put], 5], [[a, '', b, c, d], 2]] as const) {
      await writeFile(path, `${lines.join('\n')}\n`);
      await expect(all(new FileErasureJournal(path).read(ORIGIN))).rejects.toMatchObject({ ...broken, message: expect.stringContaining(`${path}: line ${number}: `) });
    }
  });

  test('by a line of a later release, and nothing of it is repeated', async () => {
    await sample();
    const last = JSON.parse((await readFile(path, 'utf8')).trimEnd().split('\n').at(-1) ?? '') as { hash: string };
    const body = JSON.stringify({ prev: last.hash, origin: ORIGIN, record: { v: 2, kind: 'erasure', secret: 'planted' } });
    await appendFile(path, `${body.slice(0, -1)},"hash":"${createHash('sha256').update(body).digest('hex')}"}\n`);
    const failure = await all(new FileErasureJournal(path).read(ORIGIN)).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ ...broken, message: expect.stringContaining('line 5: it holds no record of version 1') });
    expect((failure as Error).message).not.toContain('planted');
  });

  test('by a file that is gone, or was put back to what it was, under an open journal', async () => {
    const journal = new FileErasureJournal(path);
    await journal.append(ORIGIN, epoch(2));
    const before = await readFile(path);
    await journal.append(ORIGIN, epoch(3));
    await rename(path, `${path}.away`);
    await expect(journal.append(ORIGIN, epoch(4))).rejects.toMatchObject({ ...broken, message: `the erasure journal ${path}: it is gone` });
    await expect(all(journal.read(ORIGIN))).rejects.toMatchObject(broken);
    await rename(`${path}.away`, path);
    await journal.append(ORIGIN, epoch(4));
    expect(await all(journal.read(ORIGIN))).toEqual([epoch(2), epoch(3), epoch(4)]);
    // Older, but whole: nothing tells that from a journal that never went on.
    await writeFile(path, before);
    await journal.append(ORIGIN, epoch(5));
    expect(await all(journal.read(ORIGIN))).toEqual([epoch(2), epoch(5)]);
  });
});

describe('a place that fails', () => {
  const unavailable = { name: 'JournalError', code: 'journal-unavailable' };

  test('is said by name, and the next append goes through', async () => {
    await mkdir(path);
    const journal = new FileErasureJournal(path);
    await expect(journal.append(ORIGIN, epoch(2))).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining(path) });
    await rm(path, { recursive: true });
    const late = new FileErasureJournal(join(folder, `late-${count}`, 'erasures.jsonl'));
    await expect(late.append(ORIGIN, epoch(2))).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining('cannot be written: ENOENT') });
    await mkdir(join(folder, `late-${count}`));
    await late.append(ORIGIN, epoch(2));
    expect(await all(late.read(ORIGIN))).toEqual([epoch(2)]);
  });

  test('a second writer is noticed, and its lines are kept', async () => {
    const [one, two] = [new FileErasureJournal(path), new FileErasureJournal(path)];
    await one.append(ORIGIN, epoch(2));
    await two.append(ORIGIN, epoch(3));
    await one.append(ORIGIN, epoch(4));
    expect(await all(two.read(ORIGIN))).toEqual([epoch(2), epoch(3), epoch(4)]);
  });

  test('half a line, of a disk that was full, is cut off by the same journal', async () => {
    const journal = new FileErasureJournal(path);
    await journal.append(ORIGIN, epoch(2));
    const { size } = await stat(path);
    await journal.append(ORIGIN, epoch(3));
    await truncate(path, size + 40);
    await journal.append(ORIGIN, epoch(4));
    expect(await all(journal.read(ORIGIN))).toEqual([epoch(2), epoch(4)]);
  });
});
