import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import { isPostgresOf } from './running-process.ts';

export const SOCKET_DIR_PREFIX = 'pl-pg-';
const FAST_MS = 60_000;
const IMMEDIATE_MS = 15_000;

/** What a running server writes into `postmaster.pid` of its data folder (PostgreSQL's utils/pidfile.h, one value a line). */
export interface PostmasterFile {
  readonly pid: number;
  readonly port: number;
  readonly socketDir: string;
  readonly listenAddress: string;
  readonly ready: boolean;
}

export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const [pid = '', , , port = '', socketDir = '', listenAddress = '', , status = ''] = text.split('\n');
  return { pid: Number(pid), port: Number(port), socketDir, listenAddress, ready: status.trim() === 'ready' };
}

/**
 * Stops the server that a killed service left running on this cluster and clears what a dead one left behind, its socket's folder too
 * unless it is `keepSocketDir`.
 * Precondition: the caller holds the data folder's lock, so no live service uses that server.
 */
export async function clearOrphan(cluster: string, log: Log, keepSocketDir?: string): Promise<void> {
  const left = await readPostmasterFile(cluster);
  if (left === undefined) return;
  if (isPostgresOf(left.pid, cluster)) {
    log('warn', `stopping the PostgreSQL (process ${left.pid}) that an earlier run left on ${cluster}`);
    await stopServer(left.pid, () => isPostgresOf(left.pid, cluster), log);
  }
  // Another program may have been given the dead server's id since; PostgreSQL would take it for a live server and refuse to start.
  // That no server is left on the cluster is still guarded by its shared memory block.
  await rm(join(cluster, 'postmaster.pid'), { force: true });
  if (left.socketDir !== keepSocketDir && basename(left.socketDir).startsWith(SOCKET_DIR_PREFIX)) await rm(left.socketDir, { recursive: true, force: true });
}

/** SIGINT is PostgreSQL's fast shutdown (with a checkpoint), SIGQUIT its immediate one (recovered from WAL at the next start). */
export async function stopServer(pid: number, isAlive: () => boolean, log: Log): Promise<void> {
  for (const [signal, patience] of [
    ['SIGINT', FAST_MS],
    ['SIGQUIT', IMMEDIATE_MS],
  ] as const) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
      throw error;
    }
    const deadline = Date.now() + patience;
    while (Date.now() < deadline) {
      if (!isAlive()) return;
      await sleep(10);
    }
    log('warn', `PostgreSQL (process ${pid}) did not stop within ${patience / 1000} s of ${signal}`);
  }
  throw new DatabaseError('cluster-broken', `PostgreSQL (process ${pid}) does not stop`);
}
