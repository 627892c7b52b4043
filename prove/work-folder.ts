import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearOrphan } from '../src/database/postmaster-file.ts';
import { isRunning } from '../src/database/running-process.ts';

const PREFIX = 'pl-prove-';

/** A folder for one run, named by its process; those of runs that were killed go, with the servers that they left. */
export async function makeWorkFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    if (name.startsWith(PREFIX) && !isRunning(Number(name.slice(PREFIX.length)))) await removeWorkFolder(join(tmpdir(), name));
  }
  const folder = join(tmpdir(), `${PREFIX}${process.pid}`);
  // PostgreSQL's own user passes through it where we are root.
  await mkdir(folder, { mode: 0o755 });
  return folder;
}

/** Removes a folder, and stops every PostgreSQL that still runs on a data folder in it. */
export async function removeWorkFolder(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.name !== 'postgres') continue;
    const cluster = await realpath(join(entry.parentPath, entry.name)).catch(() => undefined);
    if (cluster !== undefined) await clearOrphan(cluster, () => undefined).catch(() => undefined);
  }
  await rm(folder, { recursive: true, force: true });
}
