import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { keyExportName, readKeyExport, writeKeyExport } from '../../src/vault/key-export.ts';
import type { KeyExportRow } from '../../src/vault/key-export-row.ts';
import { all } from './erasure-journal.ts';

const HEADER = { origin: 'ledger.example/logs/default', epoch: 7, kek: 'kek-7', secrets: 'c2VjcmV0cw==', time: '2026-11-27T12:00:00.000Z' };
const NAME = keyExportName('default', 7);

let top: string;
let folder: string;
let path: string;
let count = 0;
beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'pl-exports-'));
});
beforeEach(() => {
  folder = join(top, `key-exports-${++count}`);
  path = join(folder, NAME);
});
afterAll(() => rm(top, { recursive: true }));

const row = (id: number): KeyExportRow =>
  id % 3 === 0
    ? { id, wrapped: randomBytes(40).toString('base64'), subject: null, lookup: null, reference: null }
    : { id, wrapped: randomBytes(40).toString('base64'), subject: `sub_${id.toString(16).padStart(24, '0')}`, lookup: randomBytes(32).toString('base64'), reference: randomBytes(50).toString('base64') };
const rowsTo = (n: number): KeyExportRow[] => Array.from({ length: n }, (_, i) => row(i + 1));

describe('an export', () => {
  test.each([0, 1, 2, 5000])('of %d rows is read back as it was written', async (n) => {
    const rows = rowsTo(n);
    const end = await writeKeyExport(folder, NAME, HEADER, rows);
    expect(end).toEqual({ rows: n, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const found = await readKeyExport(path);
    expect(found).toMatchObject({ header: { v: 1, kind: 'key-export', ...HEADER }, end });
    expect(await all(found.rows)).toEqual(rows);
  });

  test('of whatever rows there are is read back, from what gives them one by one', async () => {
    const base64 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    const nullable = fc.option(base64);
    const wrapped = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ id: fc.maxSafeNat(), wrapped, subject: fc.option(fc.string({ unit: 'binary' })), lookup: nullable, reference: nullable })), async (rows) => {
        await writeKeyExport(folder, NAME, HEADER, (async function* () { yield* rows; })());
        expect(await all((await readKeyExport(path)).rows)).toEqual(rows.map((each) => ({ ...each })));
      }),
      { numRuns: 50 },
    );
  });

  test('is gzip of JSON lines: header, rows, and an end with number and digest', async () => {
    const rows = rowsTo(3);
    await writeKeyExport(folder, NAME, HEADER, rows);
    const text = gunzipSync(await readFile(path)).toString();
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { v: 1, kind: 'key-export', ...HEADER }, ...rows,
      { rows: 3, digest: createHash('sha256').update(text.slice(0, text.lastIndexOf('{'))).digest('hex') },
    ]);
  });

  test('has mode 0600, in a folder of mode 0700, and nothing is left beside it', async () => {
    await writeKeyExport(folder, NAME, HEADER, rowsTo(2));
    await writeKeyExport(folder, NAME, HEADER, rowsTo(1));
    expect([(await stat(path)).mode & 0o777, (await stat(folder)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(await readdir(folder)).toEqual([NAME]);
    expect((await readKeyExport(path)).end.rows).toBe(1);
  });

  test('streams: rows are asked for as they are written, and not held', async () => {
    const rows = 60_000;
    let asked = 0;
    let written = 0;
    const end = await writeKeyExport(folder, NAME, HEADER, (async function* () {
      for (; asked < rows; asked++) {
        if (asked === rows - 1) written = (await stat(`${path}.new`)).size;
        yield { id: asked, wrapped: randomBytes(60).toString('base64'), subject: null, lookup: null, reference: null };
      }
    })());
    expect(end.rows).toBe(rows);
    // Before the last row was asked for, all but what the buffers hold had gone to the file.
    expect((await stat(path)).size - written).toBeLessThan(1_000_000);
    let inOrder = 0;
    for await (const { id } of (await readKeyExport(path)).rows) if (id === inOrder) inOrder += 1;
    expect(inOrder).toBe(rows);
  });

  test.each(['', '.', '../x', 'a/b', '-a'])('of a log named %p has no name', (log) => {
    expect(() => keyExportName(log, 1)).toThrow(RangeError);
  });
});

describe('what is not whole is refused', () => {
  const broken = { name: 'JournalError', code: 'key-export-broken' };

  test('cut off at any byte', async () => {
    await writeKeyExport(folder, NAME, HEADER, rowsTo(4));
    const bytes = await readFile(path);
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      const failure = await readKeyExport(path).catch((error: unknown) => error);
      expect({ length, failure }).toMatchObject({ length, failure: broken });
    }
  });

  test('changed at any byte, or what it holds is the same all the same', async () => {
    const rows = rowsTo(4);
    await writeKeyExport(folder, NAME, HEADER, rows);
    const bytes = await readFile(path);
    let same = 0;
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ 1;
      await writeFile(path, changed);
      try {
        const found = await readKeyExport(path);
        expect({ at, header: found.header, rows: await all(found.rows) }).toEqual({ at, header: { v: 1, kind: 'key-export', ...HEADER }, rows });
        same += 1;
      } catch (error) {
        expect({ at, error }).toMatchObject({ at, error: broken });
      }
    }
    expect(same).toBeLessThan(10); // time, flags and system in the head of gzip
  });

  test.each<[what: string, change: (lines: string[]) => string[]]>([
    ['without its header', (lines) => lines.slice(1)],
    ['without its end', (lines) => lines.slice(0, -1)],
    ['without a row', (lines) => lines.toSpliced(2, 1)],
    ['with a row twice', (lines) => lines.toSpliced(2, 0, String(lines[2]))],
    ['with two rows exchanged', ([a, b, c, ...rest]) => [String(a), String(c), String(b), ...rest]],
    ['with something after its end', (lines) => [...lines, String(lines[1])]],
    ['with two ends', (lines) => [...lines, String(lines.at(-1))]],
    ['of another version', ([head, ...rest]) => [String(head).replace('"v":1', '"v":2'), ...rest]],
    ['of its end alone', (lines) => lines.slice(-1)],
    ['of nothing', () => []],
    ['of no JSON', () => ['x']],
    ['with a row that is none', (lines) => lines.with(1, '{"id":1}')],
  ])('%s, though gzip is whole', async (_what, change) => {
    await writeKeyExport(folder, NAME, HEADER, rowsTo(4));
    const lines = gunzipSync(await readFile(path)).toString().trimEnd().split('\n');
    await writeFile(path, gzipSync(change(lines).map((line) => `${line}\n`).join('')));
    await expect(readKeyExport(path)).rejects.toMatchObject({ ...broken, message: expect.stringContaining(path) });
  });

  test('a file that is not there, or cannot be written, is said by name', async () => {
    await expect(readKeyExport(path)).rejects.toMatchObject({ code: 'journal-unavailable', message: `the key export ${path} cannot be read: ENOENT` });
    await writeFile(folder, 'a file in its place');
    await expect(writeKeyExport(folder, NAME, HEADER, [])).rejects.toMatchObject({ code: 'journal-unavailable' });
  });
});

describe('an export that fails on the way', () => {
  test('leaves the one before it, and nothing else', async () => {
    await writeKeyExport(folder, NAME, HEADER, rowsTo(3));
    const before = await readFile(path);
    const lost = new Error('the database went away');
    await expect(
      writeKeyExport(folder, NAME, HEADER, (async function* () {
        yield* rowsTo(2000);
        throw lost;
      })()),
    ).rejects.toBe(lost);
    await expect(writeKeyExport(folder, NAME, HEADER, [{ ...row(1), wrapped: 'no base64' }])).rejects.toThrow(TypeError);
    expect(await readFile(path)).toEqual(before);
    expect(await readdir(folder)).toEqual([NAME]);
  });

  test('by a crash leaves half a file beside it that the next one replaces', async () => {
    await mkdir(folder);
    await writeFile(`${path}.new`, 'half');
    await writeKeyExport(folder, NAME, HEADER, rowsTo(1));
    expect(await readdir(folder)).toEqual([NAME]);
  });
});
