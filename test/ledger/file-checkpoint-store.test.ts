import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { FileCheckpointStore } from '../../src/ledger/file-checkpoint-store.ts';
import { openCheckpointStore } from '../../src/ledger/open-checkpoint-store.ts';
import { checkpointStoreConformance } from './checkpoint-store.ts';

const ORIGIN = 'ledger.example/logs/default';
const ROOT = 'ab'.repeat(32);

let folder: string;
let path: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-store-'));
});
beforeEach(() => {
  path = join(folder, `checkpoints-${++count}.json`);
});
afterAll(() => rm(folder, { recursive: true }));

checkpointStoreConformance('FileCheckpointStore', async () => {
  const place = join(folder, 'shared.json');
  return { open: () => openCheckpointStore(place), isShared: false };
});

describe('the file', () => {
  test('has mode 0600 and the form that docs give it', async () => {
    await new FileCheckpointStore(path).replace(ORIGIN, undefined, { size: 7, root: ROOT });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ [ORIGIN]: { size: 7, root: ROOT } });
  });

  test('that was removed or put back under an open store is noticed', async () => {
    const store = new FileCheckpointStore(path);
    await store.replace(ORIGIN, undefined, { size: 7, root: ROOT });
    const good = await readFile(path);
    await rm(path);
    expect(await store.read(ORIGIN)).toBeUndefined();
    expect(await store.replace(ORIGIN, { size: 7, root: ROOT }, { size: 8, root: ROOT })).toBe(false);
    await writeFile(path, good);
    expect(await store.read(ORIGIN)).toEqual({ size: 7, root: ROOT });
  });

  test('survives a crash that left half of the next one beside it', async () => {
    const store = new FileCheckpointStore(path);
    await store.replace(ORIGIN, undefined, { size: 7, root: ROOT });
    await writeFile(`${path}.new`, '{"ledger.example');
    expect(await new FileCheckpointStore(path).read(ORIGIN)).toEqual({ size: 7, root: ROOT });
    expect(await store.replace(ORIGIN, { size: 7, root: ROOT }, { size: 8, root: ROOT })).toBe(true);
    expect((await readdir(folder)).filter((name) => name.startsWith(`checkpoints-${count}.`))).toEqual([`checkpoints-${count}.json`]);
  });

  test.each([
    ['nothing', ''],
    ['half of itself', `{"${ORIGIN}":{"size":7,"ro`],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '7'],
    ['a size that is no number', `{"${ORIGIN}":{"size":"7","root":"${ROOT}"}}`],
    ['a negative size', `{"${ORIGIN}":{"size":-1,"root":"${ROOT}"}}`],
    ['a size beyond 2^53', `{"${ORIGIN}":{"size":9007199254740993,"root":"${ROOT}"}}`],
    ['a short root', `{"${ORIGIN}":{"size":7,"root":"${ROOT.slice(2)}"}}`],
    ['a root in capitals', `{"${ORIGIN}":{"size":7,"root":"${ROOT.toUpperCase()}"}}`],
    ['one bad log beside a good one', `{"${ORIGIN}":{"size":7,"root":"${ROOT}"},"b":null}`],
  ])('that holds %s is neither read nor replaced', async (_what, text) => {
    await writeFile(path, text);
    const store = new FileCheckpointStore(path);
    await expect(store.read(ORIGIN)).rejects.toMatchObject({ name: 'CheckpointStoreError' });
    await expect(store.replace(ORIGIN, undefined, { size: 8, root: ROOT })).rejects.toMatchObject({ name: 'CheckpointStoreError' });
    expect(await readFile(path, 'utf8')).toBe(text);
    // Mended, the same store goes on.
    await writeFile(path, '{}');
    expect(await store.replace(ORIGIN, undefined, { size: 8, root: ROOT })).toBe(true);
  });

  test('that is a folder, or in a folder that is not there, is refused by name', async () => {
    await mkdir(path);
    await expect(new FileCheckpointStore(path).read(ORIGIN)).rejects.toThrow(`the checkpoint store ${path} cannot be read`);
    const nowhere = join(folder, 'missing', 'checkpoints.json');
    await expect(new FileCheckpointStore(nowhere).replace(ORIGIN, undefined, { size: 0, root: ROOT })).rejects.toThrow(`the checkpoint store ${nowhere} cannot be written`);
  });

  test('a write that fails changes nothing and lets the next one through', async () => {
    const store = new FileCheckpointStore(path);
    await store.replace(ORIGIN, undefined, { size: 7, root: ROOT });
    await mkdir(`${path}.new`);
    await expect(store.replace(ORIGIN, { size: 7, root: ROOT }, { size: 8, root: ROOT })).rejects.toMatchObject({ name: 'CheckpointStoreError' });
    expect(await store.read(ORIGIN)).toEqual({ size: 7, root: ROOT });
    await rm(`${path}.new`, { recursive: true });
    expect(await store.replace(ORIGIN, { size: 7, root: ROOT }, { size: 8, root: ROOT })).toBe(true);
    await chmod(path, 0o600);
  });
});
