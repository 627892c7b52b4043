import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, lstat, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';
import type { Entry } from 'yauzl';
import { ZipFile } from 'yazl';
import { DatabaseError } from './database-error.ts';
import { syncFolder } from './sync-folder.ts';

/** One file inside an archive. `open` is called when its turn has come: parts are written one after the other, never two at once. */
export interface ArchivePart {
  readonly name: string;
  open(): Readable;
}

/**
 * Writes a zip file of mode 0600 (zip64 where sizes ask for it), streaming. It appears whole and synced, or not at all.
 * Throws DatabaseError `backup-failed` when it cannot, and when `path` exists: a backup overwrites nothing.
 */
export async function writeArchive(path: string, parts: readonly ArchivePart[]): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString('hex')}.part`;
  try {
    if (await exists(path)) throw new Error('the file exists already');
    await pipeline(zipOf(parts), createWriteStream(unfinished, { mode: 0o600, flags: 'wx', flush: true }));
    await link(unfinished, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    throw new DatabaseError('backup-failed', `cannot write the backup ${path}: ${(cause as Error).message}`, { cause });
  } finally {
    await rm(unfinished, { force: true });
  }
}

function zipOf(parts: readonly ArchivePart[]): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  for (const { name, open } of parts) {
    zip.addReadStreamLazy(name, { mode: 0o100600, compressionLevel: 1 }, (take) => {
      const part = open();
      part.once('error', (error) => output.destroy(error));
      take(null, part);
    });
  }
  zip.end();
  return output;
}

/** An archive opened for reading. */
export interface Archive {
  readonly names: readonly string[];
  /** The part's bytes, unchecked. Throws DatabaseError `backup-malformed` when there is no such part. */
  read(name: string): Promise<Readable>;
  close(): void;
}

/** Throws DatabaseError `backup-unreadable`, or `backup-malformed` when it is not a whole zip archive, as when it was cut short. */
export async function openArchive(path: string): Promise<Archive> {
  const malformed = (reason: string, cause?: unknown): DatabaseError =>
    new DatabaseError('backup-malformed', `${path} is not a whole backup: ${reason}`, { cause });
  const entries = new Map<string, Entry>();
  try {
    const zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    for await (const entry of zip.eachEntry()) entries.set(entry.fileName, entry);
    return {
      names: [...entries.keys()],
      read: async (name) => {
        const entry = entries.get(name);
        if (entry === undefined) throw malformed(`${name} is missing`);
        return zip.openReadStreamPromise(entry).catch((cause: Error) => Promise.reject(malformed(cause.message, cause)));
      },
      close: () => zip.close(),
    };
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException;
    if (code !== undefined) throw new DatabaseError('backup-unreadable', `cannot read ${path}: ${message}`, { cause });
    throw malformed(message, cause);
  }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
