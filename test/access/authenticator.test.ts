import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasKeyForm, insertKey, keyDigest, makeKey, type IssuedKey } from '../../src/access/api-key.ts';
import { Authenticator } from '../../src/access/authenticator.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

let database: TestDatabase;
let tenant: number;
beforeAll(async () => {
  database = await createTestDatabase();
  const { rows } = await database.database.owner.query<{ id: number }>(`insert into tenant (name) values ('t') returning id`);
  tenant = rows[0]?.id as number;
});
afterAll(() => database.drop());

async function issued(role = 'auditor'): Promise<IssuedKey> {
  const key = makeKey(role);
  await insertKey(database.database.pool, tenant, key);
  return key;
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
    const authenticator = new Authenticator(database.database.pool);
    const key = await issued('operator');
    const expected = { id: key.principal, tenant, role: 'operator' };
    const first = authenticator.authenticate(`Bearer ${key.key}`);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toEqual(expected);
    expect(authenticator.authenticate(`bearer ${key.key}`)).toEqual(expected);
  });

  test('asks the database nothing about what has not the form of a key', () => {
    const authenticator = new Authenticator(database.database.pool);
    for (const header of [undefined, '', 'Bearer', 'Bearer x', `Basic ${makeKey('a').key}`, `Bearer ${makeKey('a').key} x`, `Bearer ${' '.repeat(500)}${makeKey('a').key}`]) {
      expect(authenticator.authenticate(header)).toBeUndefined();
    }
  });

  test('does not know a key that nobody has, however often it is shown', async () => {
    const authenticator = new Authenticator(database.database.pool);
    const { key } = makeKey('auditor');
    for (let i = 0; i < 3; i++) expect(await authenticator.authenticate(`Bearer ${key}`)).toBeUndefined();
  });

  test('forgets a revoked key within five seconds', async () => {
    const authenticator = new Authenticator(database.database.pool);
    const key = await issued();
    expect(await authenticator.authenticate(`Bearer ${key.key}`)).toMatchObject({ id: key.principal });
    await database.database.owner.query('update api_key set revoked = now() where digest = $1', [Buffer.from(keyDigest(key.key), 'hex')]);
    const revokedAt = performance.now();
    while ((await authenticator.authenticate(`Bearer ${key.key}`)) !== undefined) {
      expect(performance.now() - revokedAt).toBeLessThan(6000);
      await new Promise((done) => setTimeout(done, 50));
    }
    expect(await authenticator.authenticate(`Bearer ${key.key}`)).toBeUndefined();
  });
});
