import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { decodeEntryBundle, encodeEntryBundle } from '../../src/core/entry-bundle.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { parseReceipt } from '../../src/core/receipt.ts';
import { entriesPath, tilePath } from '../../src/core/tile.ts';
import { verifyReceipt as verifyByCore } from '../../src/core/verify-receipt.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { SampleLog } from '../core/sample-log.ts';
import { verifyLog, verifyReceipt } from './independent-verifier.ts';

interface Vector {
  vkey: string;
  checkpoint: string;
  earlierCheckpoint: string;
  resources: Record<string, string>;
  receipt: Record<string, string>;
  erasedReceipt: { entry: string; proof: string; erasure: Record<string, unknown> };
}
const vector = JSON.parse(readFileSync('test/vectors/spec-example.json', 'utf8')) as Vector;

function resources(): Map<string, Buffer> {
  const map = Object.entries(vector.resources).map(([path, hex]): [string, Buffer] => [path, Buffer.from(hex, 'hex')]);
  return new Map([...map, ['checkpoint', Buffer.from(vector.checkpoint)]]);
}

/** Whether both verifiers accept; throws when they differ. */
function bothAccept(receipt: string): boolean {
  const accepts = (verify: () => unknown): boolean => {
    try {
      verify();
      return true;
    } catch {
      return false;
    }
  };
  const core = accepts(() => verifyByCore(parseReceipt(receipt), parseVkey(vector.vkey)));
  const independent = accepts(() => verifyReceipt(receipt, vector.vkey));
  if (core !== independent) throw new Error(`core ${core}, independent ${independent}: ${receipt}`);
  return core;
}

describe('a verifier written from docs/spec alone', () => {
  test('verifies the example receipts', () => {
    expect(verifyReceipt(JSON.stringify(vector.receipt), vector.vkey)).toEqual({ index: 3, erased: false });
    expect(verifyReceipt(JSON.stringify(vector.erasedReceipt), vector.vkey)).toEqual({ index: 4, erased: true });
  });

  test('verifies the example log', () => {
    expect(verifyLog(resources(), vector.vkey, [vector.earlierCheckpoint])).toEqual({ size: 9 });
  });

  test('verifies a log of more than one tile', async () => {
    const log = SampleLog.of(700);
    const map = new Map([['checkpoint', Buffer.from(await log.checkpoint())]]);
    for (let index = 0; index * 256 < log.size; index++) {
      const entries = log.entries.slice(index * 256, (index + 1) * 256);
      const width = entries.length;
      map.set(entriesPath({ index, width }), Buffer.from(encodeEntryBundle(entries)));
      map.set(tilePath({ level: 0, index, width }), Buffer.concat(entries.map(leafHash)));
    }
    const earlier = [await log.checkpoint(1), await log.checkpoint(300)];
    expect(verifyLog(map, log.signer.vkey, earlier)).toEqual({ size: 700 });
  });

  test('refuses the example log with any entry changed, left out or swapped, and another tile or checkpoint', () => {
    const path = entriesPath({ index: 0, width: 9 });
    const entries = decodeEntryBundle(resources().get(path) as Buffer);
    const withEntries = (list: Uint8Array[]) => resources().set(path, Buffer.from(encodeEntryBundle(list)));
    for (let i = 0; i < entries.length; i++) {
      const changed = Buffer.from(entries[i] as Uint8Array);
      changed[20] = changed[20] === 0x30 ? 0x31 : 0x30; // a digit of the commitment
      expect(() => verifyLog(withEntries(entries.toSpliced(i, 1, changed)), vector.vkey)).toThrow();
      expect(() => verifyLog(withEntries(entries.toSpliced(i, 1)), vector.vkey)).toThrow();
      if (i === 0) continue;
      const swapped = entries.toSpliced(i - 1, 2, entries[i] as Uint8Array, entries[i - 1] as Uint8Array);
      expect(() => verifyLog(withEntries(swapped), vector.vkey)).toThrow();
    }
    const tile = tilePath({ level: 0, index: 0, width: 9 });
    expect(() => verifyLog(resources().set(tile, Buffer.alloc(288)), vector.vkey)).toThrow('the tile');
    const other = Buffer.from(vector.checkpoint.replace('\n9\n', '\n8\n'));
    expect(() => verifyLog(resources().set('checkpoint', other), vector.vkey)).toThrow('the signature verifies');
    const forked = SampleLog.of(7, 'ledger.example/logs/example');
    return expect(
      forked.checkpoint().then((note) => verifyLog(resources(), vector.vkey, [note])),
    ).rejects.toThrow('signed by the key');
  });

  test.each(['receipt', 'erasedReceipt'] as const)('agrees with core on changed characters of the %s', (name) => {
    const text = JSON.stringify(vector[name]);
    expect(bothAccept(text)).toBe(true);
    let refused = 0;
    let tried = 0;
    for (let i = 0; i < text.length; i += 5) {
      for (const other of ['0', '}']) {
        if (text[i] === other) continue;
        tried += 1;
        if (!bothAccept(text.slice(0, i) + other + text.slice(i + 1))) refused += 1;
      }
    }
    expect(refused).toBe(tried);
  });

  test('agrees with core on receipts of another shape', () => {
    const { receipt, erasedReceipt } = vector;
    const { erasure } = erasedReceipt;
    const texts = [
      {},
      null,
      [],
      { ...receipt, extra: '' },
      { ...receipt, salt: undefined },
      { ...receipt, salt: receipt['salt']?.toUpperCase() },
      { ...receipt, payload: ` ${receipt['payload']}` },
      { ...receipt, payload: receipt['payload']?.replace('"v":1', '"v":2') },
      { ...receipt, entry: erasedReceipt.entry },
      { ...receipt, proof: erasedReceipt.proof },
      { ...receipt, proof: `${receipt['proof']}\n` },
      { ...receipt, erasure },
      { ...erasedReceipt, proof: receipt['proof'] },
      { ...erasedReceipt, entry: receipt['entry'], proof: receipt['proof'] },
      { ...erasedReceipt, erasure: receipt },
      { ...erasedReceipt, erasure: { ...receipt, indices: [4] } },
      ...[[], [3], [3, 4], [4, 3], [4, 4], ['4'], [4.5], '4', null].map((indices) => ({
        ...erasedReceipt,
        erasure: { ...erasure, indices },
      })),
      { ...erasedReceipt, entry: erasure['entry'], proof: erasure['proof'] },
    ].map((value) => JSON.stringify(value));
    const good = JSON.stringify(receipt);
    const broken = ['', '{', `${good} x`, good.replace('{', '{"salt":"",'), good.replace('{', '{"s\\u0061lt":"",')];
    for (const text of [...broken, ...texts]) expect(bothAccept(text)).toBe(false);
    const spelled = [` ${good}\n`, JSON.stringify(receipt, null, 2), good.replace('"salt"', '"s\\u0061lt"')];
    for (const text of spelled) expect(bothAccept(text)).toBe(true);
  });
});
