import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { insertLog, readLogs, type LogRow } from '../../src/ledger/log-row.ts';
import { readSettings } from '../../src/settings.ts';
import { KekFile } from '../../src/vault/kek-file.ts';
import type { AesLogVault } from '../../src/vault/log-vault.ts';
import { openVault } from '../../src/vault/open-vault.ts';
import { encodeOpening, type Opening } from '../../src/vault/opening.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

const commitment = 'ab'.repeat(32);
const unreadable = { name: 'VaultError', code: 'payload-unreadable' };

let database: TestDatabase;
let log: LogRow;
let other: LogRow;
beforeAll(async () => {
  database = await createTestDatabase();
  const { pool } = database.database;
  for (const name of ['default', 'other']) {
    const origin = `ledger.example/logs/${name}`;
    await insertLog(pool, { tenantName: name, name, origin, open: true, vkey: `${origin}+x`, predecessor: undefined });
  }
  [log, other] = (await readLogs(pool)) as [LogRow, LogRow];
});
afterAll(() => database.drop());

const vault = () => openVault(readSettings({ DATA_DIR: database.settings.dataDir }), database.database);
const opening = (payload: string): Opening => ({ salt: randomBytes(32), contentDigest: randomBytes(32), payload: Buffer.from(payload) });

/** Seals under a key of its own, and keeps that key as an append does. */
async function sealOwn(of: AesLogVault, payload: Opening, row = log): Promise<{ id: number; sealed: Uint8Array }> {
  const { key, row: wrapped } = of.ownKey();
  await database.database.pool.query('insert into data_key (id, log, epoch, wrapped) values ($1, $2, $3, $4)', [key.id, row.id, wrapped?.epoch, wrapped?.wrapped]);
  return { id: key.id, sealed: key.seal('payload', commitment, encodeOpening(payload)) };
}

describe('payloads', () => {
  test('open in a later process to what was sealed, under keys of their own or a data subject’s', async () => {
    const opened = await (await vault()).of(log);
    const sealed = [];
    for (const text of ['', 'p', 'é'.repeat(100_000)]) {
      const each = opening(text);
      const subject = await opened.subjectKey('customer-1');
      sealed.push({ each, ...(await sealOwn(opened, each)) });
      sealed.push({ each, id: subject.id, sealed: subject.seal('payload', commitment, encodeOpening(each)) });
    }
    const opener = (await vault()).openerOf(log);
    for (const { each, id, sealed: bytes } of sealed) expect(await opener.open(id, bytes, commitment)).toEqual({
      salt: Buffer.from(each.salt), contentDigest: Buffer.from(each.contentDigest), payload: Buffer.from(each.payload),
    });
  });

  test('hide what they hold', async () => {
    const { sealed } = await sealOwn(await (await vault()).of(log), opening('{"name":"Ada"}'));
    expect(Buffer.from(sealed).includes('Ada')).toBe(false);
  });

  test('do not open under another commitment, for another log, under another key, as originals, or cut short', async () => {
    const opened = await vault();
    const ours = await opened.of(log);
    const { id, sealed } = await sealOwn(ours, opening('{}'));
    await expect(ours.open(id, sealed, 'cd'.repeat(32))).rejects.toMatchObject(unreadable);
    await expect(opened.openerOf({ ...log, origin: other.origin }).open(id, sealed, commitment)).rejects.toMatchObject({ code: 'unwrap-failed' });
    await expect(opened.openerOf(other).open(id, sealed, commitment)).rejects.toMatchObject({ code: 'key-erased' });
    await expect(ours.open(id + 1000, sealed, commitment)).rejects.toMatchObject({ code: 'key-erased' });
    await expect(ours.open(id, sealed.subarray(0, 20), commitment)).rejects.toMatchObject(unreadable);
    await expect(ours.openOriginals(id, sealed, commitment)).rejects.toMatchObject(unreadable);
    const second = await sealOwn(ours, opening('{}'));
    expect(second.id).not.toBe(id);
    await expect(ours.open(second.id, sealed, commitment)).rejects.toMatchObject(unreadable);
  });

  test('keys and references stand in the database wrapped and sealed alone', async () => {
    const { rows } = await database.database.pool.query<{ wrapped: Buffer; reference: Buffer | null; lookup: Buffer | null }>('select * from data_key');
    expect(rows.length).toBeGreaterThan(3);
    for (const { wrapped } of rows) expect(wrapped).toHaveLength(32 + 8);
    expect(JSON.stringify(rows.map(({ reference, lookup }) => [reference?.toString('latin1'), lookup?.toString('latin1')]))).not.toContain('customer');
  });
});

describe('data subjects', () => {
  test('keep their key and opaque id, in every process, and no two share them', async () => {
    const [first, second] = [await (await vault()).of(log), await (await vault()).of(log)];
    const references = Array.from({ length: 300 }, (_, i) => `customer-${i % 100}`);
    const keys = await Promise.all(references.flatMap((reference) => [first, second].map(async (each) => each.subjectKey(reference))));
    expect(new Set(keys.map(({ id }) => id)).size).toBe(100);
    expect(new Set(keys.map(({ subject }) => subject)).size).toBe(100);
    for (const { subject } of keys) expect(subject).toMatch(/^sub_[0-9a-f]{24}$/);
    expect(first.subjectKey('customer-7')).toBe(await first.subjectKey('customer-7'));
    expect((await second.keyOfSubject((await first.subjectKey('customer-7')).subject ?? ''))?.id).toBe((await first.subjectKey('customer-7')).id);
  });

  test('are others in another log', async () => {
    const opened = await vault();
    const [here, there] = [await (await opened.of(log)).subjectKey('customer-1'), await (await opened.of(other)).subjectKey('customer-1')];
    expect(here.subject).not.toBe(there.subject);
  });

  test('have tokens of their own for a value, which stay the same', async () => {
    const ours = await (await vault()).of(log);
    const [ada, bob] = [await ours.subjectKey('ada'), await ours.subjectKey('bob')];
    const token = async (of: AesLogVault, key: typeof ada, value: string) => (await of.tokens.of({ key: key.id, lookup: key.tokenLookup(value) })).toString('hex');
    const tokens = await Promise.all(['x', 'x', 'y'].flatMap((value) => [token(ours, ada, value), token(ours, bob, value)]));
    expect(new Set(tokens).size).toBe(4);
    expect(tokens[0]).toBe(tokens[2]);
    const later = await (await vault()).of(log);
    expect(await token(later, await later.subjectKey('ada'), 'x')).toBe(tokens[0]);
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
    await new KekFile(file()).create('kek-of-another');
    await expect(vault()).rejects.toMatchObject({ code: 'kek-missing' });
    await rm(file());
    await rename(`${file()}.away`, file());
  });
});
