import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { openZipBundle, type BundleSource, type Inflate } from '../core/bundle-source.ts';
import type { RunningHash } from '../core/bundle-files.ts';
import { reason } from './verify-input.ts';
import { CannotCheck } from './verify-verdict.ts';

/** A bundle on disk: `close` it when done. */
export interface OpenBundle {
  source: BundleSource;
  close(): Promise<void>;
}

/** OpenSSL's SHA-256, a piece at a time. */
export function nativeRunningSha256(): RunningHash {
  return createHash('sha256');
}

const inflate: Inflate = (deflated) => {
  const raw = createInflateRaw();
  // What goes wrong comes out of `raw` too, where it is read.
  pipeline(Readable.from(deflated), raw, () => undefined);
  return raw;
};

/** The bundle in a zip file, or unpacked in a folder. @throws CannotCheck, CoreError `zip-malformed` */
export async function openBundle(path: string): Promise<OpenBundle> {
  const what = await stat(path).catch((error: unknown) => {
    throw new CannotCheck(`${path} cannot be read: ${reason(error)}`);
  });
  if (what.isDirectory()) return { source: await openFolder(path), close: async () => undefined };
  const file = await open(path);
  const read = async (offset: number, length: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, offset);
    if (bytesRead !== length) throw new CannotCheck(`${path} became shorter while it was read`);
    return bytes;
  };
  try {
    return { source: await openZipBundle({ size: what.size, read }, inflate), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFolder(folder: string): Promise<BundleSource> {
  const files = new Map<string, number>();
  await list(folder, '', files);
  return { files, read: (path) => createReadStream(join(folder, path)) };
}

/** A link, a pipe or whatever else is no file is listed too: no bundle has one, so that it is a finding. */
async function list(folder: string, prefix: string, files: Map<string, number>): Promise<void> {
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) await list(folder, `${path}/`, files);
    else files.set(path, entry.isFile() ? (await stat(join(folder, path))).size : 0);
  }
}
