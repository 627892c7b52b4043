import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { syncFolder } from '../database/sync-folder.ts';
import { JournalError } from './journal-error.ts';
import { keyExportEnd, keyExportHeader, keyExportRow, type KeyExportEnd, type KeyExportHeader, type KeyExportRow } from './key-export-row.ts';
import { linesOf } from './lines.ts';

const CHUNK_CHARACTERS = 64 * 1024;

/** `<log>-<epoch>.jsonl.gz`. Precondition: `log` is the name of a log. */
export function keyExportName(log: string, epoch: number): string {
  if (!/^\w[\w.-]*$/.test(log)) throw new RangeError('not the name of a log');
  return `${log}-${epoch}.jsonl.gz`;
}

/**
 * Writes the wrapped keys that survived an epoch's end, for a database that is restored from before it: gzip over JSON
 * lines, the header, one row each, then the end with their number and digest. Nothing of it opens without the key-encryption
 * key of the epoch that it names. It streams: rows are not held in memory.
 *
 * The file has mode 0600 and appears whole and durable, or not at all; one of that name is replaced.
 *
 * @param folder made with mode 0700 where it is not there
 * @returns its end, once it is on stable storage
 * @throws JournalError `journal-unavailable`; what `rows` throws
 */
export async function writeKeyExport(
  folder: string,
  name: string,
  header: Omit<KeyExportHeader, 'v' | 'kind'>,
  rows: AsyncIterable<KeyExportRow> | Iterable<KeyExportRow>,
): Promise<KeyExportEnd> {
  const path = join(folder, name);
  const fresh = `${path}.new`;
  const end: KeyExportEnd = { rows: 0, digest: '' };
  let file: FileHandle | undefined;
  try {
    if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(folder));
    file = await open(fresh, 'w', 0o600);
    await pipeline(Readable.from(textOf(header, rows, end)), createGzip(), into(file));
    await file.sync();
    await file.close();
    file = undefined;
    await rename(fresh, path);
    await syncFolder(folder);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(fresh, { force: true }).catch(() => undefined);
    throw unavailable(path, 'written', error);
  }
  return end;
}

/** The file stays open: it is to be made durable. */
function into(file: FileHandle): (chunks: AsyncIterable<Buffer>) => Promise<void> {
  return async (chunks) => {
    for await (const chunk of chunks) await file.appendFile(chunk);
  };
}

/** The content in pieces; fills `end` in. */
async function* textOf(header: Omit<KeyExportHeader, 'v' | 'kind'>, rows: AsyncIterable<KeyExportRow> | Iterable<KeyExportRow>, end: KeyExportEnd): AsyncGenerator<string> {
  const { origin, epoch, kek, secrets, time } = header;
  const hash = createHash('sha256');
  let text = `${JSON.stringify({ v: 1, kind: 'key-export', origin, epoch, kek, secrets, time } satisfies KeyExportHeader)}\n`;
  let count = 0;
  for await (const given of rows) {
    const row = keyExportRow(given);
    if (row === undefined) throw new TypeError('not a row of a key export');
    text += `${JSON.stringify(row)}\n`;
    count += 1;
    if (text.length < CHUNK_CHARACTERS) continue;
    hash.update(text);
    yield text;
    text = '';
  }
  Object.assign(end, { rows: count, digest: hash.update(text).digest('hex') });
  yield `${text}${JSON.stringify(end)}\n`;
}

/**
 * The header and rows of an export. The file is read through and verified before the first row is given, so that what is
 * brought back is all of it or nothing.
 *
 * @throws JournalError `key-export-broken`, `journal-unavailable`
 */
export async function readKeyExport(path: string): Promise<{ header: KeyExportHeader; end: KeyExportEnd; rows: AsyncIterable<KeyExportRow> }> {
  const lines = contentOf(path);
  let header: KeyExportHeader | undefined;
  for (;;) {
    const step = await lines.next();
    if (step.done === true) {
      if (header === undefined) throw broken(path, 'it has no header');
      return { header, end: step.value, rows: rowsOf(path) };
    }
    if ('kind' in step.value) header = step.value;
  }
}

async function* rowsOf(path: string): AsyncGenerator<KeyExportRow, void, undefined> {
  for await (const line of contentOf(path)) if (!('kind' in line)) yield line;
}

async function* contentOf(path: string): AsyncGenerator<KeyExportHeader | KeyExportRow, KeyExportEnd, undefined> {
  const hash = createHash('sha256');
  let number = 0;
  let end: KeyExportEnd | undefined;
  const source = createReadStream(path);
  const gunzip = createGunzip();
  // A failure on either side ends the other; it is told by the iteration below.
  const flow = pipeline(source, gunzip).catch((error: unknown) => {
    gunzip.destroy(error as Error);
  });
  try {
    for await (const { bytes, isEnded } of linesOf(gunzip as AsyncIterable<Buffer>)) {
      if (end !== undefined) throw broken(path, 'something follows its end');
      number += 1;
      const value = isEnded ? parse(bytes) : undefined;
      end = keyExportEnd(value);
      if (end !== undefined) continue;
      const line = number === 1 ? keyExportHeader(value) : keyExportRow(value);
      if (line === undefined) throw broken(path, `line ${number} is not what stands there in an export`);
      hash.update(bytes).update('\n');
      yield line;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code?.startsWith('Z_') === true ? broken(path, 'it is not gzip, or cut short') : unavailable(path, 'read', error);
  } finally {
    source.destroy();
    gunzip.destroy();
    await flow;
  }
  if (end === undefined) throw broken(path, 'it has no end');
  if (end.rows !== number - 2 || end.digest !== hash.digest('hex')) throw broken(path, 'it does not fit the number and digest at its end');
  return end;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function broken(path: string, why: string): JournalError {
  return new JournalError('key-export-broken', `the key export ${path}: ${why}`);
}

/** A failure of the file; every other error is the caller's own. */
function unavailable(path: string, what: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined || error instanceof JournalError) return error;
  return new JournalError('journal-unavailable', `the key export ${path} cannot be ${what}: ${String(code)}`);
}
