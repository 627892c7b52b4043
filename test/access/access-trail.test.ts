import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { makeKey } from '../../src/access/api-key.ts';
import { issueKey } from '../../src/access/bootstrap.ts';
import type { DecisionBody } from '../../src/access/access-trail.ts';
import { parseEntry } from '../../src/core/entry.ts';
import { parsePayload, type Payload } from '../../src/core/payload.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import type { Log, StopSwitch } from '../../src/ledger/log.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type Answer, type TestService } from '../e2e/service.ts';

let service: TestService;
let log: Log;
let keys: Record<'producer' | 'auditor' | 'operator' | 'compliance-officer', { key: string; principal: string; prefix: string }>;
let count = 0;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

beforeEach(async () => {
  count += 1;
  log = await service.service.ledger.createLog(`trail-${count}`, `trail-${count}`, false);
  keys = { producer: await keyOf('producer'), auditor: await keyOf('auditor'), operator: await keyOf('operator'), 'compliance-officer': await keyOf('compliance-officer') };
});

async function keyOf(role: string): Promise<{ key: string; principal: string; prefix: string }> {
  const key = makeKey(role);
  await issueKey(log, service.service.database.pool, key);
  return key;
}

const get = (path: string, by: keyof typeof keys): Promise<Answer> => service.call('GET', path, keys[by].key);
const post = (body: object): Promise<Answer> => service.call('POST', '/v1/predictions', keys.producer.key, body);

type Found = Payload & { index: number; body: DecisionBody & { counts: object[] } };

/** Payloads of one type, in order. */
async function payloadsOf(type: string, of = log): Promise<Found[]> {
  const { size } = await of.readHead();
  const found: Found[] = [];
  for (let index = 0; index < size; index++) {
    if (parseEntry((await of.readEntry(index)) as Uint8Array).type !== type) continue;
    const { opening } = await openEntry(of, index);
    found.push({ index, ...parsePayload(Buffer.from(opening?.payload ?? []).toString()) } as unknown as Found);
  }
  return found;
}

describe('a read of a payload', () => {
  test.each([['', 'read', 'auditor-reads-predictions'], ['/receipt', 'receive', 'auditor-takes-receipts']])(
    'leaves an entry with who, what and by which rule: %s',
    async (path, action, rule) => {
      const { index } = (await post(prediction('an-id-of-a-person'))).json;
      expect((await get(`/v1/predictions/an-id-of-a-person${path}`, 'auditor')).status).toBe(200);
      const [entry, ...others] = await payloadsOf('access-decision');
      expect(others).toEqual([]);
      expect(entry).toMatchObject({ principal: keys.auditor.principal, rule });
      expect(entry?.body).toEqual({ outcome: 'allow', action, resource: 'prediction', role: 'auditor', of: { log: log.row.origin, index }, purpose: null, at: null });
      expect(JSON.stringify(entry)).not.toContain('person');
    },
  );

  test('leaves none for what opens nothing: proofs, entries, lists, what is not there', async () => {
    const { index } = (await post(prediction('a'))).json;
    for (const path of ['/v1/predictions/a/proof', '/v1/predictions', '/v1/predictions/b', '/v1/predictions/b/receipt', '/v1/log', `/v1/log/entries/${String(index)}`, '/v1/intake-totals']) {
      await get(path, 'auditor');
    }
    await service.call('POST', '/v1/predictions?receipt=true', keys.producer.key, prediction('a'));
    expect(await payloadsOf('access-decision')).toEqual([]);
  });

  test('of many at once shares commits', async () => {
    const commits: number[] = [];
    for (let i = 0; i < 5; i++) await post(prediction(`p-${i}`));
    await get('/v1/predictions/p-0', 'auditor');
    const before = (await log.readHead()).time;
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => get(`/v1/predictions/p-${i % 5}`, 'auditor')));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const decisions = await payloadsOf('access-decision');
    expect(decisions).toHaveLength(61);
    // Entries of one commit bear one time.
    for (const { index } of decisions) {
      const { time } = parseEntry((await log.readEntry(index)) as Uint8Array);
      if (Date.parse(time) > before) commits.push(Date.parse(time));
    }
    expect(new Set(commits).size).toBeLessThan(50);
  });

  test('does not leave when it cannot be recorded', async () => {
    await post(prediction('a'));
    const append = log.append.bind(log);
    Object.assign(log, { append: () => Promise.reject(Object.assign(new Error('disk'), { code: 'ECONNREFUSED' })) });
    const { status, json, text } = await get('/v1/predictions/a', 'auditor');
    expect([status, json['code'], text.includes('Zürich')]).toEqual([503, 'database-unavailable', false]);
    const receipt = await get('/v1/predictions/a/receipt', 'auditor');
    expect([receipt.status, receipt.text.includes('salt')]).toEqual([503, false]);
    Object.assign(log, { append });
    expect((await get('/v1/predictions/a', 'auditor')).status).toBe(200);
  });

  test('is held back where its handler forgets', async () => {
    await post(prediction('a'));
    const { trail } = service.service;
    const allowed = trail.allowed.bind(trail);
    Object.assign(trail, { allowed: () => Promise.resolve() });
    const { status, json, text } = await get('/v1/predictions/a', 'auditor');
    Object.assign(trail, { allowed });
    expect([status, json['code'], text.includes('Zürich')]).toEqual([500, 'internal', false]);
    expect(service.said.at(-1)).toContain('read prediction answered without a trace');
  });
});

describe('a log that has stopped', () => {
  test('serves reads; its decisions are durable at once, and entries of its successor', async () => {
    const { index } = (await post(prediction('a'))).json;
    const stopped = log;
    (log as unknown as { halt: StopSwitch }).halt.stop('for the test');
    expect((await post(prediction('b'))).json['code']).toBe('log-stopped');
    const before = new Date().toISOString();
    expect((await get('/v1/predictions/a', 'auditor')).status).toBe(200);
    const { rows } = await service.service.database.pool.query('select principal, rule, index from held_decision where log = $1', [log.row.id]);
    expect(rows).toEqual([{ principal: keys.auditor.principal, rule: 'auditor-reads-predictions', index: null }]);
    const successor = await service.service.ledger.succeed(log);
    for (let i = 0; i < 2; i++) await service.service.sealing.seal();
    const [entry, ...others] = await payloadsOf('access-decision', successor);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({ principal: keys.auditor.principal, rule: 'auditor-reads-predictions' });
    expect(entry?.body).toMatchObject({ outcome: 'allow', of: { log: stopped.row.origin, index } });
    expect((entry?.body['at'] as string) >= before).toBe(true);
    // What was read in the old log is recorded in the new one.
    expect((await get('/v1/predictions/a', 'auditor')).status).toBe(200);
    expect((await payloadsOf('access-decision', successor)).at(-1)?.body).toMatchObject({ of: { log: stopped.row.origin, index }, at: null });
  });
});

describe('a refusal', () => {
  test('of a known principal is an entry, up to a rate; more are counted', async () => {
    for (let i = 0; i < 14; i++) expect((await get('/v1/predictions/a', 'operator')).status).toBe(403);
    const denials = await payloadsOf('access-decision');
    expect(denials.length).toBeGreaterThanOrEqual(10);
    expect(denials.length).toBeLessThan(14);
    expect(denials[0]).toMatchObject({ principal: keys.operator.principal, rule: 'none' });
    expect(denials[0]?.body).toEqual({ outcome: 'deny', action: 'read', resource: 'prediction', role: 'operator', of: null, purpose: null, at: null });
    await service.service.tally.flush();
    await service.service.sealing.seal();
    const [totals] = await payloadsOf('access-totals');
    const more = 14 - denials.length;
    expect(totals?.body.counts).toEqual([{ what: 'denied', subject: keys.operator.principal, reason: 'read-prediction', count: more, total: more }]);
  });

  test('to append is an entry like any other', async () => {
    expect((await service.call('POST', '/v1/predictions', keys.auditor.key, prediction('a'))).status).toBe(403);
    expect((await payloadsOf('access-decision'))[0]?.body).toMatchObject({ outcome: 'deny', action: 'append', resource: 'prediction' });
  });

  test('of a closed log is an entry of one’s own log', async () => {
    await keyOf('auditor');
    const other = await service.service.ledger.createLog(`closed-${count}`, `closed-${count}`, false);
    expect((await get(`/logs/${other.row.name}/checkpoint`, 'auditor')).status).toBe(404);
    expect((await payloadsOf('access-decision'))[0]).toMatchObject({ principal: keys.auditor.principal, rule: 'none', body: { outcome: 'deny', action: 'read', resource: 'log' } });
    expect(await payloadsOf('access-decision', other)).toEqual([]);
  });

  test('stands when it cannot be recorded', async () => {
    const append = log.append.bind(log);
    Object.assign(log, { append: () => Promise.reject(new Error('no')) });
    expect((await get('/v1/predictions/a', 'operator')).status).toBe(403);
    Object.assign(log, { append });
    await service.service.tally.flush();
    await service.service.sealing.seal();
    expect((await payloadsOf('access-totals'))[0]?.body.counts).toMatchObject([{ what: 'denied', count: 1 }]);
  });
});

describe('counts', () => {
  test('of lists name the principal; of failures the prefix of a key that exists', async () => {
    await post(prediction('a'));
    for (let i = 0; i < 3; i++) expect((await get('/v1/predictions', 'auditor')).status).toBe(200);
    expect((await get('/v1/predictions?limit=0', 'auditor')).status).toBe(422);
    await service.service.database.owner.query('update api_key set revoked = now() where prefix = $1', [keys['compliance-officer'].prefix]);
    expect((await get('/v1/predictions', 'compliance-officer')).status).toBe(401);
    await service.service.tally.flush();
    await service.service.sealing.seal();
    expect((await payloadsOf('access-totals'))[0]?.body.counts).toEqual([
      { what: 'unauthenticated', subject: keys['compliance-officer'].prefix, reason: 'revoked', count: 1, total: 1 },
      { what: 'denied', subject: keys.auditor.principal, reason: 'status-422', count: 1, total: 1 },
      { what: 'listed', subject: keys.auditor.principal, reason: 'list-prediction', count: 3, total: 3 },
    ]);
  });

  test('of strangers go to the default log, and name nobody', async () => {
    const home = service.service.ledger.byLogName('default') as Log;
    const stranger = makeKey('auditor').key;
    for (const by of [undefined, 'nonsense', stranger]) expect((await service.call('GET', '/v1/log', by)).status).toBe(401);
    await service.service.tally.flush();
    await service.service.sealing.seal();
    const last = (await payloadsOf('access-totals', home)).at(-1);
    expect(last).toMatchObject({ principal: 'system', rule: 'system' });
    expect(last?.body.counts).toEqual(expect.arrayContaining([
      expect.objectContaining({ what: 'unauthenticated', subject: 'unknown', reason: 'no-credential' }),
      expect.objectContaining({ what: 'unauthenticated', subject: 'unknown', reason: 'malformed' }),
      expect.objectContaining({ what: 'unauthenticated', subject: 'unknown', reason: 'unknown' }),
    ]));
    expect(JSON.stringify(last)).not.toContain(stranger.slice(0, 11));
    expect(await payloadsOf('access-totals')).toEqual([]);
  });

  test('go on behind the last subject where one payload cannot hold them', async () => {
    const subjects = Array.from({ length: 2300 }, (_, i) => `prn_${String(i).padStart(24, '0')}`);
    await service.service.database.pool.query('select add_tallies($1, 1, $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[])', [
      `trail-${count}`, subjects.map(() => log.row.id), subjects.map(() => 'listed'), subjects, subjects.map(() => 'list-prediction'), subjects.map(() => 2),
    ]);
    for (let i = 0; i < 2; i++) await service.service.sealing.seal();
    const totals = await payloadsOf('access-totals');
    expect(totals.map(({ body }) => [body['number'], body['more'], body.counts.length])).toEqual([[1, true, 1000], [2, true, 1000], [3, false, 300]]);
    expect(totals.flatMap(({ body }) => (body.counts as { subject: string }[]).map(({ subject }) => subject))).toEqual(subjects);
  });
});
