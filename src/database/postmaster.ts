import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import { clearOrphan, readPostmasterFile, stopServer } from './postmaster-file.ts';
import type { SystemUser } from './private-file.ts';

const MAX_LOG_BYTES = 10 * 1024 * 1024;
/** Backends of a killed postmaster need a moment to notice; until then their shared memory keeps a new one out. */
const START_PATIENCE_MS = 30_000;
const RECOVERY_PATIENCE_MS = 30 * 60_000;

export interface PostmasterArgs {
  readonly postgres: string;
  readonly cluster: string;
  readonly user: SystemUser | undefined;
  readonly socketDir: string;
  readonly port: number;
  readonly flags: readonly string[];
  readonly logFile: string;
  readonly log: Log;
}

/** Runs one PostgreSQL server: starts it, starts it again when it dies, stops it. */
export class Postmaster {
  readonly #args: PostmasterArgs;
  #child: ChildProcess | undefined;
  #stopping = false;
  #restarting: Promise<void> | undefined;

  /** With the service goes its server, where the service can still say so; after kill -9 the next start stops it. */
  readonly #onExit = (): void => {
    this.#child?.kill('SIGINT');
  };

  constructor(args: PostmasterArgs) {
    this.#args = args;
  }

  /** Undefined while the server is down. */
  get pid(): number | undefined {
    return this.#child !== undefined && isAlive(this.#child) ? this.#child.pid : undefined;
  }

  /** Resolves when the server takes connections. Throws DatabaseError `cluster-broken`. */
  async start(): Promise<void> {
    await rotate(this.#args.logFile);
    process.once('exit', this.#onExit);
    await this.#startPatiently();
  }

  /** Fast shutdown: open transactions are rolled back, a checkpoint is written. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#restarting;
    const child = this.#child;
    if (child?.pid !== undefined && isAlive(child)) await stopServer(child.pid, () => isAlive(child), this.#args.log);
    this.#child = undefined;
    process.off('exit', this.#onExit);
  }

  async #startPatiently(): Promise<void> {
    const deadline = Date.now() + START_PATIENCE_MS;
    for (let pause = 50; ; pause = Math.min(pause * 2, 2_000)) {
      const from = await sizeOf(this.#args.logFile);
      if (await this.#startOnce()) return;
      const reason = await lastLine(this.#args.logFile, from);
      if (this.#stopping || Date.now() > deadline || !reason.includes('pre-existing shared memory block')) {
        throw new DatabaseError('cluster-broken', `PostgreSQL did not start: ${reason || 'no reason given'} (${this.#args.logFile})`);
      }
      this.#args.log('info', `waiting for the rest of an earlier PostgreSQL on ${this.#args.cluster} to end`);
      await sleep(pause);
    }
  }

  /** True when the server is ready, false when it ended before it was. */
  async #startOnce(): Promise<boolean> {
    const { cluster, socketDir, port, log } = this.#args;
    await clearOrphan(cluster, log, socketDir);
    await clearSocket(socketDir, port);
    const child = this.#spawn();
    const began = Date.now();
    for (let told = began; isAlive(child); await sleep(5)) {
      const file = await readPostmasterFile(cluster);
      if (file?.pid === child.pid && file?.ready) {
        child.once('exit', (code, signal) => this.#onDeath(code, signal));
        if (isAlive(child)) return true;
      }
      if (Date.now() - told > 10_000) {
        told = Date.now();
        log('info', `PostgreSQL is recovering (${Math.round((told - began) / 1000)} s)`);
      }
      if (Date.now() - began > RECOVERY_PATIENCE_MS) {
        child.kill('SIGQUIT');
        throw new DatabaseError('cluster-broken', `PostgreSQL was not ready after ${RECOVERY_PATIENCE_MS / 60_000} minutes (${this.#args.logFile})`);
      }
    }
    return false;
  }

  #spawn(): ChildProcess {
    const { postgres, cluster, user, socketDir, port, flags, logFile } = this.#args;
    const output = openSync(logFile, 'a', 0o600);
    try {
      const args = ['-D', cluster, '-k', socketDir, '-p', String(port), ...flags.flatMap((flag) => ['-c', flag])];
      // Its own process group (detached): Ctrl-C in a terminal is for the service, which then stops the server in order.
      this.#child = spawn(postgres, args, { ...user, cwd: '/', stdio: ['ignore', output, output], detached: true });
      this.#child.on('error', (error) => this.#args.log('error', `cannot run ${postgres}: ${error.message}`));
      return this.#child;
    } finally {
      closeSync(output);
    }
  }

  #onDeath(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#stopping) return;
    this.#args.log('error', `PostgreSQL ended (${signal ?? `exit code ${code}`}); starting it again`);
    this.#restarting = this.#restart();
  }

  async #restart(): Promise<void> {
    for (let pause = 100; !this.#stopping; pause = Math.min(pause * 2, 5_000)) {
      try {
        await this.#startPatiently();
        this.#args.log('info', 'PostgreSQL is back');
        return;
      } catch (error) {
        this.#args.log('error', (error as Error).message);
        await sleep(pause);
      }
    }
  }
}

function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function clearSocket(socketDir: string, port: number): Promise<void> {
  const socket = join(socketDir, `.s.PGSQL.${port}`);
  await rm(socket, { force: true });
  await rm(`${socket}.lock`, { force: true });
}

/** One older log is kept, so that the two together stay bounded by what one run writes. */
async function rotate(logFile: string): Promise<void> {
  if ((await sizeOf(logFile)) > MAX_LOG_BYTES) await rename(logFile, `${logFile}.1`);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

async function lastLine(path: string, from: number): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.min(size - from, 8192));
    await handle.read(bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString('utf8').trim().split('\n');
    return lines.findLast((line) => /FATAL|PANIC|ERROR/.test(line)) ?? lines.at(-1) ?? '';
  } finally {
    await handle.close();
  }
}
