import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { checkLog, type LogCheckOptions } from '../../src/cli/verify-log.ts';
import type { LogReport } from '../../src/cli/verify-log-report.ts';
import { openSource } from '../../src/cli/verify-source.ts';
import { CannotCheck, NotValid } from '../../src/cli/verify-verdict.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { CoreError } from '../../src/core/core-error.ts';
import { decodeEntryBundle, encodeEntryBundle } from '../../src/core/entry-bundle.ts';
import { encodeEntry, type Entry, parseEntry } from '../../src/core/entry.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { ED25519, formatVkey, keyId, parseVkey } from '../../src/core/vkey.ts';
import { installNativeSha256 } from '../../src/ledger/native-sha256.ts';
import { SampleLog } from '../core/sample-log.ts';
import { testSigner } from '../core/test-signer.ts';
import { LogFolder } from './log-folder.ts';

installNativeSha256();

const log = SampleLog.of(600);
const BUNDLE_1 = 'tile/entries/001';
const TILE_1 = 'tile/0/001';
const FUTURE = '2027-01-01T00:00:00.000Z';
const LAST_BUNDLE = 'tile/entries/002.p/88';

async function check(folder: LogFolder | string, options: Partial<LogCheckOptions> = {}): Promise<LogReport> {
  const source = openSource(folder instanceof LogFolder ? folder.path : folder, undefined);
  return checkLog({ source, key: log.signer.key, earlier: [], fromCheckpoint: false, ...options });
}

/** What became of a check: the report, or the code and index of the refusal. */
async function verdict(folder: LogFolder, options: Partial<LogCheckOptions> = {}): Promise<unknown> {
  try {
    return await check(folder, options);
  } catch (error) {
    if (error instanceof NotValid) return [error.code, error.index];
    if (error instanceof CoreError) return [error.code];
    if (error instanceof CannotCheck) return 'cannot check';
    throw error;
  }
}

/** Changes a bundle by its entries. */
function entries(make: (list: Uint8Array[]) => Uint8Array[]): (bytes: Buffer) => Uint8Array {
  return (bytes) => encodeEntryBundle(make(decodeEntryBundle(bytes)));
}

/** The entry with other members: well-formed in every respect. */
function changed(entry: Uint8Array, change: Partial<Entry>): Uint8Array {
  return encodeEntry({ ...parseEntry(entry), ...change });
}

function forged(entry: Uint8Array): Uint8Array {
  return changed(entry, { commitment: 'ef'.repeat(32) });
}

/** A bundle with its tenth entry replaced. */
function tenth(make: (entry: Uint8Array) => Uint8Array): (list: Uint8Array[]) => Uint8Array[] {
  return (list) => replaced(list, 9, make);
}

function swapped(list: Uint8Array[]): Uint8Array[] {
  return list.with(9, at(list, 10)).with(10, at(list, 9));
}

function text(pattern: RegExp, other: string): (bytes: Buffer) => Uint8Array {
  return (bytes) => Buffer.from(bytes.toString().replace(pattern, other));
}

function at<T>(list: T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`there is no item ${index}`);
  return item;
}

function replaced<T>(list: T[], index: number, make: (item: T) => T): T[] {
  return list.with(index, make(at(list, index)));
}

/** The log written anew from an entry on, the entries before it kept. */
function rewritten(from: number, size: number, signer = log.signer): SampleLog {
  const copy = new SampleLog(log.origin, signer);
  for (let i = 0; i < size; i++) copy.append(i === from ? { body: { id: 'rewritten' } } : {});
  return copy;
}

describe('a log that holds', () => {
  test.each([0, 1, 2, 255, 256, 257, 512, 600])('of %d entries', async (size) => {
    const report = await check(await LogFolder.of(log, size));
    expect(report).toMatchObject({ kind: 'log', origin: log.origin, size, from: 0, checkpoints: [] });
    expect(report.time).toBe(size === 0 ? '' : parseEntry(at(log.entries, size - 1)).time);
    // Every tile of that size was compared.
    expect(report.tiles).toBe(Math.ceil(size / 256) + (size >= 256 ? 1 : 0));
    expect(report.notProved.some((sentence) => sentence.includes('--checkpoint'))).toBe(true);
  });

  test('with checkpoints kept from earlier, in any order', async () => {
    const earlier = await Promise.all([300, 0, 256, 600, 1, 300].map(async (size) => log.checkpoint(size)));
    const report = await check(await LogFolder.of(log), { earlier });
    expect(report.checkpoints).toEqual([0, 1, 256, 300, 300, 600]);
    expect(report.proved.at(-1)).toMatch(/only grown since .* 0, 1, 256, 300, 300, 600 entries/);
  });

  test.each([0, 1, 100, 255, 256, 257, 300, 511, 599, 600])('from a checkpoint over %d entries', async (size) => {
    const earlier = [await log.checkpoint(size), await log.checkpoint(Math.floor(size / 2))];
    const report = await check(await LogFolder.of(log), { earlier, fromCheckpoint: true });
    expect(report).toMatchObject({ size: 600, from: size, time: parseEntry(at(log.entries, 599)).time });
    expect(report.checkpoints).toContain(size);
  });

  test('that signs with a key of node:crypto', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32));
    const name = 'native.example/logs/default';
    const vkey = formatVkey(name, ED25519, raw);
    const signer = {
      ...testSigner(name),
      keyId: keyId(name, ED25519, raw),
      sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
    };
    const native = new SampleLog(name, signer);
    for (let i = 0; i < 5; i++) native.append();
    expect((await check(await LogFolder.of(native), { key: parseVkey(vkey) })).size).toBe(5);
  });

  test('that has grown past its partial tiles and dropped them', async () => {
    const folder = await LogFolder.of(log, 520);
    // What has no full form yet stays.
    await folder.write('tile/1/000.p/1', (await folder.read('tile/1/000.p/2')).subarray(0, 32));
    await folder.write('checkpoint', await log.checkpoint(300));
    expect((await check(folder)).size).toBe(300);
  });

  test('of three levels of tiles', async () => {
    const long = SampleLog.of(66_000);
    const folder = await LogFolder.of(long);
    const kept = await long.checkpoint(65_536);
    expect(await check(folder, { earlier: [kept] })).toMatchObject({ size: 66_000, tiles: 258 + 2 + 1 });
    const options = { earlier: [kept], fromCheckpoint: true };
    expect(await check(folder, options)).toMatchObject({ from: 65_536, tiles: 2 + 1 });
    await folder.change('tile/2/000.p/1', (bytes) => bytes.fill(0));
    expect(await verdict(folder)).toEqual(['tile-wrong', 0]);
  }, 60_000);
});

describe('a log that was changed in its copy', () => {
  test.each([0, 1, 254, 255])('entry %d of the second bundle forged', async (place) => {
    const folder = await LogFolder.of(log);
    await folder.change(BUNDLE_1, entries((list) => replaced(list, place, forged)));
    expect(await verdict(folder)).toEqual(['inclusion-invalid', 256 + place]);
  });

  test('the last entry forged', async () => {
    const folder = await LogFolder.of(log);
    await folder.change(LAST_BUNDLE, entries((list) => replaced(list, 87, forged)));
    expect(await verdict(folder)).toEqual(['inclusion-invalid', 599]);
  });

  test('an entry forged and its leaf hash in the tile too', async () => {
    const folder = await LogFolder.of(log);
    const entry = forged(at(log.entries, 300));
    await folder.change(BUNDLE_1, entries((list) => replaced(list, 44, () => entry)));
    await folder.change(TILE_1, (bytes) => {
      bytes.set(leafHash(entry), 44 * 32);
      return bytes;
    });
    expect(await verdict(folder)).toEqual(['chain-broken', 300]);
  });

  test('the last entry forged and its leaf hash in the tile too', async () => {
    const folder = await LogFolder.of(log);
    const entry = forged(at(log.entries, 599));
    await folder.change(LAST_BUNDLE, entries((list) => replaced(list, 87, () => entry)));
    await folder.change('tile/0/002.p/88', (bytes) => Buffer.concat([bytes.subarray(0, 87 * 32), leafHash(entry)]));
    expect(await verdict(folder)).toEqual(['root-mismatch', undefined]);
    expect(await verdict(folder, { earlier: [await log.checkpoint(599)] })).toEqual(['root-mismatch', undefined]);
    await expect(check(folder, { earlier: [await log.checkpoint(599)] })).rejects.toThrow('from 599 to 599');
  });

  test.each<[string, string, (list: Uint8Array[]) => Uint8Array[], unknown]>([
    ['two entries swapped', BUNDLE_1, swapped, ['chain-broken', 265]],
    ['an entry taken out', BUNDLE_1, (list) => list.toSpliced(9, 1), ['bundle-malformed', 511]],
    ['the last entry taken out', LAST_BUNDLE, (list) => list.slice(0, -1), ['bundle-malformed', 599]],
    ['an entry put in', LAST_BUNDLE, (list) => [...list, at(list, 0)], ['bundle-malformed', 600]],
    ['an entry doubled over another', BUNDLE_1, (list) => list.with(9, at(list, 8)), ['chain-broken', 265]],
    ['an entry emptied', BUNDLE_1, tenth(() => new Uint8Array()), ['json-syntax', 265]],
    ['an entry with a blank', BUNDLE_1, tenth((e) => Uint8Array.of(...e, 0x20)), ['entry-not-canonical', 265]],
    ['an entry of another log', BUNDLE_1, tenth((e) => changed(e, { origin: 'x' })), ['origin-mismatch', 265]],
    ['an entry from the future', BUNDLE_1, tenth((e) => changed(e, { time: FUTURE })), ['inclusion-invalid', 265]],
  ])('%s', async (_, path, make, expected) => {
    const folder = await LogFolder.of(log);
    await folder.change(path, entries(make));
    expect(await verdict(folder)).toEqual(expected);
  });

  test.each<[string, string, (bytes: Buffer) => Uint8Array, unknown]>([
    ['a bundle cut short', BUNDLE_1, (bytes) => bytes.subarray(0, -1), ['bundle-malformed', 256]],
    ['a bundle emptied', BUNDLE_1, () => Buffer.alloc(0), ['bundle-malformed', 256]],
    ['a bundle of zeros', BUNDLE_1, (bytes) => bytes.fill(0), ['bundle-malformed', 256]],
    ['a leaf hash', TILE_1, (bytes) => bytes.fill(0, 32, 64), ['tile-wrong', 257]],
    ['a hash of level 1', 'tile/1/000.p/2', (bytes) => bytes.fill(0, 32, 64), ['tile-wrong', 256]],
    ['a tile cut short', TILE_1, (bytes) => bytes.subarray(0, -32), ['tile-malformed', 256]],
    ['a tile too long', 'tile/0/002.p/88', (bytes) => Buffer.concat([bytes, bytes]), ['tile-malformed', 512]],
    ['the checkpoint’s size', 'checkpoint', text(/\n600\n/, '\n599\n'), ['note-signature-invalid']],
    ['the checkpoint’s origin', 'checkpoint', text(/^ledger/, 'Ledger'), ['note-signature-invalid']],
    ['the checkpoint’s signature line', 'checkpoint', text(/\n— .*\n$/, '\n'), ['note-malformed']],
    ['the checkpoint’s UTF-8', 'checkpoint', (bytes) => bytes.fill(0xff, 3, 4), ['encoding-utf8']],
  ])('%s', async (_, path, make, expected) => {
    const folder = await LogFolder.of(log);
    await folder.change(path, make);
    expect(await verdict(folder)).toEqual(expected);
  });

  test('says that the tile is wrong, not the entry, where the signature says so', async () => {
    const folder = await LogFolder.of(log);
    await folder.change(TILE_1, (bytes) => bytes.fill(0, 32, 64));
    await expect(check(folder)).rejects.toThrow('entry 257 and tile/0/001 differ: the entry was signed');
  });

  test.each([BUNDLE_1, TILE_1, 'tile/1/000.p/2', 'checkpoint'])('without %s nothing can be said', async (path) => {
    const folder = await LogFolder.of(log);
    await folder.remove(path);
    expect(await verdict(folder)).toBe('cannot check');
  });

  test('a file that is larger than it could rightly be is not read', async () => {
    const folder = await LogFolder.of(log, 3);
    await folder.change('tile/0/000.p/3', () => Buffer.alloc(8193));
    expect(await verdict(folder)).toBe('cannot check');
  });
});

describe('a log that was written anew', () => {
  test('without the key: the old checkpoint catches it', async () => {
    const folder = await LogFolder.of(rewritten(400, 600));
    await folder.write('checkpoint', await log.checkpoint());
    expect(await verdict(folder)).toEqual(['root-mismatch', undefined]);
    await expect(check(folder, { earlier: [await log.checkpoint(300)] })).rejects.toThrow('from 300 to 599');
  });

  test('with the key: a checkpoint that somebody kept catches it, and says between which sizes', async () => {
    const folder = await LogFolder.of(rewritten(400, 600));
    expect(await verdict(folder)).toMatchObject({ size: 600 });
    const kept = await Promise.all([100, 390, 450, 500].map(async (size) => log.checkpoint(size)));
    expect(await verdict(folder, { earlier: kept })).toEqual(['root-mismatch', undefined]);
    await expect(check(folder, { earlier: kept })).rejects.toThrow('the first bad index lies from 390 to 449');
    expect(await verdict(folder, { earlier: kept, fromCheckpoint: true })).toEqual(['root-mismatch', undefined]);
    expect(await verdict(folder, { earlier: kept.slice(0, 2), fromCheckpoint: true })).toMatchObject({ from: 390 });
  });

  test('and cut: an earlier checkpoint over more entries catches it', async () => {
    const folder = await LogFolder.of(log, 500);
    expect(await verdict(folder, { earlier: [await log.checkpoint(600)] })).toEqual(['size-mismatch', 500]);
    const options = { earlier: [await log.checkpoint(501)], fromCheckpoint: true };
    expect(await verdict(folder, options)).toEqual(['size-mismatch', 500]);
  });

  test('two checkpoints of one size over different trees are a fork', async () => {
    const folder = await LogFolder.of(log);
    const fork = await rewritten(10, 300).checkpoint();
    const earlier = [await log.checkpoint(300), fork];
    await expect(check(folder, { earlier })).rejects.toThrow(/two checkpoints of one size/);
    const options = { earlier: [fork, await log.checkpoint(400)], fromCheckpoint: true };
    expect(await verdict(folder, options)).toEqual(['consistency-invalid']);
  });

  test.each<[string, (copy: SampleLog) => void, unknown]>([
    ['time that goes back', (copy) => copy.append({ time: '2026-11-21T00:00:00.000Z' }), ['time-went-backwards', 20]],
    ['an entry that is no JSON', (copy) => copy.appendBytes(utf8('entry')), ['json-syntax', 20]],
    ['the same entry twice', (copy) => copy.appendBytes(at(copy.entries, 19)), ['chain-broken', 20]],
    ['an entry of another chain', (copy) => copy.appendBytes(at(rewritten(3, 21).entries, 20)), ['chain-broken', 20]],
  ])('a signature does not make good %s', async (_, spoil, expected) => {
    const copy = SampleLog.of(20);
    spoil(copy);
    for (let i = 0; i < 5; i++) copy.append();
    expect(await verdict(await LogFolder.of(copy))).toEqual(expected);
  });

  test.each([1, 2])('from a checkpoint, what came before is not read, and what came after is', async (bundle) => {
    const folder = await LogFolder.of(log);
    const options = { earlier: [await log.checkpoint(500)], fromCheckpoint: true };
    await folder.change(bundle === 1 ? 'tile/entries/000' : LAST_BUNDLE, entries((list) => replaced(list, 7, forged)));
    if (bundle === 1) expect(await verdict(folder, options)).toMatchObject({ from: 500 });
    else expect(await verdict(folder, options)).toEqual(['inclusion-invalid', 519]);
  });

  test('from a checkpoint, the last entry under it is proved, for the chain goes on from there', async () => {
    const folder = await LogFolder.of(log);
    const options = { earlier: [await log.checkpoint(500)], fromCheckpoint: true };
    await folder.change(BUNDLE_1, entries((list) => replaced(list, 243, forged)));
    expect(await verdict(folder, options)).toEqual(['inclusion-invalid']);
  });
});

describe('keys and checkpoints of others', () => {
  test('are refused', async () => {
    const folder = await LogFolder.of(log, 10);
    const stranger = testSigner(log.origin, 'stranger');
    expect(await verdict(folder, { key: stranger.key })).toEqual(['note-unsigned']);
    expect(await verdict(folder, { earlier: [await log.checkpoint(5, stranger)] })).toEqual(['note-unsigned']);
    expect(await verdict(folder, { earlier: ['junk'] })).toEqual(['note-malformed']);
    expect(await verdict(folder, { fromCheckpoint: true })).toBe('cannot check');
    await expect(check('/nowhere/at/all')).rejects.toThrow(CannotCheck);
    await expect(check(folder.file('checkpoint'))).rejects.toThrow('neither a URL nor a folder');
  });
});
