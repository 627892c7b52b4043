import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openCheckpoint, type Checkpoint } from '../../src/core/checkpoint.ts';
import { decodeEntryBundle } from '../../src/core/entry-bundle.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { tileHashReader } from '../../src/core/tile-hash-reader.ts';
import { entriesPath, tilePath, tileWidth } from '../../src/core/tile.ts';
import { treeRoot } from '../../src/core/tree-root.ts';
import { parseVkey, type VerifierKey } from '../../src/core/vkey.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { checkpointOf, verifiedLog } from './verified-log.ts';

const COUNT = 600;
const BYTES = 'application/octet-stream';
const IMMUTABLE = 'public, max-age=31536000, immutable';

let service: TestService;
let vkey: VerifierKey;
let checkpoint: Checkpoint;

const get = (path: string): Promise<Answer> => service.call('GET', `/logs/default/${path}`);

beforeAll(async () => {
  service = await startTestService();
  const records = Array.from({ length: COUNT }, (_, n) => prediction(`tlog-${n}`));
  await service.call('POST', '/v1/predictions/batch', 'producer', records);
  vkey = parseVkey((await get('vkey')).text.trimEnd());
  checkpoint = openCheckpoint(await checkpointOf(service, 'default', undefined, COUNT), vkey);
});
afterAll(() => service.close());

describe('an open log, to anybody', () => {
  test('checkpoint: a signed note, to be asked for anew each time', async () => {
    const { headers, text } = await get('checkpoint');
    expect([headers.get('content-type'), headers.get('cache-control')]).toEqual(['text/plain; charset=utf-8', 'public, no-cache']);
    expect(openCheckpoint(text, vkey)).toEqual(checkpoint);
    expect(checkpoint.origin).toBe('prediction-ledger.local/logs/default');
  });

  test('vkey and vkeys name the same key', async () => {
    const one = await get('vkey');
    const all = await get('vkeys');
    expect([one.headers.get('content-type'), all.headers.get('content-type')]).toEqual(['text/plain; charset=utf-8', 'application/json; charset=utf-8']);
    expect(all.json).toEqual({ keys: [{ vkey: one.text.trimEnd(), firstIndex: 0 }] });
  });

  test('tiles, full and partial, give the tree of the checkpoint', async () => {
    const fetched: string[] = [];
    const root = await treeRoot(
      checkpoint.size,
      tileHashReader(checkpoint.size, async (tile) => {
        const { status, headers, bytes } = await get(tilePath(tile));
        expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([200, BYTES, IMMUTABLE]);
        expect(bytes).toHaveLength(tile.width * 32);
        fetched.push(tilePath(tile));
        return bytes;
      }),
    );
    expect(Buffer.from(root)).toEqual(Buffer.from(checkpoint.root));
    expect(fetched).toEqual(expect.arrayContaining(['tile/1/000.p/2']));
  });

  test('entry bundles hold what the level 0 tiles hash', async () => {
    for (let index = 0; index <= 2; index++) {
      const width = tileWidth(0, index, checkpoint.size);
      const tile = await get(tilePath({ level: 0, index, width }));
      const bundle = await get(entriesPath({ index, width }));
      expect([bundle.headers.get('content-type'), bundle.headers.get('cache-control')]).toEqual([BYTES, IMMUTABLE]);
      expect(Buffer.concat(decodeEntryBundle(bundle.bytes).map(leafHash))).toEqual(tile.bytes);
    }
  });

  test('every width of a partial tile that was ever right stays right', async () => {
    for (const [level, index, full] of [[0, 0, 256], [0, 2, tileWidth(0, 2, checkpoint.size)], [1, 0, 2]] as const) {
      const whole = await get(tilePath({ level, index, width: full }));
      for (let width = 1; width < full; width += Math.max(1, Math.floor(full / 13))) {
        const part = await get(tilePath({ level, index, width }));
        expect(part.bytes).toEqual(whole.bytes.subarray(0, width * 32));
      }
    }
  });

  test('HEAD says what GET gives', async () => {
    for (const path of ['checkpoint', 'tile/0/000', 'tile/entries/000', 'vkey']) {
      const head = await service.call('HEAD', `/logs/default/${path}`);
      const whole = await get(path);
      expect([head.status, head.bytes.length, head.headers.get('content-length')]).toEqual([200, 0, String(whole.bytes.length)]);
      expect(head.headers.get('cache-control')).toBe(whole.headers.get('cache-control'));
    }
  });

  test('the whole log verifies', async () => {
    expect((await verifiedLog(service)).entries).toHaveLength(checkpoint.size);
  });
});

describe('404, never to be cached', () => {
  const width = (): number => tileWidth(0, 2, checkpoint.size);
  test.each([
    ['a full tile that is not full yet', () => 'tile/0/002'],
    ['a wider partial tile than was published', () => `tile/0/002.p/${width() + 1}`],
    ['the next tile', () => 'tile/0/003.p/1'],
    ['a tile far away', () => 'tile/0/x999/x999/x999/999'],
    ['the full tile above', () => 'tile/1/000'],
    ['a wider tile above', () => 'tile/1/000.p/3'],
    ['a tile of the highest level', () => 'tile/63/000.p/1'],
    ['a full bundle that is not full yet', () => 'tile/entries/002'],
    ['a wider bundle than was published', () => `tile/entries/002.p/${width() + 1}`],
  ])('beyond what is published: %s', async (_what, path) => {
    const answer = await get(path());
    expect([answer.status, answer.json['code'], answer.headers.get('cache-control')]).toEqual([404, 'not-found', 'no-store']);
  });

  test.each([
    'tile/0/000.p/0', 'tile/0/000.p/256', 'tile/0/000.p/01', 'tile/0/000.p/', 'tile/0/000.p', 'tile/0/0', 'tile/0/0000', 'tile/0/x000/000',
    'tile/0/000/', 'tile/00/000', 'tile/64/000', 'tile/-1/000', 'tile/0/', 'tile/', 'tile/0', 'tile/entries/', 'tile/entries/x', 'tile/Entries/000',
    'tile/0/000%2Fp', 'tile/0/000%00', 'tile/..%2Fcheckpoint', 'checkpoint/', 'vkey/x', 'Checkpoint', 'nothing', '',
  ])('wrong path: %s', async (path) => {
    const answer = await get(path);
    expect([answer.status, answer.json['code'], answer.headers.get('cache-control')]).toEqual([404, 'not-found', 'no-store']);
  });

  test('an encoded slash is a slash: it names the same tile', async () => {
    expect((await get('tile/0%2F000.p%2F1')).bytes).toEqual((await get('tile/0/000.p/1')).bytes);
  });

  test.each(['nowhere', 'DEFAULT', 'default%00', '%2e%2e', 'constructor', '__proto__', 'a'.repeat(500)])('no log of the name %s', async (name) => {
    for (const path of ['checkpoint', 'vkey', 'vkeys', 'tile/0/000']) {
      const answer = await service.call('GET', `/logs/${name}/${path}`);
      expect([answer.status, answer.json['code']]).toEqual([404, 'not-found']);
    }
  });
});
