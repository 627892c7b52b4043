import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { prediction } from './prediction.ts';
import { head, sendRaw } from './raw-http.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

// Two services that differ in their settings alone: what one takes and the other refuses shows that the setting decides.
let tight: TestService;
let wide: TestService;
beforeAll(async () => {
  tight = await startTestService({
    MAX_BODY_BYTES: '1024',
    MAX_BATCH_BYTES: '4096',
    MAX_BATCH_RECORDS: '3',
    MAX_DEPTH: '4',
    MAX_PAGE_SIZE: '5',
    MAX_URL_LENGTH: '256',
  });
  wide = await startTestService({
    MAX_BODY_BYTES: '2048',
    MAX_BATCH_BYTES: '8192',
    MAX_BATCH_RECORDS: '4',
    MAX_DEPTH: '6',
    MAX_PAGE_SIZE: '6',
    MAX_URL_LENGTH: '30000',
  });
});
afterAll(async () => {
  await tight.close();
  await wide.close();
});

const JSON_TYPE = { 'content-type': 'application/json' };

/** A record of exactly so many bytes, white space included. */
const sized = (id: string, bytes: number): string => JSON.stringify(prediction(id, { inputs: {} })).padEnd(bytes, ' ');
const post = (service: TestService, body: string): Promise<Answer> => service.call('POST', '/v1/predictions', 'producer', body, JSON_TYPE);
const batch = (service: TestService, body: string): Promise<Answer> => service.call('POST', '/v1/predictions/batch', 'producer', body, JSON_TYPE);
const codeOf = (answer: Answer): unknown => [answer.status, answer.status < 300 ? undefined : answer.json['code']];

describe('MAX_BODY_BYTES', () => {
  test('bounds one posted prediction, announced or in chunks', async () => {
    expect(codeOf(await post(tight, sized('body-1', 1024)))).toEqual([201, undefined]);
    expect(codeOf(await post(tight, sized('body-2', 1025)))).toEqual([413, 'body-too-large']);
    expect(codeOf(await post(wide, sized('body-2', 1025)))).toEqual([201, undefined]);
    expect(codeOf(await post(wide, sized('body-3', 2049)))).toEqual([413, 'body-too-large']);

    for (const [service, status] of [[tight, 413], [wide, 201]] as const) {
      const body = sized('body-4', 1025);
      const fields = { Authorization: `Bearer ${service.keys['producer'] ?? ''}`, 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked', Connection: 'close' };
      expect((await sendRaw(service.url, head('POST', '/v1/predictions', fields), `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)).status).toBe(status);
    }
  });

  test('bounds each record of a batch', async () => {
    const answer = await batch(tight, `[${sized('body-5', 1000)},${sized('body-6', 1025)},${sized('body-7', 1000)}]`);
    expect((answer.json['results'] as { status: number }[]).map(({ status }) => status)).toEqual([201, 413, 201]);
    const other = await batch(wide, `[${sized('body-5', 1000)},${sized('body-6', 1025)},${sized('body-7', 1000)}]`);
    expect((other.json['results'] as { status: number }[]).map(({ status }) => status)).toEqual([201, 201, 201]);
  });
});

test('MAX_BATCH_BYTES bounds a batch, and not a single prediction', async () => {
  const body = (bytes: number): string => `[${sized('batch-bytes', 500)}]`.padEnd(bytes, ' ');
  expect(codeOf(await batch(tight, body(4096)))).toEqual([200, undefined]);
  expect(codeOf(await batch(tight, body(4097)))).toEqual([413, 'body-too-large']);
  expect(codeOf(await batch(wide, body(8192)))).toEqual([200, undefined]);
  expect(codeOf(await batch(wide, body(8193)))).toEqual([413, 'body-too-large']);
});

test('MAX_BATCH_RECORDS bounds the records of a batch', async () => {
  const body = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, n) => prediction(`records-${n}`)));
  expect(codeOf(await batch(tight, body(3)))).toEqual([200, undefined]);
  expect(codeOf(await batch(tight, body(4)))).toEqual([413, 'batch-too-large']);
  expect(codeOf(await batch(wide, body(4)))).toEqual([200, undefined]);
  expect(codeOf(await batch(wide, body(5)))).toEqual([413, 'batch-too-large']);
});

test('MAX_DEPTH bounds the nesting', async () => {
  // The record is the first level, inputs the second.
  const deep = (id: string, levels: number): string => JSON.stringify(prediction(id, { inputs: JSON.parse(`${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels - 1)}`) }));
  expect(codeOf(await post(tight, deep('deep-1', 4)))).toEqual([201, undefined]);
  expect(codeOf(await post(tight, deep('deep-2', 5)))).toEqual([422, 'invalid-json']);
  expect(codeOf(await post(wide, deep('deep-2', 6)))).toEqual([201, undefined]);
  expect(codeOf(await post(wide, deep('deep-3', 7)))).toEqual([422, 'invalid-json']);
});

test('MAX_PAGE_SIZE bounds a page, also one of no asked-for size', async () => {
  for (let n = 0; n < 8; n++) for (const service of [tight, wide]) await post(service, sized(`page-${n}`, 500));
  for (const [service, most] of [[tight, 5], [wide, 6]] as const) {
    const list = (query: string): Promise<Answer> => service.call('GET', `/v1/predictions${query}`, 'auditor');
    expect((await list('')).json['items']).toHaveLength(most);
    expect((await list(`?limit=${most}`)).json['items']).toHaveLength(most);
    expect((await list(`?limit=${most + 1}`)).json).toMatchObject({ code: 'invalid-query', errors: [{ at: 'limit', detail: `is from 1 to ${most}` }] });
  }
});

test('MAX_URL_LENGTH bounds path and query, up to its largest value', async () => {
  const url = (length: number): string => '/v1/predictions/none'.padEnd(length, 'x');
  expect(codeOf(await tight.call('GET', url(256), 'auditor'))).toEqual([404, 'not-found']);
  expect(codeOf(await tight.call('GET', url(257), 'auditor'))).toEqual([414, 'url-too-long']);
  expect(codeOf(await wide.call('GET', url(30_000), 'auditor'))).toEqual([404, 'not-found']);
  expect(codeOf(await wide.call('GET', url(30_001), 'auditor'))).toEqual([414, 'url-too-long']);
});

describe('REQUEST_TIMEOUT_MS', () => {
  test('bounds how long a request may take to arrive', async () => {
    const quick = await startTestService({ REQUEST_TIMEOUT_MS: '300' });
    const slow = await startTestService({ REQUEST_TIMEOUT_MS: '1800' });
    try {
      const [first, second] = await Promise.all(
        [quick, slow].map(({ url, keys }) => {
          const fields = { Authorization: `Bearer ${keys['producer'] ?? ''}`, 'Content-Type': 'application/json', 'Content-Length': 9 };
          return sendRaw(url, `${head('POST', '/v1/predictions', fields)}{`);
        }),
      );
      expect([first?.status, second?.status]).toEqual([408, 408]);
      expect(first?.ms).toBeLessThan(second?.ms ?? 0);
      expect(second?.ms).toBeGreaterThan(1500);
    } finally {
      await quick.close();
      await slow.close();
    }
  });
});

describe('what may wait for a commit', () => {
  const copies = (count: number, length: number): object[] =>
    Array.from({ length: count }, (_, n) => prediction(`queue-${n}`, { inputs: { text: 'x'.repeat(length) } }));

  test.each([
    ['MAX_QUEUE_ENTRIES', { MAX_QUEUE_ENTRIES: '20', MAX_BATCH_RECORDS: '20' }, copies(20, 10)],
    ['MAX_QUEUE_BYTES', { MAX_QUEUE_BYTES: '1048576', MAX_BATCH_BYTES: '1048576' }, copies(9, 100_000)],
    ['MAX_TOTAL_QUEUE_BYTES', { MAX_TOTAL_QUEUE_BYTES: '1048576', MAX_QUEUE_BYTES: '1048576', MAX_BATCH_BYTES: '1048576' }, copies(9, 100_000)],
  ])('%s: what finds no room is told to come back, and finds room then', async (_name, env, records) => {
    const full = await startTestService(env);
    try {
      // One batch fits. Twelve at once do not: while the first is committed, the second waits, and there is no room for more.
      let left = Array.from({ length: 12 }, (_, b) => records.map((record) => ({ ...record, model: `m${b}`, id: `${(record as { id: string }).id}-${b}` })));
      const codes = new Set<unknown>();
      for (let round = 0; left.length > 0 && round < 200; round++) {
        const answers = await Promise.all(left.map((each) => batch(full, JSON.stringify(each))));
        const results = answers.map(({ json }) => json['results'] as { status: number; problem?: { code: string } }[]);
        for (const { status, problem } of results.flat()) codes.add(problem?.code ?? (status < 300 ? 'taken' : status));
        left = left.filter((_, b) => results[b]?.some(({ status }) => status >= 300));
      }
      expect(left).toEqual([]);
      expect(codes).toEqual(new Set(['taken', 'queue-full']));
    } finally {
      await full.close();
    }
  });

  test('the refusal of a single prediction says when to come back', async () => {
    const full = await startTestService({ MAX_QUEUE_ENTRIES: '1', MAX_BATCH_RECORDS: '1' });
    try {
      const answers = await Promise.all(copies(100, 10).map((record) => post(full, JSON.stringify(record))));
      const refused = answers.filter(({ status }) => status !== 201);
      expect(refused.length).toBeGreaterThan(0);
      for (const answer of refused) {
        expect(codeOf(answer)).toEqual([429, 'queue-full']);
        expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      }
    } finally {
      await full.close();
    }
  });
});

test('after all of it both logs verify', async () => {
  for (const service of [tight, wide]) {
    const size = Number((await service.call('GET', '/v1/log', 'auditor')).json['size']);
    expect((await verifiedLog(service, { atLeast: size })).entries).toHaveLength(size);
    expect(service.said).toEqual([]);
  }
});
