import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parsePayload } from '../../src/core/payload.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { DOUBTFUL } from '../retention/doubtful-contract.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

const SHIPPED = fileURLToPath(new URL('../../policies', import.meta.url));
const SECRET = 'Wolfeschlegelstein';

let policies: string;
let database: TestDatabase;
let service: TestService;
let log: Log;

beforeAll(async () => {
  policies = await mkdtemp(join(tmpdir(), 'pl-quarantine-'));
  await cp(SHIPPED, policies, { recursive: true });
  await writeFile(join(policies, 'contracts', 'doubtful.yaml'), DOUBTFUL);
  database = await createTestDatabase();
  service = await startTestService({ POLICIES_DIR: policies }, {}, database);
  log = service.service.ledger.byLogName('default') as Log;
});
afterAll(async () => {
  await service.close();
  await database.drop();
  await rm(policies, { recursive: true });
});

const record = (id: string, more: object = {}, inputs: object = { name: SECRET }): JsonObject => ({
  id, model: 'doubtful', version: '1', inputs: { age: 41, ...inputs }, output: { score: 0.5 }, ...more,
});
const post = (body: unknown, headers = {}): Promise<Answer> => service.call('POST', '/v1/predictions', 'producer', body, headers);
const get = (path: string, by = 'privacy-officer'): Promise<Answer> => service.call('GET', path, by);
const decide = (id: unknown, what: 'release' | 'reject', by = 'privacy-officer', body: unknown = { reason: 'looked at' }): Promise<Answer> =>
  service.call('POST', `/v1/quarantine/${String(id)}/${what}`, by, body);
const totals = async (): Promise<Record<string, number>> => {
  await service.service.tally.flush();
  await service.service.sealing.seal();
  return (await get('/v1/intake-totals', 'compliance-officer')).json['sums'] as Record<string, number>;
};

async function hold(id: string, more: object = {}, inputs?: object): Promise<string> {
  const { status, json } = await post(record(id, more, inputs));
  expect([status, json]).toEqual([202, expect.anything()]);
  return String(json['quarantine']);
}

async function payloadAt(index: unknown): Promise<JsonObject> {
  const { opening } = await openEntry(log, Number(index));
  return parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8')) as unknown as JsonObject;
}

const keyOf = async (quarantine: string): Promise<unknown> => (await service.service.database.owner.query<{ key: unknown }>('select key from quarantine where id = $1', [quarantine])).rows[0]?.key;
const hasKey = async (key: unknown): Promise<boolean> => (await service.service.database.owner.query('select from data_key where id = $1', [key])).rowCount === 1;
const sizeOf = async (): Promise<number> => (await log.readHead()).size;

describe('a record that its contract doubts', () => {
  test('is kept apart, sealed, and answered with 202 and every reason', async () => {
    const before = await sizeOf();
    const answer = await post(record('q-1', {}, { name: SECRET, note: 'mail anna.meier@mail.example' }));
    expect([answer.status, answer.json]).toEqual([202, {
      id: 'q-1', quarantine: expect.stringMatching(/^qua_[0-9a-f]{24}$/), status: 'quarantined', expires: expect.any(String),
      reasons: [expect.objectContaining({ at: '/inputs/name', code: 'unknown-field' }), expect.objectContaining({ at: '/inputs/note', code: 'personal-data' })],
    }]);
    expect(Date.parse(String(answer.json['expires'])) - Date.now()).toBeGreaterThan(11 * 3_600_000);
    expect(await sizeOf()).toBe(before);
    expect((await get('/v1/predictions/q-1')).status).toBe(404);
    const { rows } = await service.service.database.owner.query('select q::text as text from quarantine q');
    expect(JSON.stringify(rows)).not.toContain(SECRET);
    expect(JSON.stringify(rows)).not.toContain('/inputs');
    const hex = Buffer.from(SECRET).toString('hex');
    expect(JSON.stringify(rows)).not.toContain(hex);
  });

  test('is told of in the same words with other spellings and on the long way; other content is a conflict', async () => {
    const first = await post(record('q-2', {}, { 'naïve': 1 }));
    expect(first.status).toBe(202);
    const again = await post(JSON.stringify(record('q-2', { trace: 'another' }, { 'naïve': 1 }), null, 1), { 'content-type': 'application/json' });
    expect([again.status, again.text]).toEqual([202, first.text]);
    const long = await service.call('POST', '/v1/predictions?receipt=true', 'producer', record('q-2', {}, { 'naïve': 1 }));
    expect([long.status, long.text]).toEqual([202, first.text]);
    expect((first.json['reasons'] as JsonObject[])[0]?.['at']).toBe('/inputs/naïve');
    expect(await post(record('q-2', {}, { other: 1 }))).toMatchObject({ status: 409, json: { code: 'id-taken' } });
  });

  test('is one result of a batch', async () => {
    const batch = await service.call('POST', '/v1/predictions/batch', 'producer', [record('q-3'), record('q-4', {}, {}), record('q-3')]);
    const results = batch.json['results'] as JsonObject[];
    expect(results).toEqual([
      expect.objectContaining({ id: 'q-3', status: 202, quarantine: expect.any(String) }), expect.objectContaining({ id: 'q-4', status: 201 }),
      expect.objectContaining({ id: 'q-3', status: 202, quarantine: expect.any(String) }),
    ]);
    expect(results[0]?.['quarantine']).toBe(results[2]?.['quarantine']);
  });

  test('that stands in the log is answered as ever', async () => {
    expect((await post(record('q-5', {}, {}))).status).toBe(201);
    expect(await post(record('q-5'))).toMatchObject({ status: 409, json: { code: 'id-taken' } });
  });

  test('is counted, each once', async () => {
    const before = await totals();
    await hold('q-6');
    await post(record('q-6'));
    await post(record('q-6', {}, { other: 1 }));
    await Promise.all(Array.from({ length: 5 }, () => post(record('q-7'))));
    const after = await totals();
    const grown = Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
    expect(grown).toEqual({ received: 8, accepted: 0, refused: 1, quarantined: 2, duplicate: 5 });
  });
});

describe('GET /v1/quarantine', () => {
  test('lists in pages, without fields or places', async () => {
    const page = await get('/v1/quarantine?limit=2', 'compliance-officer');
    expect(page.status).toBe(200);
    const { items, next } = page.json as { items: JsonObject[]; next: string };
    expect(items).toHaveLength(2);
    expect(items[0]).toEqual({
      quarantine: expect.any(String), id: 'q-7', status: 'held', model: 'doubtful', version: '1', principal: expect.stringMatching(/^prn_/), contract: 'doubtful@1.0.0',
      reasons: [{ code: 'unknown-field', count: 1 }], received: expect.any(String), expires: expect.any(String),
    });
    const second = (await get(`/v1/quarantine?limit=2&cursor=${next}`)).json['items'] as JsonObject[];
    expect(second.map(({ id }) => id)).not.toContain('q-7');
    expect((await get('/v1/quarantine?state=released')).json['items']).toEqual([]);
    expect((await get('/v1/quarantine?state=lost')).status).toBe(422);
    expect((await get('/v1/quarantine', 'producer')).status).toBe(403);
  });

  test('shows one to those who may see it, and leaves a trace first', async () => {
    const id = await hold('seen-1');
    const before = await sizeOf();
    const { status, json } = await get(`/v1/quarantine/${id}`);
    expect([status, json]).toEqual([200, expect.objectContaining({ id: 'seen-1', record: record('seen-1'), faults: [expect.objectContaining({ at: '/inputs/name' })] })]);
    expect(await payloadAt(before)).toMatchObject({
      type: 'access-decision', body: { outcome: 'allow', action: 'read', resource: 'quarantine', of: { log: log.row.origin, quarantine: id } },
    });
    for (const by of ['compliance-officer', 'producer', 'auditor']) expect((await get(`/v1/quarantine/${id}`, by)).status).toBe(403);
    for (const unknown of [`qua_${'0'.repeat(24)}`, 'seen-1', '%00']) expect((await get(`/v1/quarantine/${unknown}`)).status).toBe(404);
  });
});

describe('a release', () => {
  test('brings the record in with its doubts mended, and says so in the next entry', async () => {
    const id = await hold('free-1', { subject: 'customer-1' }, { name: SECRET, note: 'mail anna.meier@mail.example now' });
    const key = await keyOf(id);
    const counts = await totals();
    const { status, json } = await decide(id, 'release');
    expect([status, json]).toEqual([200, { quarantine: id, id: 'free-1', index: expect.any(Number), time: expect.any(String), leafHash: expect.any(String) }]);
    const kept = (await get('/v1/predictions/free-1')).json;
    expect(kept).toMatchObject({ index: json['index'], contract: 'doubtful@1.0.0' });
    expect(kept['prediction']).toMatchObject({ inputs: { age: 41, note: expect.stringMatching(/^mail tok_[\w-]{22} now$/) }, handling: { droppedUnknown: 1, hits: [expect.objectContaining({ at: '/inputs/note' })] } });
    expect(JSON.stringify(kept)).not.toContain(SECRET);
    const [released] = (await get('/v1/quarantine?state=released')).json['items'] as JsonObject[];
    const principal = released?.['principal'];
    expect(kept['principal']).toBe(principal);
    expect(await payloadAt(Number(json['index']) + 1)).toMatchObject({
      type: 'quarantine-released', body: { quarantine: id, producer: principal, prediction: json['index'], contract: 'doubtful@1.0.0', reason: 'looked at' },
    });
    expect(await hasKey(key)).toBe(false);
    // The producer’s retry finds it in the log.
    expect(await post(record('free-1', { subject: 'customer-1' }, { name: SECRET, note: 'mail anna.meier@mail.example now' }))).toMatchObject({ status: 200, json: { index: json['index'] } });
    expect(await decide(id, 'release')).toMatchObject({ status: 409, json: { code: 'quarantine-closed' } });
    const left = await get(`/v1/quarantine/${id}`);
    expect([left.status, left.json]).toEqual([200, expect.objectContaining({ status: 'released', decision: Number(json['index']) + 1 })]);
    expect(left.json).not.toHaveProperty('record');
    const after = await totals();
    expect([after['quarantined'], Number(after['accepted']) - Number(counts['accepted'])]).toEqual([counts['quarantined'], 1]);
    await verifiedLog(service, { atLeast: Number(json['index']) + 2 });
  });

  test('is for another than the producer, who may; for a reason that names nobody', async () => {
    const id = await hold('free-2');
    for (const by of ['producer', 'auditor', 'compliance-officer']) expect((await decide(id, 'release', by)).status).toBe(403);
    const { rows } = await service.service.database.owner.query<{ principal: string }>("select principal from api_key where role = 'privacy-officer' order by principal limit 1");
    const officer = rows[0]?.principal;
    await service.service.database.owner.query('update quarantine set principal = $1 where id = $2', [officer, id]);
    const answers = await Promise.all(['privacy-officer', 'privacy-officer-2'].map((by) => decide(id, 'release', by)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
    const other = await hold('free-3');
    for (const body of [{}, { reason: '' }, { reason: 'x', more: 1 }, { reason: 'asked by anna.meier@mail.example' }]) {
      const answer = await decide(other, 'release', 'privacy-officer', body);
      expect([answer.status, answer.json['code'], answer.text.includes('anna')]).toEqual([422, 'invalid-body', false]);
    }
  });

  test('of what cannot be mended, or stands in the log by now, changes nothing', async () => {
    const person = await hold('free-4', {}, { 'anna.meier@mail.example': 1 });
    // The key is a field that the contract does not know, so it goes; within a known object it would stay.
    expect((await decide(person, 'release')).status).toBe(200);
    const late = await hold('free-5');
    expect((await post(record('free-5', {}, {}))).status).toBe(201);
    const before = await sizeOf();
    expect(await decide(late, 'release')).toMatchObject({ status: 409, json: { code: 'id-taken' } });
    expect(await sizeOf()).toBe(before);
    expect((await decide(late, 'reject')).status).toBe(200);
  });

  test('happens once, however many ask', async () => {
    const id = await hold('free-6');
    const answers = await Promise.all([decide(id, 'release'), decide(id, 'reject'), decide(id, 'release', 'privacy-officer-2'), decide(id, 'reject', 'privacy-officer-2')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
  });
});

describe('a rejection and an expiry', () => {
  test('delete body and key, with an entry that says so', async () => {
    const id = await hold('gone-1');
    const key = await keyOf(id);
    const { status, json } = await decide(id, 'reject');
    expect([status, json]).toEqual([200, { quarantine: id, id: 'gone-1', rejection: expect.any(Number) }]);
    expect(await payloadAt(json['rejection'])).toMatchObject({ type: 'quarantine-rejected', body: { quarantine: id, reason: 'looked at', contract: 'doubtful@1.0.0' } });
    expect([await hasKey(key), await keyOf(id)]).toEqual([false, null]);
    expect(await hold('gone-1')).not.toBe(id);
  });

  test('come when the contract says so', async () => {
    const ids = [await hold('gone-2'), await hold('gone-3')];
    const keys = await Promise.all(ids.map(keyOf));
    await service.service.database.owner.query("update quarantine set expires = now() - interval '1 minute' where id = any($1)", [ids]);
    expect((await get(`/v1/quarantine/${ids[0] ?? ''}`)).json).toMatchObject({ status: 'expired' });
    expect((await decide(ids[0], 'release')).status).toBe(409);
    const before = await sizeOf();
    await service.service.sealing.seal();
    const entries = await Promise.all(Array.from({ length: (await sizeOf()) - before }, (_, i) => payloadAt(before + i)));
    expect(entries).toContainEqual(expect.objectContaining({ type: 'quarantine-expired', principal: 'system', body: { count: 2, quarantine: [...ids].sort() } }));
    expect(await Promise.all(keys.map(hasKey))).toEqual([false, false]);
    const size = await sizeOf();
    await service.service.sealing.seal();
    expect(await sizeOf()).toBe(size);
  });
});

describe('an erasure', () => {
  test('finds what is held of its data subject, and nobody else’s', async () => {
    const ours = await hold('erased-1', { subject: 'customer-77' });
    const theirs = await hold('erased-2', { subject: 'customer-78' });
    const key = await keyOf(ours);
    const asked = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'customer-77', reason: 'subject-request' });
    const { id } = asked.json['request'] as JsonObject;
    expect((await service.call('POST', `/v1/requests/${String(id)}/approvals`, 'privacy-officer-2', { decision: 'approve' })).status).toBe(200);
    expect([await hasKey(key), await keyOf(ours), (await get(`/v1/quarantine/${ours}`)).json['status']]).toEqual([false, null, 'erased']);
    expect((await get(`/v1/quarantine/${theirs}`)).json).toMatchObject({ status: 'held', record: { subject: 'customer-78' } });
    expect((await decide(ours, 'release')).status).toBe(409);
    // What comes after it is another data subject’s, and the next erasure finds that.
    const after = await hold('erased-3', { subject: 'customer-77' });
    const again = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'customer-77', reason: 'subject-request' });
    await service.call('POST', `/v1/requests/${String((again.json['request'] as JsonObject)['id'])}/approvals`, 'privacy-officer-2', { decision: 'approve' });
    expect((await get(`/v1/quarantine/${after}`)).json['status']).toBe('erased');
  });
});

test('every entry about quarantine has the form of the catalogue', async () => {
  const { Ajv } = await import('ajv');
  const formats = (await import('ajv-formats')).default;
  const ajv = new Ajv({ strict: false });
  formats.default(ajv);
  const seen = new Set<string>();
  for (let index = 0; index < (await sizeOf()); index++) {
    const payload = await payloadAt(index).catch(() => undefined);
    if (payload === undefined || !String(payload['type']).startsWith('quarantine-')) continue;
    seen.add(String(payload['type']));
    const schema = JSON.parse(await readFile(`docs/spec/schemas/${String(payload['type'])}-v1.json`, 'utf8')) as object;
    expect(ajv.validate({ ...schema, $id: `${index}` }, payload['body'])).toBe(true);
  }
  expect([...seen].sort()).toEqual(['quarantine-expired', 'quarantine-rejected', 'quarantine-released']);
});
