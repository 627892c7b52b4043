import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fromBase64, fromHex, toHex, utf8 } from '../../src/core/bytes.ts';
import { openCheckpoint } from '../../src/core/checkpoint.ts';
import { verifyConsistency } from '../../src/core/consistency-proof.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { parseReceipt } from '../../src/core/receipt.ts';
import { parseTlogProof, verifyTlogProof } from '../../src/core/tlog-proof.ts';
import { verifyReceipt } from '../../src/core/verify-receipt.ts';
import { parseVkey, type VerifierKey } from '../../src/core/vkey.ts';
import { asKept, prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { checkpointOf } from './verified-log.ts';

const IDS = Array.from({ length: 40 }, (_, n) => `read-${n}`);

let service: TestService;
let vkey: VerifierKey;
let places: Map<string, { index: number; leafHash: string; time: string }>;

const get = (path: string, by = 'auditor'): Promise<Answer> => service.call('GET', path, by);

beforeAll(async () => {
  service = await startTestService();
  vkey = parseVkey((await get('/logs/default/vkey')).text.trimEnd());
  places = new Map();
  // One after another, so that many sizes are published.
  for (const id of IDS) {
    const { json } = await service.call('POST', '/v1/predictions?receipt=true', 'producer', prediction(id));
    places.set(id, json as never);
  }
});
afterAll(() => service.close());

const place = (id: string): { index: number; leafHash: string; time: string } => places.get(id) as never;

describe('GET /v1/predictions/{id}', () => {
  test('gives the prediction with its place, who handed it in and by which rule', async () => {
    const { status, json } = await get('/v1/predictions/read-7');
    const { index, time, leafHash: leaf } = place('read-7');
    expect(status).toBe(200);
    expect(json).toEqual({
      id: 'read-7', index, time, leafHash: leaf, contract: 'default@1.0.0', principal: expect.stringMatching(/^prn_[0-9a-f]{24}$/),
      rule: 'producer-appends-predictions', prediction: { ...asKept(prediction('read-7')), handling: { tokenized: ['/inputs/city', '/output/label'] } },
    });
  });

  test.each(['A', '01J.x:y~z@a+b=c-d_e', 'a'.repeat(128), '0'])('finds an id of odd characters: %s', async (id) => {
    expect((await service.call('POST', '/v1/predictions', 'producer', prediction(id))).status).toBe(201);
    const found = await get(`/v1/predictions/${encodeURIComponent(id)}`);
    expect([found.status, found.json['id']]).toEqual([200, id]);
  });

  test.each(['nowhere', 'READ-7', 'read-7%20', 'read-7%2Freceipt', 'a%00b', '%2e%2e', "x'--", '%F0%9F%99%82', 'a'.repeat(129), '%25'])(
    '%s is 404',
    async (path) => {
      for (const part of ['', '/receipt', '/proof']) {
        const answer = await get(`/v1/predictions/${path}${part}`);
        expect([answer.status, answer.json['code']]).toEqual([404, 'not-found']);
      }
    },
  );
});

describe('receipt and proof', () => {
  test('of every prediction verify offline', async () => {
    for (const id of IDS) {
      const receipt = await get(`/v1/predictions/${id}/receipt`);
      expect(verifyReceipt(parseReceipt(receipt.text), vkey)).toMatchObject({ index: place(id).index, type: 'prediction' });
      const proof = await get(`/v1/predictions/${id}/proof`);
      expect(proof.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(verifyTlogProof(parseTlogProof(proof.text), fromHex(place(id).leafHash), vkey).size).toBeGreaterThan(place(id).index);
    }
  });

  test('of another prediction do not', async () => {
    const proof = parseTlogProof((await get('/v1/predictions/read-3/proof')).text);
    expect(() => verifyTlogProof(proof, fromHex(place('read-4').leafHash), vkey)).toThrow();
  });
});

describe('GET /v1/log/entries/{index}', () => {
  test('gives the exact text of every entry, and its leaf hash', async () => {
    const size = Number((await get('/v1/log')).json['size']);
    for (let index = 0; index < size; index++) {
      const { json } = await get(`/v1/log/entries/${index}`);
      expect(json).toEqual({ index, entry: expect.any(String), leafHash: toHex(leafHash(utf8(json['entry'] as string))) });
    }
    expect((await get(`/v1/log/entries/${size}`)).status).toBe(404);
    expect((await get('/v1/log/entries/9007199254740991')).status).toBe(404);
  });

  test.each(['-1', '01', '1.0', '1e1', '9007199254740992', '0x1', '%00', '1%20', 'NaN'])('%s is no index', async (index) => {
    const answer = await get(`/v1/log/entries/${index}`);
    expect([answer.status, answer.json['code']]).toEqual([422, 'invalid-query']);
  });
});

describe('checkpoints and consistency', () => {
  test('every published checkpoint is kept by its size, and all of them are consistent', async () => {
    const newest = openCheckpoint(await checkpointOf(service, 'default', undefined, IDS.length), vkey);
    const kept = [];
    for (let size = 0; size <= newest.size; size++) {
      const { status, text, headers } = await get(`/v1/log/checkpoints/${size}`);
      if (status === 404) continue;
      expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
      kept.push(openCheckpoint(text, vkey));
      expect(kept.at(-1)?.size).toBe(size);
    }
    expect(kept.length).toBeGreaterThan(IDS.length);
    for (const older of kept) {
      const { json } = await get(`/v1/log/consistency?from=${older.size}&to=${newest.size}`);
      expect(json).toMatchObject({ from: older.size, to: newest.size });
      const path = (json['path'] as string[]).map(fromBase64);
      verifyConsistency({ from: older.size, to: newest.size, fromRoot: older.root, toRoot: newest.root, path });
    }
  });

  test.each(['from=2&to=1', 'from=0&to=9007199254740991', 'from=0', 'to=1', '', 'from=a&to=1', 'from=1&from=2&to=3', 'from=-1&to=1', 'from=1.5&to=3', "from=1'&to=3"])(
    'consistency?%s is refused',
    async (query) => {
      const answer = await get(`/v1/log/consistency?${query}`);
      expect([answer.status, answer.json['code']]).toEqual([422, 'invalid-query']);
    },
  );
});

describe('GET /v1/log', () => {
  test('describes the log', async () => {
    const { json } = await get('/v1/log');
    expect(json).toMatchObject({ log: 'default', origin: 'prediction-ledger.local/logs/default', open: true, keys: [{ firstIndex: 0 }], size: expect.any(Number) });
    expect(json['stopped']).toBeUndefined();
    expect(openCheckpoint(json['checkpoint'] as string, vkey).origin).toBe(json['origin']);
  });
});

describe('who may do what', () => {
  const paths = ['', '/read-1', '/read-1/receipt', '/read-1/proof'].map((path) => `/v1/predictions${path}`);
  test.each([
    ['producer', [403, 403, 403, 200], 200, 201],
    ['auditor', [200, 200, 200, 200], 200, 403],
    ['compliance-officer', [200, 403, 403, 200], 200, 403],
    ['privacy-officer', [200, 200, 403, 403], 200, 403],
    ['privacy-officer-2', [200, 200, 403, 403], 200, 403],
    ['model-approver', [200, 403, 403, 403], 200, 403],
    ['operator', [403, 403, 403, 403], 200, 403],
    ['admin', [403, 403, 403, 403], 200, 403],
  ])('%s', async (role, reads, log, append) => {
    const statuses = [];
    for (const path of paths) statuses.push((await get(path, role)).status);
    expect(statuses).toEqual(reads);
    expect((await get('/v1/log', role)).status).toBe(log);
    const posted = await service.call('POST', '/v1/predictions', role, prediction(`by-${role}`));
    expect(posted.status).toBe(append);
    if (append === 403) expect(posted.json).toMatchObject({ code: 'forbidden', detail: `No rule lets the role ${role.replace('-2', '')} append a prediction.` });
  });
});
