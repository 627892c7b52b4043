import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKey } from '../../src/access/api-key.ts';
import { issueKey } from '../../src/access/bootstrap.ts';
import type { Log } from '../../src/ledger/log.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

interface Item {
  id: string;
  index: number;
  time: string;
  model: string;
  version: string;
  deployment?: string;
}

const COUNT = 530;
const OUTCOMES = ["it's \"declined\"; --", 'approved', undefined];

let service: TestService;
let all: Item[];

/** The nth prediction: three models, two versions, three outcomes, deployed or not. */
function nth(n: number): Record<string, unknown> {
  const outcome = OUTCOMES[n % 3];
  return prediction(`list-${n}`, {
    model: `model/${n % 3}`,
    version: `${n % 2}.0.0`,
    decision: outcome === undefined ? undefined : { outcome },
    deployment: n % 5 === 0 ? 'shadow' : undefined,
  });
}

const append = async (from: number, to: number): Promise<void> => {
  const records = Array.from({ length: to - from }, (_, i) => nth(from + i));
  const answer = await service.call('POST', '/v1/predictions/batch', 'producer', records);
  expect((answer.json['results'] as { status: number }[]).every(({ status }) => status === 201)).toBe(true);
};

const list = (query: Record<string, string>, by = 'auditor'): Promise<Answer> =>
  service.call('GET', `/v1/predictions?${new URLSearchParams(query).toString()}`, by);

/** Every page of a list, one after another. */
async function walk(query: Record<string, string>, betweenPages?: () => Promise<void>): Promise<{ items: Item[]; pages: number }> {
  const items: Item[] = [];
  let cursor: Record<string, string> = {};
  for (let pages = 1; ; pages++) {
    const { status, json } = await list({ ...query, ...cursor });
    expect(status).toBe(200);
    items.push(...(json['items'] as Item[]));
    if (json['next'] === undefined) return { items, pages };
    cursor = { cursor: json['next'] as string };
    await betweenPages?.();
  }
}

beforeAll(async () => {
  service = await startTestService();
  await append(0, 200);
  await append(200, 400);
  // An entry in between that is no prediction.
  const { ledger, database } = service.service;
  await issueKey(ledger.logs[0] as Log, database.pool, makeKey('auditor'));
  await append(400, COUNT);
  ({ items: all } = await walk({ order: 'asc', limit: '1000' }));
});
afterAll(() => service.close());

describe('GET /v1/predictions', () => {
  test('lists newest first, a hundred at a time, without payload fields', async () => {
    const { status, json, headers } = await list({});
    const items = json['items'] as Item[];
    expect([status, items.length, headers.get('cache-control')]).toEqual([200, 100, 'no-store']);
    expect(items[0]).toEqual({ id: `list-${COUNT - 1}`, index: expect.any(Number), time: expect.any(String), model: `model/${(COUNT - 1) % 3}`, version: `${(COUNT - 1) % 2}.0.0`, exceptions: ['unknown-version'] });
    expect(items.some(({ deployment }) => deployment === 'shadow')).toBe(true);
    expect(new Set(items.flatMap((item) => Object.keys(item)))).toEqual(new Set(['id', 'index', 'time', 'model', 'version', 'deployment', 'exceptions']));
  });

  test.each([
    ['asc', '7'],
    ['desc', '7'],
    ['asc', '265'],
    ['desc', '265'],
    ['asc', '530'],
    ['desc', '529'],
    ['desc', '1000'],
  ])('%s in pages of %s has no gap and no duplicate', async (order, limit) => {
    const { items, pages } = await walk({ order, limit });
    const ids = Array.from({ length: COUNT }, (_, n) => `list-${n}`);
    expect(items.map(({ id }) => id)).toEqual(order === 'asc' ? ids : ids.reverse());
    expect(pages).toBe(Math.ceil(COUNT / Number(limit)));
  });

  test.each([
    ['model', 'model/1', (n: number) => n % 3 === 1],
    ['version', '1.0.0', (n: number) => n % 2 === 1],
    ['decision', OUTCOMES[0] as string, (n: number) => n % 3 === 0],
    ['deployment', 'shadow', (n: number) => n % 5 === 0],
    ['model', 'model', () => false],
    ['decision', "' or '1'='1", () => false],
    ['version', '%', () => false],
  ])('by %s=%s gives exactly those', async (name, value, wanted) => {
    const expected = Array.from({ length: COUNT }, (_, n) => n).filter(wanted).map((n) => `list-${n}`);
    // A version or a decision by itself is found by no index.
    const ever = name === 'model' || name === 'deployment' ? {} : { from: '2000-01-01' };
    for (const limit of ['20', '1000']) {
      expect((await walk({ [name]: value, ...ever, order: 'asc', limit })).items.map(({ id }) => id)).toEqual(expected);
      expect((await walk({ [name]: value, ...ever, order: 'desc', limit })).items.map(({ id }) => id)).toEqual([...expected].reverse());
    }
  });

  test('by all filters together', async () => {
    const { items } = await walk({ model: 'model/0', version: '0.0.0', decision: OUTCOMES[0] as string, deployment: 'shadow', order: 'asc', from: '2000-01-01' });
    expect(items.map(({ id }) => id)).toEqual(Array.from({ length: COUNT }, (_, n) => n).filter((n) => n % 30 === 0).map((n) => `list-${n}`));
  });
});

describe('a window of time', () => {
  const times = (): string[] => [...new Set(all.map(({ time }) => time))];
  const between = async (from: string | undefined, to: string | undefined, order: string): Promise<Item[]> =>
    (await walk({ ...(from !== undefined && { from }), ...(to !== undefined && { to }), order, limit: '90' })).items;

  test('begins at `from` and ends before `to`, in both orders', async () => {
    expect(times().length).toBeGreaterThanOrEqual(3);
    for (const from of [undefined, ...times()]) {
      for (const to of [undefined, ...times()]) {
        const expected = all.filter(({ time }) => (from === undefined || time >= from) && (to === undefined || time < to));
        expect(await between(from, to, 'asc')).toEqual(expected);
        expect(await between(from, to, 'desc')).toEqual([...expected].reverse());
      }
    }
  });

  test('is right 1 ms beside every time, before all and after all', async () => {
    const around = times().flatMap((time) => [-1, 1].map((ms) => new Date(Date.parse(time) + ms).toISOString()));
    for (const from of ['2000-01-01', ...around, '2999-12-31T23:59:59Z']) {
      expect(await between(from, undefined, 'asc')).toEqual(all.filter(({ time }) => time >= new Date(from).toISOString()));
      expect(await between(undefined, from, 'asc')).toEqual(all.filter(({ time }) => time < new Date(from).toISOString()));
    }
  });

  test('takes offsets', async () => {
    const [, second = ''] = times();
    const shifted = `${new Date(Date.parse(second) + 19_800_000).toISOString().slice(0, -1)}+05:30`;
    expect(await between(shifted, undefined, 'asc')).toEqual(await between(second, undefined, 'asc'));
  });

  test('that ends before it begins is empty', async () => {
    expect(await between('2030-01-01', '2020-01-01', 'desc')).toEqual([]);
  });
});

describe('while appends go on', () => {
  test('newest first: exactly what was there at the first page', async () => {
    let n = 10_000;
    const before = (await walk({ order: 'desc', limit: '1000' })).items;
    const { items } = await walk({ order: 'desc', limit: '100' }, async () => {
      await append(n, n + 3);
      n += 3;
    });
    expect(items).toEqual(before);
  });

  test('oldest first: everything, what came meanwhile included, once', async () => {
    let n = 20_000;
    const appends = async (): Promise<void> => {
      if (n < 20_050) await append(n, n + 10);
      n += 10;
    };
    const { items } = await walk({ order: 'asc', limit: '100' }, appends);
    expect(items).toEqual((await walk({ order: 'asc', limit: '1000' })).items);
    expect(items.filter(({ id }) => Number(id.slice(5)) >= 20_000)).toHaveLength(50);
  });
});

test('the largest page is a setting, and so never a surprise', async () => {
  expect((await list({ limit: '1001' })).json).toMatchObject({ code: 'invalid-query', errors: [{ at: 'limit', detail: 'is from 1 to 1000' }] });
});
