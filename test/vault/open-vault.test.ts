import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { insertLog, readLogs } from '../../src/ledger/log-row.ts';
import { openVault } from '../../src/vault/open-vault.ts';
import { encodeOpening, type Opening } from '../../src/vault/opening.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

const ORIGIN = 'ledger.example/logs/default';
const OTHER = 'ledger.example/logs/other';
const commitment = 'ab'.repeat(32);

let database: TestDatabase;
let log: number;
let other: number;
beforeAll(async () => {
  database = await createTestDatabase();
  const { pool } = database.database;
  for (const origin of [ORIGIN, OTHER]) {
    const name = origin.split('/').at(-1) ?? '';
    await insertLog(pool, { tenantName: name, name, origin, open: true, vkey: `${origin}+x`, predecessor: undefined });
  }
  [log, other] = (await readLogs(pool)).map(({ id }) => id) as [number, number];
});
afterAll(() => database.drop());

const vault = () => openVault(database.settings, database.database.pool);
const opening = (payload: string): Opening => ({ salt: randomBytes(32), contentDigest: randomBytes(32), payload: Buffer.from(payload) });
const sealable = (payload: string): Buffer => encodeOpening(opening(payload));

describe('payloads', () => {
  test('open in a later process to what was sealed', async () => {
    const sealer = await (await vault()).sealerFor(log, ORIGIN);
    const sealed = ['', 'p', 'é'.repeat(100_000)].map((text) => {
      const each = opening(text);
      return { each, ...sealer.seal(encodeOpening(each), commitment) };
    });
    const opener = (await vault()).openerFor(log, ORIGIN);
    for (const { each, key, sealed: bytes } of sealed) expect(await opener.open(key, bytes, commitment)).toEqual({
      salt: Buffer.from(each.salt), contentDigest: Buffer.from(each.contentDigest), payload: Buffer.from(each.payload),
    });
  });

  test('hide what they hold', async () => {
    const sealer = await (await vault()).sealerFor(log, ORIGIN);
    const { sealed } = sealer.seal(sealable('{"name":"Ada"}'), commitment);
    expect(Buffer.from(sealed).includes('Ada')).toBe(false);
  });

  test('do not open under another commitment, for another log, under another key, or cut short', async () => {
    const opened = await vault();
    const sealer = await opened.sealerFor(log, ORIGIN);
    const { key, sealed } = sealer.seal(sealable('{}'), commitment);
    const unreadable = { name: 'VaultError', code: 'payload-unreadable' };
    await expect(sealer.open(key, sealed, 'cd'.repeat(32))).rejects.toMatchObject(unreadable);
    await expect(opened.openerFor(log, OTHER).open(key, sealed, commitment)).rejects.toMatchObject({ code: 'unwrap-failed' });
    await expect(opened.openerFor(other, OTHER).open(key, sealed, commitment)).rejects.toMatchObject(unreadable);
    await expect(sealer.open(key + 1000, sealed, commitment)).rejects.toMatchObject(unreadable);
    await expect(sealer.open(key, sealed.subarray(0, 20), commitment)).rejects.toMatchObject(unreadable);
    const second = await opened.sealerFor(log, ORIGIN);
    const under = second.seal(sealable('{}'), commitment).key;
    expect(under).not.toBe(key);
    await expect(sealer.open(under, sealed, commitment)).rejects.toMatchObject(unreadable);
  });

  test('keys stand in the database wrapped alone', async () => {
    const { rows } = await database.database.pool.query<{ wrapped: Buffer }>('select wrapped from data_key');
    expect(rows.length).toBeGreaterThan(0);
    for (const { wrapped } of rows) expect(wrapped).toHaveLength(32 + 12 + 16);
  });
});

describe('the key file', () => {
  const file = () => join(database.settings.dataDir, 'key-encryption-keys.json');

  test('that is lost stops the start, and a new one is not put in its place', async () => {
    await rename(file(), `${file()}.away`);
    await expect(vault()).rejects.toMatchObject({ code: 'kek-missing' });
    await rename(`${file()}.away`, file());
    await expect(vault()).resolves.toBeDefined();
  });

  test('of another database is refused', async () => {
    await rename(file(), `${file()}.away`);
    const { KeyFile } = await import('../../src/vault/key-file.ts');
    await KeyFile.open(file(), true);
    await expect(vault()).rejects.toMatchObject({ code: 'kek-missing' });
    await rm(file());
    await rename(`${file()}.away`, file());
  });
});
