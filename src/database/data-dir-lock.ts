import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import { isRunning, processSpace, processStart } from './running-process.ts';

const LOCK_FILE = 'service.lock';
const HEARTBEAT_MS = 2_000;
/** A holder whose process we cannot see (another container) is taken for dead after this long without a heartbeat. */
const SILENCE_MS = 10_000;
/** Between looks at a lock that somebody else is taking over. */
const TURN_MS = 20;

interface Holder {
  readonly pid: number;
  readonly start: string | null;
  readonly space: string;
}

export interface DataDirLock {
  release(): Promise<void>;
}

/**
 * Takes `service.lock` of a data folder, so that one process alone runs its PostgreSQL.
 * Throws DatabaseError `data-dir-in-use` when a live process holds it; a dead holder's lock is taken over.
 */
export function lockDataDir(dataDir: string, log: Log): Promise<DataDirLock> {
  return takeLock(join(dataDir, LOCK_FILE), log);
}

/** The same for a lock file of any name, in a folder that is there. */
export async function takeLock(path: string, log: Log): Promise<DataDirLock> {
  const mine = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const holder: Holder = { pid: process.pid, start: processStart(process.pid) ?? null, space: processSpace() };
  const text = `${JSON.stringify(holder)}\n`;
  await writeFile(mine, text, { mode: 0o600, flag: 'wx' });
  try {
    while (!(await linked(mine, path)) && !(await takeOver(path, mine, log)));
  } finally {
    await rm(mine, { force: true });
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch((error: Error) => log('warn', `cannot renew ${path}: ${error.message}`));
  }, HEARTBEAT_MS).unref();
  return {
    release: async () => {
      clearInterval(heartbeat);
      if ((await readText(path)) === text) await rm(path, { force: true });
    },
  };
}

/** The id of the live process that holds the lock of this data folder, or `undefined`. */
export async function dataDirHolder(dataDir: string): Promise<number | undefined> {
  const path = join(dataDir, LOCK_FILE);
  const text = await readText(path);
  return text !== undefined && (await isHeld(path, text)) ? parseHolder(text)?.pid : undefined;
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Puts our lock in the place of a dead holder's; false when the place has changed meanwhile. Throws while the holder lives. */
async function takeOver(path: string, mine: string, log: Log): Promise<boolean> {
  const text = await readText(path);
  if (text === undefined) return false;
  const holder = parseHolder(text);
  if (holder !== undefined && holder.space !== processSpace() && (await isHeld(path, text))) {
    // A container that was killed and started again must not fail for the seconds in which its own old lock looks alive.
    log('info', `${path} is held in another container; waiting for it to fall silent`);
    await sleep(SILENCE_MS + HEARTBEAT_MS);
  }
  if (await isHeld(path, text)) {
    throw new DatabaseError(
      'data-dir-in-use',
      `the data folder is in use by process ${holder?.pid ?? '?'} (${path}): stop that one first, or set another DATA_DIR`,
    );
  }
  // Whoever has the turn for this very lock alone may replace it, so what is read while having it stays.
  const turn = `${path}.${createHash('sha256').update(text).digest('hex').slice(0, 16)}.turn`;
  if (!(await linked(mine, turn))) {
    const taker = await readText(turn);
    if (taker !== undefined && !(await isHeld(turn, taker))) await rm(turn, { force: true });
    await sleep(TURN_MS);
    return false;
  }
  if ((await readText(path)) !== text) {
    await rm(turn, { force: true });
    return false;
  }
  await rename(turn, path);
  return true;
}

async function isHeld(path: string, text: string): Promise<boolean> {
  const holder = parseHolder(text);
  if (holder === undefined) return false;
  if (holder.space === processSpace()) return isRunning(holder.pid, holder.start ?? undefined);
  const seen = await stat(path).catch(() => undefined);
  return seen !== undefined && Date.now() - seen.mtimeMs < SILENCE_MS;
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, start, space } = JSON.parse(text) as Partial<Holder>;
    return typeof pid === 'number' && typeof space === 'string' ? { pid, start: start ?? null, space } : undefined;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
