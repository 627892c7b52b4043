import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, hasEnded, startScript } from './child-processes.ts';
import { ProofFailure } from './proof.ts';

const READY_WITHIN_MS = 120_000;

export interface ServiceOptions {
  dataDir: string;
  port: number;
  /** Further settings. */
  env?: Record<string, string>;
  /** Another way in than the service's own; for a clock that is wrong. */
  script?: string;
}

/** The service in a process of its own, as `npm start` would run it. */
export class LedgerService {
  readonly url: string;
  readonly dataDir: string;
  private readonly options: ServiceOptions;
  private child: ChildProcess | undefined;

  constructor(options: ServiceOptions) {
    this.options = options;
    this.dataDir = options.dataDir;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  /** Settings by which a command finds the same database. */
  get environment(): Record<string, string> {
    return { DATA_DIR: this.dataDir, ...this.options.env };
  }

  /** Of its process; undefined before the start. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Starts it; `ready` says when it takes predictions in. */
  start(): void {
    const { port, script = 'src/main.js' } = this.options;
    const env = { ...this.environment, HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'info' };
    this.child = startScript(script, [], env, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const log = createWriteStream(this.logFile, { flags: 'a' });
    this.child.stdout?.pipe(log, { end: false });
    this.child.stderr?.pipe(log, { end: false });
  }

  /** Waits until it answers, and unless `anyhow` until it takes predictions in. @throws ProofFailure when it never does */
  async ready({ anyhow = false } = {}): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (performance.now() < deadline) {
      if (this.child === undefined || hasEnded(this.child)) throw new ProofFailure(`the service ended at its start:\n${await this.lastWords()}`);
      const response = await fetch(`${this.url}/health/${anyhow ? 'live' : 'ready'}`).catch(() => undefined);
      await response?.arrayBuffer().catch(() => undefined);
      if (response?.ok === true) return;
      await sleep(50);
    }
    throw new ProofFailure(`the service was not ready within ${READY_WITHIN_MS / 1000} s:\n${await this.lastWords()}`);
  }

  async kill(): Promise<void> {
    if (this.child !== undefined) await end(this.child, 'SIGKILL');
  }

  async stop(): Promise<void> {
    if (this.child === undefined || hasEnded(this.child)) return;
    await end(this.child, 'SIGTERM');
    if (this.child.exitCode !== 0) throw new ProofFailure(`the service did not stop cleanly:\n${await this.lastWords()}`);
  }

  /** The key of a role of the default tenant. */
  async key(role: string): Promise<string> {
    const keys = JSON.parse(await readFile(join(this.dataDir, 'keys.json'), 'utf8')) as Record<string, string>;
    return keys[role] ?? '';
  }

  /** Everything that it wrote to its log so far, over all its starts. */
  async said(): Promise<string> {
    return readFile(this.logFile, 'utf8').catch(() => '');
  }

  private get logFile(): string {
    return `${this.dataDir}.log`;
  }

  private async lastWords(): Promise<string> {
    return (await this.said()).trimEnd().split('\n').slice(-12).join('\n');
  }
}

/** A port of 127.0.0.1 that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
