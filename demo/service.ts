import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseObject } from './json-object.ts';
import { DemoFailure } from './narrator.ts';

/** First start: initdb, migrations, keys. Generous, because a busy machine is slow and a hang is rare. */
const READY_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 20_000;

/** What the service may inherit. A DATABASE_URL of the reader's, above all, is none of the demo's business. */
const INHERITED = new Set([
  'PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TMPDIR', 'TEMP', 'TMP', 'LANG', 'LC_ALL', 'TZ', 'SystemRoot',
]);

/** The service in a process of its own, as `npm start` would run it. */
export class Service {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #logFile: string;

  private constructor(url: string, child: ChildProcess, logFile: string) {
    this.url = url;
    this.#child = child;
    this.#logFile = logFile;
    // The last resort, should the demo itself die of an error: no server may outlive it.
    process.once('exit', () => child.kill('SIGTERM'));
  }

  static spawn(options: { main: string; dataDir: string; port: number; logFile: string }): Service {
    const { main, dataDir, port, logFile } = options;
    const inherited = Object.entries(process.env).filter(([name]) => INHERITED.has(name));
    const settings = { DATA_DIR: dataDir, HOST: '127.0.0.1', PORT: String(port), LOG_LEVEL: 'warn' };
    const child = spawn(process.execPath, [main], {
      env: { ...Object.fromEntries<string | undefined>(inherited), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own: Ctrl-C reaches the demo alone, which then stops the service in good order.
      detached: true,
    });
    const log = createWriteStream(logFile);
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    return new Service(`http://127.0.0.1:${port}`, child, logFile);
  }

  /** Resolves once the service says that it is ready; throws DemoFailure if it never does. */
  async ready(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    while (performance.now() < deadline) {
      signal.throwIfAborted();
      if (this.#ended) throw new DemoFailure('the service ended at its start');
      const response = await fetch(`${this.url}/health/ready`, { signal }).catch(() => undefined);
      await response?.arrayBuffer();
      if (response?.ok) return;
      await sleep(100);
    }
    throw new DemoFailure(`the service was not ready within ${READY_WITHIN_MS / 1000} s`);
  }

  /** SIGTERM, and SIGKILL to one that does not heed it. Says how the process ended: its exit code, or the signal. */
  async stop(): Promise<number | string> {
    if (!this.#ended) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(timer);
    }
    return this.#child.exitCode ?? this.#child.signalCode ?? 'unknown';
  }

  async logTail(lines = 15): Promise<string> {
    const text = await readFile(this.#logFile, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}

/** A port of 127.0.0.1 that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port was given out');
  return address.port;
}

/** The API keys that the first start has written, one a role. Throws DemoFailure where a role has none. */
/** Keys of the roles that the demo takes on. */
export interface DemoKeys {
  producer: string;
  auditor: string;
  registrant: string;
  approver: string;
  operator: string;
}

export async function readKeys(dataDir: string): Promise<DemoKeys> {
  const keys = parseObject(await readFile(join(dataDir, 'keys.json'), 'utf8'));
  const key = (role: string): string => {
    const value = keys[role];
    if (typeof value !== 'string') throw new DemoFailure(`keys.json has no key for the role ${role}`);
    return value;
  };
  return { producer: key('producer'), auditor: key('auditor'), registrant: key('model-approver'), approver: key('model-approver-2'), operator: key('operator') };
}
