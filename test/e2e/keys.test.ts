import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKey } from '../../src/access/api-key.ts';
import { FailureCounts } from '../../src/access/authentication-failures.ts';
import { Authenticator } from '../../src/access/authenticator.ts';
import { issueKey } from '../../src/access/bootstrap.ts';
import { ClientCertificates } from '../../src/access/client-certificate.ts';
import { TokenVerifier } from '../../src/access/verify-token.ts';
import { TrustedProxies } from '../../src/http/trusted-proxies.ts';
import { parsePayload } from '../../src/core/payload.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from './service.ts';

let database: TestDatabase;
let service: TestService;

beforeAll(async () => {
  database = await createTestDatabase();
  service = await startTestService({}, {}, database);
});
afterAll(async () => {
  await service.close();
  await database.drop();
});

const post = (path: string, body?: unknown, by = 'admin'): Promise<Answer> => service.call('POST', path, by, body);

async function issue(body: object, by = 'admin'): Promise<{ key: string; prefix: string; principal: string; [name: string]: unknown }> {
  const { status, json } = await post('/v1/keys', body, by);
  expect(status).toBe(201);
  return json as { key: string; prefix: string; principal: string };
}

async function listed(prefix: string): Promise<JsonObject | undefined> {
  return ((await service.call('GET', '/v1/keys', 'admin')).json['items'] as JsonObject[]).find((item) => item['prefix'] === prefix);
}

/** The newest entry's payload. */
async function lastPayload(): Promise<JsonObject> {
  const log = service.service.ledger.byLogName('default');
  if (log === undefined) throw new Error('no log');
  const { size } = await log.readHead();
  const { opening } = await openEntry(log, size - 1);
  return parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8')) as unknown as JsonObject;
}

describe('a key', () => {
  test('is issued by an administrator, works at once, and is an entry without the key', async () => {
    const key = await issue({ role: 'producer', label: 'scoring-eu.1', days: 30 });
    expect(key).toMatchObject({ role: 'producer', label: 'scoring-eu.1', scope: {}, principal: expect.stringMatching(/^prn_/) });
    expect(Date.parse(String(key['expires'])) - Date.now()).toBeCloseTo(30 * 86_400_000, -5);
    expect((await post('/v1/predictions', prediction('by-new-key'), key.key)).status).toBe(201);
    expect(await listed(key.prefix)).toMatchObject({ principal: key.principal, role: 'producer', revoked: null, successor: null });
    const text = (await service.call('GET', '/v1/keys', 'admin')).text;
    expect(text).not.toContain(key.key.slice(key.prefix.length + 1));
  });

  test('names who issued it, and by which rule', async () => {
    const { principal, prefix, key } = await issue({ role: 'auditor' });
    const payload = await lastPayload();
    const admin = (await listed(prefix))?.['issuedBy'];
    expect(payload).toMatchObject({ type: 'api-key-issued', v: 2, principal: admin, rule: 'admin-administers-keys', body: { principal, prefix, role: 'auditor', label: null, scope: {} } });
    expect(JSON.stringify(payload)).not.toContain(key.slice(prefix.length + 1));
  });

  test('is handed out by nobody else, to nobody’s own principal, in no other form', async () => {
    for (const by of ['producer', 'auditor', 'compliance-officer', 'privacy-officer', 'model-approver', 'operator']) {
      for (const path of ['/v1/keys', '/v1/keys/pl_00000000/rotate', '/v1/keys/pl_00000000/revoke']) expect((await post(path, { role: by }, by)).status).toBe(403);
      expect((await service.call('GET', '/v1/keys', by)).status).toBe(['auditor', 'compliance-officer'].includes(by) ? 200 : 403);
    }
    const wrong: [unknown, string][] = [
      [{}, '/role'], [{ role: 'auditor', principal: 'prn_000000000000000000000000' }, '/principal'], [{ role: 'auditor', tenant: 1 }, '/tenant'], [{ role: 'auditor', issuedBy: 'system' }, '/issuedBy'],
      [{ role: 'auditor', digest: '0' }, '/digest'], [{ role: 'auditor', days: 0 }, '/days'], [{ role: 'auditor', days: 1.5 }, '/days'], [{ role: 'auditor', days: '3' }, '/days'],
      [{ role: 'auditor', label: 'jane.doe@acme.example' }, '/label'], [{ role: 'auditor', label: 'Jane Doe' }, '/label'], [{ role: 'auditor', label: 'tel-0123456789' }, '/label'],
      [{ role: 'auditor', scope: { actions: ['manage'] } }, '/scope/actions/0'], [{ role: 'auditor', scope: { actions: [] } }, '/scope/actions'], [{ role: 'auditor', scope: { model: ['m'] } }, '/scope/model'],
    ];
    for (const [body, at] of wrong) {
      const { status, json } = await post('/v1/keys', body);
      expect([status, json['code'], (json['errors'] as { at: string }[])[0]?.at]).toEqual([422, 'invalid-body', at]);
    }
    for (const role of ['nobody', 'root', 'constructor']) expect((await post('/v1/keys', { role })).status).toBe(403);
    expect((await post('/v1/keys', { role: 'auditor', days: 401 })).json).toMatchObject({ status: 403, code: 'forbidden' });
    expect((await post('/v1/keys', '{"role":"auditor","__proto__":{"role":"admin"}}', 'admin')).status).toBe(415);
    expect((await service.call('POST', '/v1/keys', 'admin', '{"role":"auditor","__proto__":{}}', { 'content-type': 'application/json' })).json['code']).toBe('invalid-json');
  });

  test('does what its scope says and no more', async () => {
    const narrow = await issue({ role: 'producer', scope: { actions: ['append'], models: ['churn'] } });
    expect((await post('/v1/predictions', prediction('scoped-1'), narrow.key)).status).toBe(201);
    expect((await post('/v1/predictions', prediction('scoped-2', { model: 'other' }), narrow.key)).json['code']).toBe('forbidden');
    expect((await service.call('GET', '/v1/predictions/scoped-1/proof', narrow.key)).status).toBe(403);
    const batch = await service.call('POST', '/v1/predictions/batch', narrow.key, [prediction('scoped-3'), prediction('scoped-4', { model: 'other' })]);
    expect((batch.json['results'] as { status: number }[]).map(({ status }) => status)).toEqual([201, 403]);
    // Its log holds commitments alone; a record of a model that is not known to be in its scope does not open.
    const reader = await issue({ role: 'auditor', scope: { models: ['other'] } });
    expect((await service.call('GET', '/v1/log', reader.key)).status).toBe(200);
    expect((await service.call('GET', '/v1/predictions/scoped-1', reader.key)).status).toBeGreaterThanOrEqual(403);
  });

  test('hands out none that reaches further than itself', async () => {
    const confined = await issue({ role: 'admin', scope: { actions: ['issue', 'rotate'], models: ['a', 'b'] } });
    for (const scope of [undefined, { models: ['a', 'c'] }, { actions: ['append'] }]) expect((await post('/v1/keys', { role: 'producer', scope }, confined.key)).status).toBe(403);
    await issue({ role: 'producer', scope: { models: ['b'] } }, confined.key);
    const wide = await issue({ role: 'producer' });
    expect((await post(`/v1/keys/${wide.prefix}/rotate`, {}, confined.key)).status).toBe(403);
    expect((await service.call('GET', '/v1/keys', confined.key)).status).toBe(403);
  });

  test('is rotated with an overlap, for the same principal, once', async () => {
    const old = await issue({ role: 'auditor', scope: { models: ['other'] }, label: 'quarterly' });
    const { status, json } = await post(`/v1/keys/${old.prefix}/rotate`, { overlapMinutes: 1 });
    const rotated = json as { key: string; prefix: string };
    expect([status, json]).toEqual([201, expect.objectContaining({ principal: old.principal, role: 'auditor', from: old.prefix, scope: { models: ['other'] }, label: 'quarterly' })]);
    expect(Date.parse(String(json['overlapUntil'])) - Date.now()).toBeLessThanOrEqual(60_000);
    expect(await lastPayload()).toMatchObject({ type: 'api-key-rotated', v: 1, body: { principal: old.principal, from: old.prefix, prefix: rotated.prefix, until: json['overlapUntil'] } });
    for (const key of [old.key, rotated.key]) expect((await service.call('GET', '/v1/log', key)).status).toBe(200);
    expect((await post(`/v1/keys/${old.prefix}/rotate`)).json).toMatchObject({ status: 409, code: 'credential-ended' });
    expect(await listed(old.prefix)).toMatchObject({ successor: rotated.prefix });
    const last = (await post(`/v1/keys/${rotated.prefix}/rotate`, { overlapMinutes: 0 })).json as { key: string };
    expect((await service.call('GET', '/v1/log', rotated.key)).status).toBe(401);
    expect((await service.call('GET', '/v1/log', last.key)).status).toBe(200);
  });

  test('that two rotate at once has one successor', async () => {
    const { prefix, principal } = await issue({ role: 'auditor' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(`/v1/keys/${prefix}/rotate`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    const { rows } = await database.database.pool.query('select prefix from api_key where principal = $1', [principal]);
    expect(rows).toHaveLength(2);
  });

  test('that is revoked is refused here at once, and on another replica within five seconds', async () => {
    const { key, prefix, principal } = await issue({ role: 'auditor' });
    // What another replica has between its requests and the same database.
    const replica = new Authenticator({
      pool: database.database.pool,
      policy: service.service.credentialPolicy,
      failures: new FailureCounts(),
      tokens: new TokenVerifier([]),
      certificates: new ClientCertificates(new TrustedProxies([])),
      logOf: (tenant) => service.service.ledger.ofTenant(tenant),
    });
    const there = { headers: { authorization: `Bearer ${key}` }, ip: '192.0.2.1' };
    expect(await replica.authenticate(there)).toMatchObject({ id: principal });
    expect((await service.call('GET', '/v1/log', key)).status).toBe(200);
    const revokedAt = performance.now();
    const answer = await post(`/v1/keys/${prefix}/revoke`, { reason: 'compromised' });
    expect([answer.status, answer.json]).toEqual([200, expect.objectContaining({ prefix, revoked: expect.any(String) })]);
    expect((await service.call('GET', '/v1/log', key)).status).toBe(401);
    expect(await lastPayload()).toMatchObject({ type: 'api-key-revoked', v: 1, body: { principal, prefix, reason: 'compromised' } });
    while ((await replica.authenticate(there)) !== undefined) await new Promise((done) => setTimeout(done, 50));
    expect(performance.now() - revokedAt).toBeLessThan(5500);
    const { size } = (await service.call('GET', '/v1/log', 'admin')).json as { size: number };
    expect((await post(`/v1/keys/${prefix}/revoke`, { reason: 'other' })).json['revoked']).toBe(answer.json['revoked']);
    expect((await service.call('GET', '/v1/log', 'admin')).json['size']).toBe(size);
    expect((await post(`/v1/keys/${prefix}/rotate`)).status).toBe(409);
  });

  test('of another tenant, or of none, does not exist', async () => {
    const log = await service.service.ledger.createLog('acme', 'acme', false);
    const theirs = makeKey('admin');
    await issueKey(log, database.database.pool, theirs);
    const ours = await issue({ role: 'auditor' });
    for (const prefix of [ours.prefix, 'pl_00000000', 'nonsense', '..%2f', "pl_0000000'", '%00']) {
      for (const [what, body] of [['rotate', {}], ['revoke', { reason: 'other' }]] as const) {
        const { status, json } = await post(`/v1/keys/${prefix}/${what}`, body, theirs.key);
        expect([prefix, status, json['detail']]).toEqual([prefix, 404, 'There is no such key.']);
      }
    }
    expect((await service.call('GET', '/v1/keys', theirs.key)).json['items']).toEqual([expect.objectContaining({ prefix: theirs.prefix })]);
    expect((await service.call('GET', '/v1/log', ours.key)).status).toBe(200);
  });

  test('only ever becomes weaker, whoever asks the database', async () => {
    const { prefix } = await issue({ role: 'auditor', days: 1 });
    const { pool } = database.database;
    for (const change of ["role = 'admin'", "principal = 'prn_0'", 'tenant = 2', 'actions = null', "expires = now() + interval '9 days'", 'expires = null', "digest = '\\x00'", "issued_by = 'system'"]) {
      await expect(pool.query(`update api_key set ${change} where prefix = $1`, [prefix])).rejects.toThrow();
    }
    await pool.query('update api_key set revoked = now() where prefix = $1', [prefix]);
    await expect(pool.query('update api_key set revoked = null where prefix = $1', [prefix])).rejects.toThrow('may only become weaker');
    await expect(database.database.owner.query("update api_key set role = 'admin' where prefix = $1", [prefix])).rejects.toThrow('may only become weaker');
    await expect(pool.query('delete from api_key where prefix = $1', [prefix])).rejects.toThrow('permission denied');
  });

  test('list goes on in pages, and takes no other parameter', async () => {
    const log = await service.service.ledger.createLog('many', 'many', false);
    const admin = makeKey('admin');
    await issueKey(log, database.database.pool, admin);
    await database.database.pool.query(`insert into api_key (digest, tenant, principal, role, prefix) select sha256(n::text::bytea), $1, 'p' || n, 'auditor', 'pl_' || lpad(to_hex(n), 8, '0') from generate_series(1, 150) n`, [log.row.tenant]);
    const first = (await service.call('GET', '/v1/keys', admin.key)).json as { items: { prefix: string }[]; next: string };
    const second = (await service.call('GET', `/v1/keys?cursor=${first.next}`, admin.key)).json as { items: { prefix: string }[]; next?: string };
    expect([first.items.length, second.items.length, second.next]).toEqual([100, 51, undefined]);
    expect(new Set([...first.items, ...second.items].map(({ prefix }) => prefix)).size).toBe(151);
    for (const query of ['cursor=0', 'cursor=-1', "cursor=1'", 'cursor=1&cursor=2', 'tenant=1', 'cursor[]=1', '__proto__=1']) {
      expect((await service.call('GET', `/v1/keys?${query}`, admin.key)).status).toBe(422);
    }
  });
});
