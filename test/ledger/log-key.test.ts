import { mkdtemp, readFile, rm, stat, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatCheckpointText, openCheckpoint } from '../../src/core/checkpoint.ts';
import { EMPTY_ROOT } from '../../src/core/merkle-tree.ts';
import { signNote } from '../../src/core/signed-note.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { LogKeyFolder } from '../../src/ledger/log-key.ts';

const ORIGIN = 'ledger.example/logs/default';

let dataDir: string;
let keys: LogKeyFolder;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'pl-log-keys-'));
  keys = new LogKeyFolder(dataDir);
});
afterEach(() => rm(dataDir, { recursive: true }));

describe('LogKeyFolder', () => {
  test('has no key until it makes one, and then gives the same', async () => {
    expect(await keys.read('default', ORIGIN)).toBeUndefined();
    const made = await keys.readOrCreate('default', ORIGIN);
    expect((await keys.readOrCreate('default', ORIGIN)).vkey).toBe(made.vkey);
    expect((await new LogKeyFolder(dataDir).read('default', ORIGIN))?.vkey).toBe(made.vkey);
    expect((await keys.readOrCreate('other', 'ledger.example/logs/other')).vkey).not.toBe(made.vkey);
  });

  test('keeps keys from others, and takes them back from them', async () => {
    await keys.readOrCreate('default', ORIGIN);
    const path = keys.path('default');
    const modes = async () => [(await stat(join(dataDir, 'log-keys'))).mode & 0o777, (await stat(path)).mode & 0o777];
    expect(await modes()).toEqual([0o700, 0o600]);
    expect(await readFile(path, 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    await chmod(path, 0o644);
    await keys.read('default', ORIGIN);
    expect(await modes()).toEqual([0o700, 0o600]);
  });

  test('signs what the vkey verifies', async () => {
    const { signer, vkey } = await keys.readOrCreate('default', ORIGIN);
    const note = await signNote(formatCheckpointText({ origin: ORIGIN, size: 0, root: EMPTY_ROOT, extensions: [] }), [signer]);
    expect(openCheckpoint(note, parseVkey(vkey))).toMatchObject({ origin: ORIGIN, size: 0 });
    const again = await signNote(formatCheckpointText({ origin: ORIGIN, size: 0, root: EMPTY_ROOT, extensions: [] }), [signer]);
    expect(again).toBe(note);
  });
});
