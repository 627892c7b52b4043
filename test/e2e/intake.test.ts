import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fromUtf8, toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import { parseEntry } from '../../src/core/entry.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { parseReceipt } from '../../src/core/receipt.ts';
import { verifyReceipt } from '../../src/core/verify-receipt.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { asKept, prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const post = (body: unknown, query = ''): Promise<Answer> =>
  service.call('POST', `/v1/predictions${query}`, 'producer', body, { 'content-type': 'application/json' });

const sizeOf = async (): Promise<number> => Number((await service.call('GET', '/v1/log', 'auditor')).json['size']);

describe('POST /v1/predictions', () => {
  test('takes a prediction in and tells its place', async () => {
    const before = await sizeOf();
    const answer = await post(prediction('first-1'));
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      id: 'first-1',
      index: before,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      leafHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const { entries } = await verifiedLog(service, { atLeast: before + 1 });
    const bytes = entries[before] as Uint8Array;
    const entry = parseEntry(bytes);
    expect(toHex(leafHash(bytes))).toBe(answer.json['leafHash']);
    expect(entry).toMatchObject({ index: before, type: 'prediction', time: answer.json['time'] });
    expect(fromUtf8(bytes)).not.toContain('declined');
  });

  test('keeps every field that a prediction may have', async () => {
    const full = prediction('full-1', {
      subject: 'customer-8841',
      time: '2026-11-22T09:00:00.000Z',
      explanation: { method: 'shap', attributions: { income: 0.41 }, counterfactual: { income: 60_000 } },
      purpose: 'credit-decision',
      legalBasis: 'contract',
      parents: ['first-1'],
      features: [{ view: 'customer_v7', version: '7', asOf: '2026-11-22T08:00:00Z' }],
      deployment: 'live',
      producer: { seq: 1182 },
      trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      inputs: { text: 'line\nbreak "quoted" \\ 🙂 \u2028', list: [[], {}, null, true, 1e-7, -0.5, 1e21, 9007199254740991], '': 0, 'a/b~c': 1 },
    });
    expect((await post(full)).status).toBe(201);
    const kept = (await service.call('GET', '/v1/predictions/full-1', 'auditor')).json['prediction'];
    expect(kept).toEqual({ ...asKept(full), handling: { tokenized: ['/inputs/text', '/output/label'] } });
  });
});

describe('the same id again', () => {
  const first = prediction('again-1', { trace: 'trace-of-the-first' });
  let accepted: Answer;
  beforeAll(async () => {
    accepted = await post(first);
  });

  const { trace: _trace, ...untraced } = first;
  test.each([
    ['the same bytes', JSON.stringify(first)],
    ['white space', JSON.stringify(first, null, '\t')],
    ['another order of keys, at every level', JSON.stringify(reversed(first))],
    ['other spellings of the same numbers', JSON.stringify(first).replace('52000', '5.2e4').replace('41', '41.0').replace('0.81', '8.1E-1')],
    ['other spellings of the same text', JSON.stringify(first).replace('Zürich', String.raw`Z\u00fcrich`)],
    ['another trace', JSON.stringify({ ...first, trace: 'trace-of-the-retry' })],
    ['no trace', JSON.stringify(untraced)],
  ])('with %s gives the first answer with 200', async (_what, body) => {
    const before = await sizeOf();
    const again = await post(body);
    expect(again.status).toBe(200);
    expect(again.text).toBe(accepted.text);
    expect(await sizeOf()).toBe(before);
  });

  test.each([
    ['another value', { output: { score: 0.82, label: 'default' } }],
    ['one field more', { deployment: 'live' }],
    ['a number become text', { inputs: { age: '41', income: 52_000, city: 'Zürich' } }],
    ['a letter composed otherwise', { inputs: { age: 41, income: 52_000, city: 'Zu\u0308rich' } }],
    ['another version', { version: '3.2.1' }],
  ])('with %s is refused with 409, and nothing changes', async (_what, changes) => {
    const before = await sizeOf();
    const refused = await post({ ...first, ...changes });
    expect([refused.status, refused.json['code']]).toEqual([409, 'id-taken']);
    expect(await sizeOf()).toBe(before);
    expect((await service.call('GET', '/v1/predictions/again-1', 'auditor')).json).toMatchObject({ index: accepted.json['index'], prediction: asKept(first) });
    expect((await post(first)).text).toBe(accepted.text);
  });

  test('a hundred times at once is taken in once', async () => {
    const before = await sizeOf();
    const answers = await Promise.all(Array.from({ length: 100 }, () => post(prediction('storm-1'))));
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array.from({ length: 99 }, () => 200), 201]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await sizeOf()).toBe(before + 1);
  });

  test('at once with two contents: one is taken in, the other refused', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => post(prediction('race-1', { version: `1.${i % 2}` }))));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(10);
    const winner = statuses.indexOf(201) % 2;
    expect((await service.call('GET', '/v1/predictions/race-1', 'auditor')).json['prediction']).toMatchObject({ version: `1.${winner}` });
  });

  test('ids that differ in case alone are two', async () => {
    expect((await post(prediction('Case-1'))).status).toBe(201);
    expect((await post(prediction('case-1'))).status).toBe(201);
  });
});

describe('POST /v1/predictions?receipt=true', () => {
  test('gives the receipt in the very answer, and the same entry, salt and payload ever after', async () => {
    const record = prediction('receipt-1', { trace: 'not-compared' });
    const first = await post(record, '?receipt=true');
    expect(first.status).toBe(201);
    const receipt = first.json['receipt'] as Record<string, string>;
    expect(Object.keys(receipt)).toEqual(['entry', 'salt', 'payload', 'proof']);
    expect(toHex(leafHash(utf8(receipt['entry'] ?? '')))).toBe(first.json['leafHash']);
    const payload = JSON.parse(receipt['payload'] ?? '') as Record<string, never>;
    expect(canonicalize(payload)).toBe(receipt['payload']);
    expect(payload).toMatchObject({ type: 'prediction', v: 3, rule: 'producer-appends-predictions', contract: 'default@1.0.0', body: asKept(record) });

    const again = await post({ ...record, trace: 'of-the-retry' }, '?receipt=true');
    expect(again.status).toBe(200);
    const vkey = parseVkey((await service.call('GET', '/logs/default/vkey')).text.trimEnd());
    expect(verifyReceipt(parseReceipt(JSON.stringify(receipt)), vkey)).toMatchObject({ index: first.json['index'] });
    const { proof: _first, ...opening } = receipt;
    verifyReceipt(parseReceipt(JSON.stringify(again.json['receipt'])), vkey);
    const { proof: _again, ...openingAgain } = again.json['receipt'] as Record<string, string>;
    expect(openingAgain).toEqual(opening);
  });

  test('fifty at once all get theirs', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => post(prediction(`receipts-${i}`), '?receipt=true')));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ json }) => (json['receipt'] as { salt: string }).salt)).size).toBe(50);
  });

  test.each(['?receipt=1', '?receipt', '?receipt=true&receipt=true', '?reciept=true', '?receipt=true&x=1'])(
    '%s is refused before anything is taken in',
    async (query) => {
      const before = await sizeOf();
      const refused = await post(prediction(`query-${query.length}`), query);
      expect([refused.status, refused.json['code']]).toEqual([422, 'invalid-query']);
      expect(await sizeOf()).toBe(before);
    },
  );
});

test('after all of it the whole log verifies', async () => {
  const size = await sizeOf();
  const { entries } = await verifiedLog(service, { atLeast: size });
  expect(entries).toHaveLength(size);
  expect(service.said).toEqual([]);
});

/** The same value with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, each]) => [key, reversed(each)]));
}
