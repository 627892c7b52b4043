import { ed25519 } from '@noble/curves/ed25519.js';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '../../src/core/bytes.ts';
import { formatCheckpointText } from '../../src/core/checkpoint.ts';
import { decodeEntryBundle, encodeEntryBundle } from '../../src/core/entry-bundle.ts';
import { EMPTY_ROOT } from '../../src/core/merkle-tree.ts';
import { signNote } from '../../src/core/signed-note.ts';
import { parseTilePath } from '../../src/core/tile.ts';
import { ED25519, formatVkey, keyId } from '../../src/core/vkey.ts';
import { parseObject } from '../../demo/json-object.ts';
import { copyLog, forgeEntry, readEntries, resourcePaths } from '../../demo/log-copy.ts';
import { forgeScore } from '../../demo/receipt-forgery.ts';

const NAME = 'example.com/logs/demo';
const SIZE = 300;
const secretKey = new Uint8Array(32).fill(7);
const publicKey = ed25519.getPublicKey(secretKey);
const vkey = formatVkey(NAME, ED25519, publicKey);
const entry = (index: number): Uint8Array =>
  utf8(JSON.stringify({ commitment: index.toString(16).padStart(64, '0'), index }));

/** What a log of 300 entries serves; its hashes are of no account here. */
async function serve(path: string): Promise<Uint8Array> {
  if (path === 'checkpoint') {
    const text = formatCheckpointText({ origin: NAME, size: SIZE, root: EMPTY_ROOT, extensions: [] });
    const sign = (message: Uint8Array): Uint8Array => ed25519.sign(message, secretKey);
    return utf8(await signNote(text, [{ name: NAME, keyId: keyId(NAME, ED25519, publicKey), sign }]));
  }
  const parsed = parseTilePath(path);
  if (parsed.kind === 'hashes') return new Uint8Array(parsed.tile.width * 32);
  const { index, width } = parsed;
  return encodeEntryBundle(Array.from({ length: width }, (_, i) => entry(index * 256 + i)));
}

const receipt = (score: string): string =>
  JSON.stringify({ entry: '{}', salt: '00', payload: `{"body":{"output":{"score":${score}}}}`, proof: 'p' });

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-copy-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('the paths of a log', () => {
  test.each([
    [0, []],
    [1, ['tile/0/000.p/1', 'tile/entries/000.p/1']],
    [256, ['tile/0/000', 'tile/entries/000', 'tile/1/000.p/1']],
    [257, ['tile/0/000', 'tile/entries/000', 'tile/0/001.p/1', 'tile/entries/001.p/1', 'tile/1/000.p/1']],
  ])('of size %i', (size, paths) => {
    expect(resourcePaths(size)).toEqual(paths);
  });

  test('reach the third level at 65,536 entries', () => {
    expect(resourcePaths(65_536)).toContain('tile/2/000.p/1');
    expect(resourcePaths(65_535)).not.toContain('tile/2/000.p/1');
  });
});

describe('a copy of a log', () => {
  test('holds every resource under its path', async () => {
    const copy = await copyLog(serve, vkey, folder);
    expect(copy).toMatchObject({ folder, size: SIZE, files: 6 });
    const path = 'tile/entries/001.p/44';
    expect(await readFile(join(folder, path))).toEqual(Buffer.from(await serve(path)));
    expect(await readFile(join(folder, 'tile/1/000.p/1'))).toHaveLength(32);
  });

  test('gives its entries back in order, through a partial bundle to the last', async () => {
    const entries = await readEntries(await copyLog(serve, vkey, folder));
    expect(entries).toHaveLength(SIZE);
    expect(entries.map((text) => parseObject(text)['index'])).toEqual([...Array(SIZE).keys()]);
  });

  test('is not made of a checkpoint that another key signed', async () => {
    const other = formatVkey(NAME, ED25519, ed25519.getPublicKey(new Uint8Array(32).fill(8)));
    await expect(copyLog(serve, other, folder)).rejects.toThrow();
  });

  test.each([0, 255, 256, 299])('is forged in entry %i alone, by one byte', async (index) => {
    const copy = await copyLog(serve, vkey, folder);
    const { file, offset, before, after } = await forgeEntry(copy, index);
    const path = file.slice(folder.length + 1);
    const was = await serve(path);
    const is = new Uint8Array(await readFile(file));
    expect(is).toHaveLength(was.length);
    expect([...is.keys()].filter((i) => is[i] !== was[i])).toEqual([offset]);
    expect([was[offset], is[offset]].map((byte) => String.fromCharCode(byte ?? 0))).toEqual([before, after]);
    const entries = decodeEntryBundle(is).map((bytes) => Buffer.from(bytes).toString());
    const originals = decodeEntryBundle(was).map((bytes) => Buffer.from(bytes).toString());
    expect([...entries.keys()].filter((i) => entries[i] !== originals[i])).toEqual([index % 256]);
  });
});

describe('a forged receipt', () => {
  test.each([
    ['0.0476', '0.0477'],
    ['0.0479', '0.0478'],
    ['0.5', '0.6'],
  ])('has score %s as %s and all else as it was', (before, after) => {
    expect(forgeScore(receipt(before))).toEqual({ receipt: receipt(after), before, after });
  });

  test('needs a score', () => {
    expect(() => forgeScore(receipt('"none"'))).toThrow('no score');
  });
});
