import { createWriteStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { syncFolder } from '../database/sync-folder.ts';
import { filesBelow } from './file-writer.ts';
import type { Manifest } from './manifest.ts';

/** MS-DOS knows no earlier time, and no time zone: yazl writes the local one. */
const THEN = new Date(1980, 0, 1);

/**
 * Packs a bundle, durably and at once: the zip is whole, or not there. The same files give the same bytes.
 *
 * @returns how long it is
 */
export async function packBundle(folder: string, path: string, { files }: Manifest): Promise<number> {
  const digested = files.map((file) => file.path);
  const others = (await filesBelow(folder)).filter((each) => each !== 'manifest.json' && !digested.includes(each));
  const zip = new ZipFile();
  const options = { mtime: THEN, mode: 0o100644, forceDosTimestamp: true, compressionLevel: 6 };
  for (const each of ['manifest.json', ...digested, ...others]) zip.addFile(join(folder, each), each, options);
  zip.end();
  const fresh = `${path}.new`;
  await pipeline(zip.outputStream, createWriteStream(fresh, { mode: 0o600 }));
  const file = await open(fresh, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await syncFolder(dirname(path));
  return (await stat(path)).size;
}
