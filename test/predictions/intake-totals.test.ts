import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseEntry } from '../../src/core/entry.ts';
import { parsePayload } from '../../src/core/payload.ts';
import { makeKey } from '../../src/access/api-key.ts';
import { issueKey } from '../../src/access/bootstrap.ts';
import { INTAKE_TOTALS, type ProducerTotals } from '../../src/predictions/intake-totals.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import type { Log } from '../../src/ledger/log.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type Answer, type TestService } from '../e2e/service.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

interface Body {
  number: number;
  previous: number | null;
  period: { from: string; to: string };
  entries: { from: number; to: number };
  more: boolean;
  producers: ProducerTotals[];
}

let database: TestDatabase;
let service: TestService;
let log: Log;
/** The log of a test, its producer and its auditor. */
let producer: { key: string; principal: string };
let auditor: string;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestService({ MAX_BODY_BYTES: '4096', MAX_BATCH_RECORDS: '10', MAX_BATCH_BYTES: '65536' }, {}, database);
});
afterAll(async () => {
  await service.close();
  await database.drop();
});

beforeEach(async () => {
  count += 1;
  log = await service.service.ledger.createLog(`tenant-${count}`, `tenant-${count}`, false);
  producer = await keyOf('producer');
  auditor = (await keyOf('auditor')).key;
});

async function keyOf(role: string): Promise<{ key: string; principal: string }> {
  const key = makeKey(role);
  await issueKey(log, service.service.database.pool, key);
  return key;
}

const post = (body: unknown, headers: Record<string, string> = {}, path = ''): Promise<Answer> =>
  service.call('POST', `/v1/predictions${path}`, producer.key, body, { 'content-type': 'application/json', ...headers });
const totals = async (query = ''): Promise<{ sums: object; items: (Body & { index: number })[]; next?: string; unsealed: object[] }> =>
  (await service.call('GET', `/v1/intake-totals${query}`, auditor)).json as never;

/** Every totals entry of the log, opened; checks what the format promises of them. */
async function sealed(of = log): Promise<(Body & { index: number })[]> {
  const { size } = await of.readHead();
  const found: (Body & { index: number })[] = [];
  const predictions: number[] = [];
  for (let index = 0; index < size; index++) {
    const { type } = parseEntry((await of.readEntry(index)) as Uint8Array);
    if (type === 'prediction') predictions.push(index);
    if (type !== INTAKE_TOTALS) continue;
    const { opening } = await openEntry(of, index);
    found.push({ index, ...(parsePayload(Buffer.from(opening?.payload ?? []).toString()).body as unknown as Body) });
  }
  const running = new Map<string, ProducerTotals['total']>();
  found.forEach((body, i) => {
    const before = found[i - 1];
    expect([body.number, body.previous]).toEqual([i + 1, before?.index ?? null]);
    if (before?.more === true) expect([body.entries, body.period]).toEqual([before.entries, before.period]);
    else {
      expect(body.entries.from).toBe(before?.entries.to ?? 0);
      expect(Date.parse(body.period.from)).toBeGreaterThanOrEqual(before === undefined ? 0 : Date.parse(before.period.to));
      expect(Date.parse(body.period.to)).toBeGreaterThanOrEqual(Date.parse(body.period.from));
    }
    for (const { principal, reasons, total, ...sums } of body.producers) {
      expect(sums.received).toBe(sums.accepted + sums.refused + sums.quarantined + sums.duplicate);
      expect(sums.received).toBeGreaterThan(0);
      expect(Object.values(reasons).reduce((sum, n) => sum + n, 0)).toBe(sums.refused);
      const was = running.get(principal) ?? { received: 0, accepted: 0, refused: 0, quarantined: 0, duplicate: 0 };
      for (const name of Object.keys(was) as (keyof typeof was)[]) expect(total[name]).toBe(was[name] + sums[name]);
      running.set(principal, total);
    }
  });
  for (const { entries } of found.filter(({ more }) => !more)) {
    const accepted = found.filter((body) => body.entries.from === entries.from).flatMap(({ producers }) => producers).reduce((sum, each) => sum + each.accepted, 0);
    expect(accepted).toBe(predictions.filter((index) => index >= entries.from && index < entries.to).length);
  }
  return found;
}

describe('every record that is received', () => {
  test('is accepted, refused or a duplicate, and counted as that before the answer', async () => {
    const expected = { received: 0, accepted: 0, refused: 0, quarantined: 0, duplicate: 0 };
    const reasons: Record<string, number> = {};
    const posted = async (answer: Promise<Answer>, what: 'accepted' | 'refused' | 'duplicate', code = ''): Promise<void> => {
      const { status, text } = await answer;
      expect([what, status === 201, status === 200]).toEqual([what, what === 'accepted', what === 'duplicate']);
      expected.received += 1;
      expected[what] += 1;
      if (what === 'refused') {
        expect(text).toContain(`"code":"${code}"`);
        reasons[code] = (reasons[code] ?? 0) + 1;
      }
      expect((await totals()).unsealed).toEqual([{ principal: producer.principal, ...expected, reasons }]);
    };
    await posted(post(prediction('a')), 'accepted');
    await posted(post(prediction('a')), 'duplicate');
    await posted(post(prediction('a', { version: '9' })), 'refused', 'id-taken');
    await posted(post(prediction('b', { id: undefined })), 'refused', 'invalid-record');
    await posted(post('{"id":'), 'refused', 'malformed-json');
    await posted(post(''), 'refused', 'malformed-json');
    await posted(post('{"id":"a","id":"a"}'), 'refused', 'invalid-json');
    await posted(post(`{"id":"${'x'.repeat(5000)}"}`), 'refused', 'body-too-large');
    await posted(post(prediction('b'), { 'content-type': 'text/plain' }), 'refused', 'unsupported-media-type');
    await posted(post(JSON.stringify(prediction('b')), { 'content-encoding': 'gzip' }), 'refused', 'unsupported-media-type');
    await posted(post(prediction('b'), { 'content-type': 'application/x-ndjson' }), 'refused', 'unsupported-media-type');
    await posted(post(prediction('b'), {}, '?reciept=true'), 'refused', 'invalid-query');
    await posted(post('[1,', {}, '/batch'), 'refused', 'malformed-json');
    await posted(post(`[${'1,'.repeat(20)}1]`, {}, '/batch'), 'refused', 'batch-too-large');
    await posted(post(prediction('b')), 'accepted');
  });

  test('counts by itself in a batch', async () => {
    const batch = [prediction('a'), prediction('b'), prediction('a'), prediction('b', { version: '9' }), { id: 'c' }, 7];
    expect((await post(batch, {}, '/batch')).status).toBe(200);
    expect((await totals()).unsealed).toEqual([
      { principal: producer.principal, received: 6, accepted: 2, refused: 3, quarantined: 0, duplicate: 1, reasons: { 'id-taken': 1, 'invalid-record': 2 } },
    ]);
    expect((await post([], {}, '/batch')).status).toBe(200);
    expect((await totals()).unsealed).toMatchObject([{ received: 6 }]);
  });

  test('of one who may not hand in is none', async () => {
    expect((await service.call('POST', '/v1/predictions', auditor, prediction('a'))).status).toBe(403);
    expect((await service.call('POST', '/v1/predictions', undefined, prediction('a'))).status).toBe(401);
    expect((await totals()).unsealed).toEqual([]);
  });
});

describe('sealing', () => {
  const seal = (): Promise<boolean> => service.service.sealing.seal();

  test('makes one entry of what came since, and none of nothing', async () => {
    await seal();
    expect(await sealed()).toEqual([]);
    await post(prediction('a'));
    await post({ id: 'b' });
    await seal();
    await seal();
    const second = await keyOf('producer');
    await post(prediction('c'));
    await service.call('POST', '/v1/predictions', second.key, prediction('a'));
    await service.call('POST', '/v1/predictions', second.key, prediction('d'));
    await seal();
    const [first, next, ...others] = await sealed();
    expect(others).toEqual([]);
    expect(first?.producers).toEqual([
      { principal: producer.principal, received: 2, accepted: 1, refused: 1, quarantined: 0, duplicate: 0, reasons: { 'invalid-record': 1 },
        total: { received: 2, accepted: 1, refused: 1, quarantined: 0, duplicate: 0 } },
    ]);
    expect(next?.producers.map(({ principal, received, total }) => [principal, received, total.received]).sort()).toEqual(
      [[producer.principal, 1, 3], [second.principal, 2, 2]].sort(),
    );
  });

  test('loses and doubles nothing while records come, two seal at once, and after a restart', async () => {
    const rivals = [service.service.sealing, service.service.sealing];
    const answers: Promise<Answer>[] = [];
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < 30; i++) answers.push(post(i % 3 === 0 ? { id: 'wrong' } : prediction(`r-${round}-${i % 15}`)));
      await Promise.all(rivals.map((each) => each.seal()));
    }
    await Promise.all(answers);
    await service.close();
    service = await startTestService({ MAX_BODY_BYTES: '4096', MAX_BATCH_RECORDS: '10', MAX_BATCH_BYTES: '65536' }, {}, database);
    log = service.service.ledger.byLogName(log.row.name) as Log;
    await seal();
    const last = (await sealed()).at(-1)?.producers[0];
    expect(last?.total).toEqual({ received: 180, accepted: 60, refused: 60, quarantined: 0, duplicate: 60 });
    expect((await totals()).unsealed).toEqual([]);
  });

  test('goes on in further entries where one payload cannot hold all producers', async () => {
    const { pool } = service.service.database;
    const subjects = Array.from({ length: 1201 }, (_, i) => `prn_${String(i).padStart(24, '0')}`);
    await pool.query('select add_tallies($1, 1, $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[])', [
      `writer-${count}`, subjects.map(() => log.row.id), subjects.map(() => 'refused'), subjects, subjects.map(() => 'invalid-record'), subjects.map((_, i) => i + 1),
    ]);
    await post(prediction('a'));
    await seal();
    const bodies = await sealed();
    expect(bodies.map(({ producers, more }) => [producers.length, more])).toEqual([[300, true], [300, true], [300, true], [300, true], [2, false]]);
    expect((await totals()).sums).toEqual({ received: (1201 * 1202) / 2 + 1, accepted: 1, refused: (1201 * 1202) / 2, quarantined: 0, duplicate: 0 });
  });

  test('leaves a log alone that has a successor, and one that was looked at in this minute', async () => {
    await post(prediction('a'));
    await service.service.sealing.seal();
    await post(prediction('b'));
    // A minute may end between the two, and then there is an entry: one is made at most.
    await service.service.sealing.seal({ due: true });
    await service.service.sealing.seal({ due: true });
    expect((await sealed()).length).toBeLessThanOrEqual(2);
    const before = (await log.readHead()).size;
    await service.service.ledger.succeed(log);
    await service.service.sealing.seal();
    expect((await log.readHead()).size).toBe(before);
  });
});

describe('GET /v1/intake-totals', () => {
  test('gives sums, pages with the entry of each, and what is not sealed', async () => {
    for (let i = 0; i < 5; i++) {
      await post(prediction(`p-${i}`));
      if (i % 2 === 0) await post({});
      await service.service.sealing.seal();
    }
    await post(prediction('late'));
    const all = await totals();
    expect(all.sums).toEqual({ received: 8, accepted: 5, refused: 3, quarantined: 0, duplicate: 0 });
    expect(all.unsealed).toMatchObject([{ received: 1, accepted: 1 }]);
    expect(all.items).toEqual((await sealed()).map(({ previous: _previous, more: _more, ...body }) => body));
    const pages = [];
    for (let next: string | undefined = '0'; next !== undefined; ) {
      const page = await totals(`?limit=2&cursor=${next}`);
      expect(page.sums).toEqual(all.sums);
      pages.push(page.items);
      next = page.next;
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(all.items);
    for (const { index } of all.items) {
      const { status, json } = await service.call('GET', `/v1/log/entries/${index}`, auditor);
      expect([status, json['entry']]).toEqual([200, expect.stringContaining(`"type":"${INTAKE_TOTALS}"`)]);
    }
  });

  test('of a window and a producer gives what ended in the window, of that producer', async () => {
    const other = await keyOf('producer');
    for (let i = 0; i < 4; i++) {
      await post(prediction(`w-${i}`));
      if (i < 2) await service.call('POST', '/v1/predictions', other.key, {});
      await service.service.sealing.seal();
      await new Promise((done) => setTimeout(done, 5));
    }
    const { items } = await totals();
    const [first, second, third] = items.map(({ period }) => period.to);
    const window = await totals(`?from=${first}&to=${third}`);
    expect(window.items).toEqual(items.slice(1, 3));
    expect(window.sums).toMatchObject({ received: 3, accepted: 2, refused: 1 });
    const theirs = await totals(`?producer=${other.principal}`);
    expect(theirs.items.map(({ number, producers }) => [number, producers.map(({ principal }) => principal)])).toEqual([[1, [other.principal]], [2, [other.principal]]]);
    expect(theirs.sums).toMatchObject({ received: 2, refused: 2 });
    expect((await totals(`?producer=${other.principal}&from=${second}`)).sums).toMatchObject({ received: 0 });
    expect((await totals('?producer=prn_nobody')).items).toEqual([]);
    expect((await totals('?from=2999-01-01')).sums).toMatchObject({ received: 0 });
  });

  test.each(['from=yesterday', 'to=2026-02-30', 'limit=0', 'limit=100000', 'cursor=-1', 'producer=', 'minute=1'])('?%s is refused', async (query) => {
    const { status, json } = await service.call('GET', `/v1/intake-totals?${query}`, auditor);
    expect([status, json['code']]).toEqual([422, 'invalid-query']);
  });

  test('is for those whom a rule lets read totals, of their own log', async () => {
    await post(prediction('a'));
    expect((await service.call('GET', '/v1/intake-totals', producer.key)).status).toBe(403);
    const other = (await service.call('GET', '/v1/intake-totals', 'auditor')).text;
    expect(other).not.toContain(producer.principal);
  });
});
