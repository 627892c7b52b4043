import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { httpSource } from './verify-http.ts';
import { reason } from './verify-input.ts';
import { CannotCheck } from './verify-verdict.ts';

/** Where a log's checkpoint and tiles are read. Nothing that it gives is believed. */
export interface LogSource {
  /** Bytes at a path below the log's prefix; undefined when there are none. @throws CannotCheck */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** How many reads at once pay off. */
  concurrency: number;
  /** Gives up what is under way, so that a verdict need not wait for it. */
  close(): void;
}

/** The log at a URL or in a folder. @throws CannotCheck */
export async function openSource(place: string, key: string | undefined): Promise<LogSource> {
  if (/^https?:\/\//i.test(place)) return httpSource(place, key);
  let found: Stats;
  try {
    found = await stat(place);
  } catch (error) {
    throw new CannotCheck(`there is no log at ${place}: ${reason(error)}`);
  }
  if (!found.isDirectory()) throw new CannotCheck(`${place} is neither a URL nor a folder`);
  return folderSource(place);
}

function folderSource(folder: string): LogSource {
  return {
    concurrency: 4,
    close: () => undefined,
    read: async (path, maxBytes) => {
      try {
        return await readAtMost(join(folder, path), maxBytes);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
        throw new CannotCheck(`${join(folder, path)} cannot be read: ${reason(error)}`);
      }
    },
  };
}

async function readAtMost(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size > maxBytes) throw new Error(`it has ${size} bytes; ${maxBytes} are the most that it could rightly have`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
