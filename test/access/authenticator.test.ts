import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasKeyForm, makeKey, type IssuedKey, type KeyTerms } from '../../src/access/api-key.ts';
import { FailureCounts } from '../../src/access/authentication-failures.ts';
import { Authenticator, type Presented } from '../../src/access/authenticator.ts';
import { ClientCertificates } from '../../src/access/client-certificate.ts';
import { CredentialPolicy } from '../../src/access/credential-policy.ts';
import { insertKey } from '../../src/access/key-table.ts';
import { TokenVerifier } from '../../src/access/verify-token.ts';
import { TrustedProxies } from '../../src/http/trusted-proxies.ts';
import { Roles } from '../../src/access/roles.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

let database: TestDatabase;
let tenant: number;
let policy: CredentialPolicy;
beforeAll(async () => {
  const bundle = await PolicyBundle.read('policies');
  policy = new CredentialPolicy(bundle, new Roles(bundle));
  database = await createTestDatabase();
  const { rows } = await database.database.owner.query<{ id: number }>(`insert into tenant (name) values ('t') returning id`);
  tenant = rows[0]?.id as number;
});
afterAll(() => database.drop());

async function issued(role = 'auditor', terms: KeyTerms = {}): Promise<IssuedKey> {
  const key = makeKey(role, terms);
  await insertKey(database.database.pool, tenant, key);
  return key;
}

let failures = new FailureCounts();
function fresh(): Authenticator {
  failures = new FailureCounts();
  return new Authenticator({ pool: database.database.pool, policy, failures, tokens: new TokenVerifier([]),
      certificates: new ClientCertificates(new TrustedProxies([])), logOf: () => { throw new Error('no log'); } });
}

const shows = (authorization: string | undefined, ip = '192.0.2.1'): Presented => ({ headers: { authorization }, ip });
const bearer = (key: { key: string }, ip?: string): Presented => shows(`Bearer ${key.key}`, ip);

async function refusal(work: () => unknown): Promise<{ code: string; retryAfterMs: number }> {
  try {
    await work();
  } catch (error) {
    return error as { code: string; retryAfterMs: number };
  }
  throw new Error('nothing was refused');
}

describe('a key', () => {
  test('has 256 bits that are nowhere but in itself', async () => {
    const key = await issued();
    expect(hasKeyForm(key.key)).toBe(true);
    expect(key.key.startsWith(`${key.prefix}_`)).toBe(true);
    expect(Buffer.from(key.key.slice(key.prefix.length + 1), 'base64url')).toHaveLength(32);
    const { rows } = await database.database.pool.query('select * from api_key');
    expect(JSON.stringify(rows)).not.toContain(key.key.slice(key.prefix.length + 1));
    expect(key.principal).toMatch(/^prn_[0-9a-f]{24}$/);
  });

  test('is never the same twice', () => {
    const keys = Array.from({ length: 1000 }, () => makeKey('auditor'));
    for (const part of ['key', 'principal', 'digest'] as const) expect(new Set(keys.map((key) => key[part])).size).toBe(1000);
  });

  test.each(['', 'pl_', 'x', `pl_${'0'.repeat(8)}_${'a'.repeat(42)}`, `pl_${'0'.repeat(8)}_${'a'.repeat(44)}`, `PL_${'0'.repeat(8)}_${'a'.repeat(43)}`, `pl_${'g'.repeat(8)}_${'a'.repeat(43)}`, `pl_${'0'.repeat(8)}_${'a'.repeat(42)}=`, `pl_${'0'.repeat(8)}_${'a'.repeat(43)}\n`])(
    'of another form is none: %p',
    (text) => {
      expect(hasKeyForm(text)).toBe(false);
    },
  );
});

describe('the authenticator', () => {
  test('knows a key from the database first, then at once', async () => {
    const authenticator = fresh();
    const key = await issued('operator', { scope: { actions: ['read'], models: ['m'] }, issuedBy: 'prn_x' });
    const expected = { id: key.principal, tenant, role: 'operator', method: 'api-key', prefix: key.prefix, issuedBy: 'prn_x', actions: ['read'], models: ['m'], elevations: [] };
    const first = authenticator.authenticate(bearer(key));
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toEqual(expected);
    expect(authenticator.authenticate(shows(`bearer ${key.key}`))).toEqual(expected);
  });

  test('asks the database nothing about what has not the form of a key', () => {
    const authenticator = fresh();
    const shown = ['', 'Bearer', 'Bearer x', `Basic ${makeKey('a').key}`, `Bearer ${makeKey('a').key} x`, `Bearer ${' '.repeat(500)}${makeKey('a').key}`];
    for (const header of [undefined, ...shown]) expect(authenticator.authenticate(shows(header))).toBeUndefined();
    expect(failures.take()).toEqual([{ prefix: '', reason: 'no-credential', tenant: undefined, count: 1 }, { prefix: '', reason: 'malformed', tenant: undefined, count: shown.length }]);
    expect(failures.take()).toEqual([]);
  });

  test('does not know a key that nobody has, however often it is shown, and names no prefix of it', async () => {
    const authenticator = fresh();
    const { key } = makeKey('auditor');
    for (let i = 0; i < 3; i++) expect(await authenticator.authenticate(shows(`Bearer ${key}`))).toBeUndefined();
    expect(failures.take()).toEqual([{ prefix: '', reason: 'unknown', tenant: undefined, count: 3 }]);
  });

  test('never keeps a known key waiting, and forgets a revoked one within five seconds', async () => {
    const authenticator = fresh();
    const key = await issued();
    expect(await authenticator.authenticate(bearer(key))).toMatchObject({ id: key.principal });
    const until = performance.now() + 6000;
    while (performance.now() < until) {
      expect(authenticator.authenticate(bearer(key))).not.toBeInstanceOf(Promise);
      await new Promise((done) => setTimeout(done, 50));
    }
    await database.database.owner.query('update api_key set revoked = now() where digest = $1', [Buffer.from(key.digest, 'hex')]);
    const revokedAt = performance.now();
    while ((await authenticator.authenticate(bearer(key))) !== undefined) {
      expect(performance.now() - revokedAt).toBeLessThan(5500);
      await new Promise((done) => setTimeout(done, 50));
    }
    expect(await authenticator.authenticate(bearer(key))).toBeUndefined();
    expect(failures.take()).toEqual([{ prefix: key.prefix, reason: 'revoked', tenant, count: 2 }]);
  });

  test('lets a key in until it expires, to the moment', async () => {
    const authenticator = fresh();
    const expires = Date.now() + 1500;
    const key = await issued('auditor', { expires: new Date(expires).toISOString() });
    expect(await authenticator.authenticate(bearer(key))).toMatchObject({ id: key.principal });
    expect(authenticator.authenticate(bearer(key))).not.toBeInstanceOf(Promise);
    while ((await authenticator.authenticate(bearer(key))) !== undefined) {
      expect(Date.now()).toBeLessThan(expires + 250);
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(Date.now()).toBeGreaterThan(expires - 50);
    expect(failures.take()).toEqual([{ prefix: key.prefix, reason: 'expired', tenant, count: 1 }]);
  });

  test('looks a key up once for all who show it at the same time', async () => {
    const authenticator = fresh();
    const key = await issued();
    const answers = await Promise.all(Array.from({ length: 50 }, async () => authenticator.authenticate(bearer(key))));
    expect(new Set(answers.map((principal) => principal?.id))).toEqual(new Set([key.principal]));
    expect(new Set(answers).size).toBe(1);
  });

  test('notes the last use, at most once a minute', async () => {
    const authenticator = fresh();
    const key = await issued();
    const lastUsed = async (): Promise<Date | null> =>
      (await database.database.pool.query<{ last_used: Date | null }>('select last_used from api_key where prefix = $1', [key.prefix])).rows[0]?.last_used ?? null;
    expect(await lastUsed()).toBeNull();
    await authenticator.authenticate(bearer(key));
    let first = await lastUsed();
    for (let i = 0; first === null && i < 100; i++) first = await new Promise((done) => setTimeout(done, 20)).then(lastUsed);
    expect(first?.getTime()).toBeGreaterThan(Date.now() - 10_000);
    await fresh().authenticate(bearer(key));
    await new Promise((done) => setTimeout(done, 100));
    expect(await lastUsed()).toEqual(first);
    await database.database.owner.query("update api_key set last_used = now() - interval '61 seconds' where prefix = $1", [key.prefix]);
    await fresh().authenticate(bearer(key));
    let second = first;
    for (let i = 0; i < 100 && (second === null || first === null || second <= first); i++) second = await new Promise((done) => setTimeout(done, 20)).then(lastUsed);
    expect(second?.getTime()).toBeGreaterThan(first?.getTime() ?? Infinity);
  });

  test('forgets at once what was changed here', async () => {
    const authenticator = fresh();
    const key = await issued();
    await authenticator.authenticate(bearer(key));
    authenticator.forget(key.prefix);
    expect(authenticator.authenticate(bearer(key))).toBeInstanceOf(Promise);
    await authenticator.authenticate(bearer(key));
    authenticator.forget(key.principal);
    expect(authenticator.authenticate(bearer(key))).toBeInstanceOf(Promise);
  });
});

describe('limits', () => {
  test('bound a principal over all of its keys, and say when to come again', async () => {
    const authenticator = fresh();
    const first = await issued();
    const second = await issued('auditor', { principal: first.principal });
    await authenticator.authenticate(bearer(first));
    await authenticator.authenticate(bearer(second));
    const { burst } = policy.rateLimit('auditor') ?? { burst: 0 };
    const { code, retryAfterMs } = await refusal(() => {
      for (let i = 0; i < burst * 2; i++) void authenticator.authenticate(bearer(i % 2 === 0 ? first : second));
    });
    expect(code).toBe('rate-limited');
    expect(retryAfterMs).toBeGreaterThan(0);
    await new Promise((done) => setTimeout(done, retryAfterMs + 1));
    expect(authenticator.authenticate(bearer(first))).toMatchObject({ id: first.principal });
    expect(failures.take()).toEqual([{ prefix: expect.stringMatching(/^pl_/), reason: 'rate-limited', tenant, count: 1 }]);
  });

  test('put off an address that fails too often, but not who was good a moment ago, nor another address', async () => {
    const authenticator = fresh();
    const [good, late] = [await issued(), await issued()];
    await authenticator.authenticate(bearer(good));
    const { code } = await refusal(async () => {
      for (let i = 0; i < 1000; i++) await authenticator.authenticate(bearer(makeKey('auditor')));
    });
    expect(code).toBe('too-many-failures');
    expect((await refusal(() => authenticator.authenticate(bearer(late)))).code).toBe('too-many-failures');
    expect((await refusal(() => authenticator.authenticate(shows('Bearer x')))).code).toBe('too-many-failures');
    expect(authenticator.authenticate(bearer(good))).toMatchObject({ id: good.principal });
    authenticator.forget('nobody');
    expect(await authenticator.authenticate(bearer(late, '192.0.2.2'))).toMatchObject({ id: late.principal });
    expect(failures.take()).toEqual(expect.arrayContaining([{ prefix: '', reason: 'unknown', tenant: undefined, count: policy.failures.burst }]));
  });

  test('put off who guesses at one prefix from everywhere, and never its owner', async () => {
    const authenticator = fresh();
    const key = await issued();
    const guess = (i: number): Presented => shows(`Bearer ${key.prefix}_${makeKey('a').key.slice(-43)}`, `192.0.2.${i % 250}`);
    let code = '';
    for (let i = 0; i < 1000 && code === ''; i++) code = await refusal(() => authenticator.authenticate(guess(i))).then((problem) => problem.code, () => '');
    expect(code).toBe('too-many-failures');
    expect(await authenticator.authenticate(bearer(key))).toMatchObject({ id: key.principal });
  });
});
