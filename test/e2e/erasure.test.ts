import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parsePayload } from '../../src/core/payload.ts';
import { parseReceipt } from '../../src/core/receipt.ts';
import { verifyReceipt } from '../../src/core/verify-receipt.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { fsckLog, type FsckReport } from '../../src/ledger/fsck.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import type { Log } from '../../src/ledger/log.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from './service.ts';

let database: TestDatabase;
let service: TestService;
let log: Log;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestService({}, {}, database);
  log = service.service.ledger.byLogName('default') as Log;
});
afterAll(async () => {
  await service.close();
  await database.drop();
});

const post = (path: string, body?: unknown, by = 'privacy-officer'): Promise<Answer> => service.call('POST', path, by, body);
const get = (path: string, by = 'privacy-officer'): Promise<Answer> => service.call('GET', path, by);
/** A record of a model that no contract of its own governs: nothing retains it. */
const record = (id: string, subject: string | undefined, more: object = {}): object => ({
  id, model: 'triage', version: '1', ...(subject !== undefined && { subject }), inputs: { age: 41 }, output: { score: 0.5 }, decision: { outcome: 'yes' }, ...more,
});

async function append(id: string, subject: string | undefined, more: object = {}): Promise<number> {
  const { status, json } = await post('/v1/predictions', record(id, subject, more), 'producer');
  expect(status).toBe(201);
  return Number(json['index']);
}

async function ask(subject: string, more: object = {}): Promise<JsonObject> {
  const { status, json } = await post('/v1/subjects/erasures', { subject, reason: 'subject-request', ...more });
  expect([status, json]).toEqual([202, expect.anything()]);
  return json['request'] as JsonObject;
}

const decide = (id: unknown, decision: 'approve' | 'reject' = 'approve', by = 'privacy-officer-2'): Promise<Answer> => post(`/v1/requests/${String(id)}/approvals`, { decision }, by);

async function erase(subject: string): Promise<JsonObject> {
  const { id } = await ask(subject);
  const { status, json } = await decide(id);
  expect([status, json]).toEqual([200, expect.anything()]);
  return json['request'] as JsonObject;
}

async function payloadAt(index: unknown): Promise<JsonObject> {
  const { opening } = await openEntry(log, Number(index));
  return parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8')) as unknown as JsonObject;
}

async function fsck(): Promise<FsckReport> {
  const stored = await service.service.ledger.options.checkpointStore.read(log.row.origin);
  return fsckLog({ pool: database.database.pool, row: log.row, opener: log.vault, stored, onProgress: () => undefined });
}

describe('an erasure', () => {
  test('is asked for by one and done by another, and then only proofs are left', async () => {
    const before = await append('a-0', 'somebody-else');
    const indices = [await append('a-1', 'ada@example.org'), await append('a-2', 'ada@example.org')];
    const request = await ask('ada@example.org', { citation: 'GDPR Article 17(1)(b)' });
    expect(request).toMatchObject({ kind: 'erasure', state: 'pending', reason: 'subject-request' });
    expect((await decide(request['id'], 'approve', 'privacy-officer')).json).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await get('/v1/predictions/a-1')).status).toBe(200);
    const { status, json } = await decide(request['id']);
    expect(status).toBe(200);
    const done = json['request'] as JsonObject;
    expect(done).toMatchObject({ state: 'executed' });
    const { type, body } = (await payloadAt(done['decision'])) as { type: string; body: JsonObject };
    expect(type).toBe('erasure');
    expect(body).toMatchObject({ request: request['id'], requester: done['requester'], approver: done['decider'], indices: { count: 2 }, retained: { count: 0, citations: [] }, keys: [{ epoch: 1 }] });
    expect(JSON.stringify(body)).not.toContain('ada');

    expect((await get('/v1/predictions/a-1')).json).toMatchObject({ status: 410, code: 'erased' });
    expect((await post('/v1/predictions', record('a-1', 'ada@example.org'), 'producer')).json).toMatchObject({ status: 410, code: 'erased' });
    expect((await post('/v1/predictions', record('a-1', 'ada@example.org', { inputs: { age: 1 } }), 'producer')).status).toBe(410);
    expect((await get('/v1/predictions/a-0')).status).toBe(200);
    const vkey = parseVkey(log.row.keys[0]?.vkey ?? '');
    for (const id of ['a-1', 'a-2']) {
      const { text } = await get(`/v1/predictions/${id}/receipt`, 'auditor');
      expect(verifyReceipt(parseReceipt(text), vkey)).toMatchObject({ kind: 'erased', erasure: { index: done['decision'] } });
    }
    expect(verifyReceipt(parseReceipt((await get('/v1/predictions/a-0/receipt', 'auditor')).text), vkey)).toMatchObject({ kind: 'receipt', index: before });

    const certificate = (await get(`/v1/subjects/erasures/${String(request['id'])}/certificate`)).json as { erasure: JsonObject; irrecoverable: JsonObject };
    expect(certificate.erasure['indices']).toEqual(indices);
    expect(certificate.irrecoverable).toEqual({ from: null, pending: [{ origin: log.row.origin, epoch: 1 }] });
    const { indices: _listed, ...receipt } = certificate.erasure;
    expect(verifyReceipt(parseReceipt(JSON.stringify(receipt)), vkey)).toMatchObject({ kind: 'receipt', type: 'erasure' });

    await database.database.pool.query("select 1 from prediction where log = $1 and index = any($2) and outcome is not null", [log.row.id, indices]).then(({ rowCount }) => expect(rowCount).toBe(0));
    expect(await fsck()).toMatchObject({ findings: [], erased: 2 });
  });

  test('takes away by what a prediction hung together with others', async () => {
    const links = async (index: number): Promise<unknown> =>
      (await database.database.pool.query('select request, parents, features from prediction where log = $1 and index = $2', [log.row.id, index])).rows[0];
    const features = [{ view: 'customer_v7', version: '3' }, { view: 'bureau_v3', asOf: '2026-11-01T00:00:00Z' }, { view: 'bureau_v3', asOf: '2026-11-02T00:00:00Z' }];
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const linked = await append('l-1', 'links@example.org', { parents: ['null', 'l-0'], features, trace });
    expect(await links(linked)).toEqual({ request: trace.slice(3, 35), parents: ['null', 'l-0'], features: ['customer_v7 3', 'bureau_v3'] });
    expect(await links(await append('l-2', 'nobody@example.org', { parents: [], features: [] }))).toEqual({ request: null, parents: null, features: null });
    await erase('links@example.org');
    expect(await links(linked)).toEqual({ request: null, parents: null, features: null });
  });

  test('leaves neither key, payload, token nor the way from the reference', async () => {
    await append('b-1', 'bob@example.org');
    const subject = async (): Promise<unknown> => ((await payloadAt((await ask('bob@example.org'))['index'])) as { body: JsonObject }).body['subject'];
    const first = await subject();
    expect(await subject()).toBe(first);
    await erase('bob@example.org');
    const { rows } = await database.database.owner.query('select 1 from data_key where log = $1 and subject = $2', [log.row.id, Buffer.from(String(first).slice(4), 'hex')]);
    expect(rows).toEqual([]);
    // The next record of the same person is a new beginning.
    await append('b-2', 'bob@example.org');
    expect(await subject()).not.toBe(first);
  });

  test('of one who is unknown, or erased already, looks the same', async () => {
    await append('c-1', 'carol');
    const answers = [];
    for (const subject of ['carol', 'carol', 'never-seen']) {
      const asked = await ask(subject);
      const done = (await decide(asked['id'])).json['request'] as JsonObject;
      const entries = await Promise.all([asked['index'], done['decision']].map(payloadAt));
      answers.push({ keys: Object.keys(done), kinds: entries.map(({ type, v }) => [type, v]), bodies: entries.map(({ body }) => Object.keys(body as object)) });
      expect((await get(`/v1/subjects/erasures/${String(asked['id'])}/certificate`)).status).toBe(200);
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  test('is decided once, and can be refused', async () => {
    await append('d-1', 'dora');
    const { id } = await ask('dora');
    const { json } = await decide(id, 'reject');
    expect(await payloadAt((json['request'] as JsonObject)['decision'])).toMatchObject({ type: 'request-rejected', body: { request: id } });
    expect((await decide(id)).json).toMatchObject({ status: 409, code: 'request-closed' });
    expect((await get('/v1/predictions/d-1')).status).toBe(200);
    const two = await ask('dora');
    const both = await Promise.all([decide(two['id']), decide(two['id'])]);
    // Said twice by the same person: done once, and told so again where it came late enough.
    expect(both.map(({ status }) => status).sort()[0]).toBe(200);
    expect((await decide(two['id'])).json).toMatchObject({ request: { id: two['id'], state: 'executed' } });
    const { rows } = await database.database.pool.query("select 1 from request where id = $1 and state = 'executed'", [two['id']]);
    expect(rows).toHaveLength(1);
  });

  test('that nobody decided on in time is expired', async () => {
    const { id } = await ask('eve');
    const client = await database.database.owner.connect();
    await client.query('begin; set local session_replication_role = replica');
    await client.query("update request set expires = now() - interval '1 minute' where id = $1", [id]);
    await client.query('commit');
    client.release();
    expect((await decide(id)).json).toMatchObject({ status: 409, code: 'request-closed' });
    expect((await get(`/v1/requests/${String(id)}`)).json).toMatchObject({ state: 'expired' });
    expect((await get('/v1/requests?state=expired')).json['items']).toEqual([expect.objectContaining({ id })]);
  });

  test('takes no word that would name somebody for good', async () => {
    for (const more of [{ note: 'call frank-77 about it' }, { note: 'mail to x.y@example.org' }]) {
      expect((await post('/v1/subjects/erasures', { subject: 'frank-77', reason: 'subject-request', ...more })).json).toMatchObject({ status: 422, code: 'invalid-body' });
    }
    expect((await post('/v1/subjects/erasures', { subject: 'x', reason: 'other', recipients: ['nobody'] })).status).toBe(422);
    expect((await post('/v1/subjects/erasures', { subject: 'x', reason: 'other' }, 'auditor')).status).toBe(403);
  });

  test('loses no record that comes in meanwhile, and none is sealed under a key that is gone', async () => {
    for (let round = 0; round < 5; round++) {
      const subject = `greta-${round}`;
      await append(`g-${round}`, subject);
      const { id } = await ask(subject);
      const appended = Array.from({ length: 40 }, (_, i) => post('/v1/predictions', record(`g-${round}-${i}`, subject), 'producer'));
      const [decided, ...answers] = await Promise.all([decide(id), ...appended]);
      expect(decided.status).toBe(200);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    }
    const { rows } = await database.database.owner.query('select count(*) from payload p where not exists (select from data_key k where k.log = p.log and k.id = p.key)');
    expect(rows).toEqual([{ count: 0 }]);
    expect(await fsck()).toMatchObject({ findings: [] });
  });
});

describe('statutory retention', () => {
  test('wins over erasure: what the contract retains is sealed anew, and stays', async () => {
    const retained = { model: 'credit-risk', version: '3.2.0', inputs: { age: 41, income: 52000, email: 'rita@example.org' }, output: { score: 0.2, label: 'repaid' }, decision: { outcome: 'approved' } };
    await append('r-1', 'rita', retained);
    await append('r-2', 'rita');
    const { decision } = await erase('rita');
    expect(await payloadAt(decision)).toMatchObject({ body: { indices: { count: 1 }, retained: { count: 1, citations: [expect.stringContaining('17(3)(b)')] } } });
    expect((await get('/v1/predictions/r-1')).status).toBe(200);
    expect((await get('/v1/predictions/r-2')).status).toBe(410);
    expect((await post('/v1/predictions', record('r-1', 'rita', retained), 'producer')).status).toBe(200);
    expect(await fsck()).toMatchObject({ findings: [] });
  });
});

describe('a legal hold', () => {
  test('wins over erasure until two people release it', async () => {
    await append('h-1', 'hugo');
    const waiting = await ask('hugo');
    const placed = await post('/v1/legal-holds', { subject: 'hugo', reason: 'litigation', citation: 'FRCP 37(e)' });
    expect(placed.status).toBe(201);
    const { id: hold } = placed.json;
    expect((await post('/v1/subjects/erasures', { subject: 'hugo', reason: 'subject-request' })).json).toMatchObject({ status: 409, code: 'legal-hold', detail: expect.stringContaining('FRCP 37(e)') });
    expect((await decide(waiting['id'])).json).toMatchObject({ status: 409, code: 'legal-hold' });
    expect((await get('/v1/predictions/h-1')).status).toBe(200);
    const release = await post(`/v1/legal-holds/${String(hold)}/release`, { reason: 'ended' });
    expect(release.status).toBe(202);
    const { id } = release.json['request'] as JsonObject;
    expect((await decide(id, 'approve', 'privacy-officer')).status).toBe(403);
    expect((await decide(id)).status).toBe(200);
    expect((await get('/v1/legal-holds')).json['items']).toContainEqual(expect.objectContaining({ id: hold, released: expect.any(String) }));
    expect((await decide(waiting['id'])).status).toBe(200);
    expect((await get('/v1/predictions/h-1')).status).toBe(410);
  });

  test('is on models and windows of time too', async () => {
    await append('i-1', 'ines', { model: 'held-model' });
    await append('i-2', 'ivan');
    const { json } = await post('/v1/legal-holds', { models: ['held-model'], from: '2020-01-01T00:00:00Z', reason: 'regulator' });
    expect((await post('/v1/subjects/erasures', { subject: 'ines', reason: 'subject-request' })).json).toMatchObject({ status: 409, code: 'legal-hold' });
    await erase('ivan');
    expect((await post('/v1/legal-holds', { reason: 'audit' })).status).toBe(422);
    expect(JSON.stringify(await payloadAt(json['index']))).toContain('held-model');
  });
});

test('every entry has the form that the catalogue gives, and every type was seen', async () => {
  const ajv = new Ajv({ allErrors: true, strict: false });
  formats.default(ajv);
  const { size } = await log.readHead();
  const seen = new Set<string>();
  for (let index = 0; index < size; index++) {
    const { opening } = await openEntry(log, index);
    if (opening === undefined) continue;
    const { type, v, body } = await payloadAt(index);
    const name = `${String(type)}-v${String(v)}`;
    const schema = JSON.parse(readFileSync(`docs/spec/schemas/${name}.json`, 'utf8')) as object;
    expect({ name, valid: ajv.validate(schema, body), errors: ajv.errors }).toEqual({ name, valid: true, errors: null });
    seen.add(name);
  }
  for (const name of ['erasure-requested-v1', 'request-rejected-v1', 'request-expired-v1', 'erasure-v2', 'legal-hold-placed-v1', 'legal-hold-release-requested-v1', 'legal-hold-released-v1']) {
    expect(seen).toContain(name);
  }
});
