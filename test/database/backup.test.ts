import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type pg from 'pg';
import { toHex } from '../../src/core/bytes.ts';
import { CompactRange } from '../../src/core/compact-range.ts';
import { openArchive, writeArchive } from '../../src/database/archive.ts';
import { writeBackup } from '../../src/database/backup.ts';
import type { BackupManifest } from '../../src/database/backup-manifest.ts';
import { withClient } from '../../src/database/connect.ts';
import type { Connection } from '../../src/database/connection.ts';
import { parseDatabaseUrl } from '../../src/database/connection.ts';
import { openBackup, restoreBackup } from '../../src/database/restore.ts';
import { listSequences, listTables } from '../../src/database/table-catalog.ts';
import { cloneTemplate, createTestDatabase } from '../test-database.ts';
import type { Clone, TestDatabase } from '../test-database.ts';

const log = (): void => undefined;
const ENTRIES = 300;
let source: TestDatabase;
let owner: Connection;
let folder: string;
let path: string;
let manifest: BackupManifest;
let root: string;
let progress: [number, number][];

beforeAll(async () => {
  source = await createTestDatabase();
  owner = parseDatabaseUrl(source.settings.databaseUrl);
  root = await withClient(owner, log, fill);
  folder = await mkdtemp(join(tmpdir(), 'pl-backup-'));
  path = join(folder, 'ledger.zip');
  progress = [];
  manifest = await writeBackup({ owner, path, onProgress: (done, total) => void progress.push([done, total]), log });
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await source.drop();
});

/** A log of 300 entries with all that a text format could stumble over. Returns its root hash. */
async function fill(client: pg.Client): Promise<string> {
  const range = new CompactRange();
  for (let index = 0; index < ENTRIES; index++) range.append(createHash('sha256').update(String(index)).digest());
  await client.query(`INSERT INTO tenant (name) VALUES ('default'), ('gone'), ('other')`);
  await client.query(`INSERT INTO log (tenant, name, origin, open) VALUES (1, 'default', 'ledger.example/logs/default', true)`);
  await client.query('INSERT INTO log_head (log, size, head, frontier, time) VALUES (1, $1, $2, $3, $4)', [
    range.size,
    randomBytes(32),
    Buffer.concat(range.hashes),
    Date.now(),
  ]);
  for (let index = 0; index < ENTRIES; index++) {
    await client.query('INSERT INTO entry (log, index, bytes) VALUES (1, $1, $2)', [index, randomBytes(index * 3)]);
  }
  const id = 'tab\tnewline\nbackslash\\N \\. quote" emoji \u{1f9ff} é';
  await client.query(
    `INSERT INTO prediction (log, index, id, time, model, version) VALUES (1, 0, $1, 9007199254740991, 'm', ''), (1, 1, '\\.', 0, '\\N', 'v')`,
    [id],
  );
  return toHex(range.root());
}

async function contentOf(connection: Connection): Promise<Record<string, unknown>> {
  return withClient(connection, log, async (client) => {
    const content: Record<string, unknown> = { sequences: await listSequences(client) };
    for (const { name } of await listTables(client)) {
      content[name] = (await client.query(`SELECT t::text FROM "${name}" t ORDER BY 1`)).rows;
    }
    return content;
  });
}

/** The backup with some of its files changed; `undefined` leaves one out. */
async function altered(change: (name: string, bytes: Buffer) => Buffer | undefined, more: Record<string, string> = {}): Promise<string> {
  const archive = await openArchive(path);
  const files: [string, Buffer][] = Object.entries(more).map(([name, text]) => [name, Buffer.from(text)]);
  for (const name of archive.names) {
    const bytes = change(name, await buffer(await archive.read(name)));
    if (bytes !== undefined) files.push([name, bytes]);
  }
  archive.close();
  const target = join(folder, `${randomBytes(4).toString('hex')}.zip`);
  await writeArchive(target, files.map(([name, bytes]) => ({ name, open: () => Readable.from([bytes]) })));
  return target;
}

function inManifest(change: (content: Record<string, unknown[]>) => void): (name: string, bytes: Buffer) => Buffer {
  return (name, bytes) => {
    if (name !== 'manifest.json') return bytes;
    const content = JSON.parse(bytes.toString()) as Record<string, unknown[]>;
    change(content);
    return Buffer.from(JSON.stringify(content));
  };
}

const only = (wanted: string, change: (text: string) => string | undefined) => (name: string, bytes: Buffer) => {
  if (name !== wanted) return bytes;
  const text = change(bytes.toString());
  return text === undefined ? undefined : Buffer.from(text);
};

describe('a backup', () => {
  test('states what it holds, and where each log stood', () => {
    expect(manifest.logs).toEqual([{ origin: 'ledger.example/logs/default', size: ENTRIES, root }]);
    expect(manifest.tables.find(({ name }) => name === 'entry')).toMatchObject({ rows: ENTRIES, columns: ['log', 'index', 'bytes'] });
    expect(manifest.migrations[0]).toMatchObject({ number: 1 });
  });

  test('is readable by its owner alone, and tells its progress to the end', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    expect(progress.at(-1)).toEqual([rows, rows]);
  });

  test('overwrites nothing and leaves no unfinished file', async () => {
    await expect(writeBackup({ owner, path, onProgress: log, log })).rejects.toMatchObject({ code: 'backup-failed' });
    await expect(writeBackup({ owner, path: join(folder, 'no', 'such', 'folder.zip'), onProgress: log, log })).rejects.toMatchObject({
      code: 'backup-failed',
    });
  });

  test('is of one moment: what is committed while it is written is not in it', async () => {
    const late = join(folder, 'late.zip');
    let inserted: Promise<unknown> | undefined;
    const taken = await writeBackup({
      owner,
      path: late,
      onProgress: () => void (inserted ??= source.database.owner.query(`INSERT INTO tenant (name) VALUES ('late')`)),
      log,
    });
    await inserted;
    expect(taken.tables.find(({ name }) => name === 'tenant')?.rows).toBe(3);
    expect(taken.tables.map(({ sha256 }) => sha256)).toEqual(manifest.tables.map(({ sha256 }) => sha256));
  });

  test('of an empty database is refused', async () => {
    const clone = await cloneTemplate('template0');
    await expect(writeBackup({ owner: clone.owner, path: join(folder, 'empty.zip'), onProgress: log, log })).rejects.toMatchObject({
      code: 'backup-failed',
    });
    await clone.drop();
  });
});

describe('a restore', () => {
  let clone: Clone;
  beforeEach(async () => {
    clone = await cloneTemplate('template0');
  });
  afterEach(async () => {
    expect(await clone.drop()).toEqual([]);
  });

  async function restore(from = path): Promise<void> {
    const server = { owner: clone.owner, runtime: clone.runtime, runtimePassword: undefined, location: '', stop: async () => undefined };
    const backup = await openBackup(from);
    await restoreBackup({ backup, server, onProgress: log, log }).finally(() => backup.archive.close());
  }

  async function rows(): Promise<number> {
    const content = await contentOf(clone.owner);
    delete content['sequences'];
    return Object.values(content).reduce((sum: number, table) => sum + (table as unknown[]).length, 0);
  }

  test('gives back every row and every sequence', async () => {
    await restore();
    // One tenant came after the backup.
    await withClient(owner, log, (client) => client.query(`ALTER TABLE tenant DISABLE TRIGGER USER; DELETE FROM tenant WHERE name = 'late'; ALTER TABLE tenant ENABLE TRIGGER USER; SELECT setval('tenant_id_seq', 3)`));
    expect(await contentOf(clone.owner)).toEqual(await contentOf(owner));
  });

  test('into a database with rows is refused, and changes nothing', async () => {
    await restore();
    const before = await contentOf(clone.owner);
    await expect(restore()).rejects.toMatchObject({ code: 'database-not-empty' });
    expect(await contentOf(clone.owner)).toEqual(before);
  });

  test.each<[string, (name: string, bytes: Buffer) => Buffer | undefined, RegExp]>([
    ['a changed row', only('tables/prediction.copy', (text) => text.replace('9007199254740991', '9007199254740990')), /SHA-256/],
    ['a row that is gone', only('tables/entry.copy', (text) => text.slice(text.indexOf('\n') + 1)), /SHA-256/],
    ['a row that PostgreSQL refuses', only('tables/tenant.copy', (text) => text.replace('default', 'Not A Name')), /tenant.copy/],
    ['a row cut in the middle', only('tables/entry.copy', (text) => text.slice(0, -7)), /entry.copy/],
    ['a missing table', only('tables/payload.copy', () => undefined), /other files/],
    ['a missing manifest', only('manifest.json', () => undefined), /manifest.json is missing/],
    ['a manifest of something else', only('manifest.json', () => '{"format":"else"}'), /not a backup of/],
    ['a manifest that is not JSON', only('manifest.json', () => '{'), /not a backup of/],
    ['a manifest without its tables', only('manifest.json', (text) => text.replace('"tables"', '"chairs"')), /incomplete/],
  ])('of a backup with %s is refused, and nothing stays', async (_what, change, message) => {
    await expect(restore(await altered(change))).rejects.toMatchObject({ code: 'backup-malformed', message: expect.stringMatching(message) });
    expect(await rows()).toBe(0);
  });

  test('of a backup whose log has another root than stated is refused, digests or not', async () => {
    const other = await altered(inManifest(({ logs }) => void Object.assign(logs?.[0] as object, { root: '00'.repeat(32) })));
    await expect(restore(other)).rejects.toMatchObject({ code: 'backup-malformed', message: expect.stringMatching(/sizes and roots/) });
    expect(await rows()).toBe(0);
  });

  test('of a backup with a file more, or other sequences, is refused', async () => {
    await expect(restore(await altered((_, bytes) => bytes, { 'tables/pg_authid.copy': '' }))).rejects.toMatchObject({ code: 'backup-malformed' });
    const renamed = inManifest(({ sequences }) => void Object.assign(sequences?.[0] as object, { name: 'pg_catalog.x' }));
    await expect(restore(await altered(renamed))).rejects.toMatchObject({ code: 'backup-malformed', message: expect.stringMatching(/sequences/) });
    expect(await rows()).toBe(0);
  });

  test('of a backup of a newer release is refused', async () => {
    const newer = await altered(inManifest(({ migrations }) => void migrations?.push({ number: 99, name: '0099_next', sha256: '' })));
    await expect(restore(newer)).rejects.toMatchObject({ code: 'backup-newer', message: expect.stringContaining('0099_next') });
    const format = await altered(inManifest((content) => void Object.assign(content, { version: 2 })));
    await expect(restore(format)).rejects.toMatchObject({ code: 'backup-newer' });
  });

  test('of a file that was cut short, or is none, is refused', async () => {
    const short = join(folder, 'short.zip');
    await writeFile(short, (await readFile(path)).subarray(0, -100));
    await expect(restore(short)).rejects.toMatchObject({ code: 'backup-malformed' });
    await expect(restore(join(folder, 'none.zip'))).rejects.toMatchObject({ code: 'backup-unreadable' });
  });

  test('of a file with flipped bits is refused', async () => {
    const flipped = join(folder, 'flipped.zip');
    await writeFile(flipped, await readFile(path));
    const file = await open(flipped, 'r+');
    await file.write(randomBytes(64), 0, 64, Math.floor((await file.stat()).size / 2));
    await file.close();
    await expect(restore(flipped)).rejects.toMatchObject({ code: 'backup-malformed' });
    expect(await rows()).toBe(0);
  });
});
