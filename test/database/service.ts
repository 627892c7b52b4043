import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Opened {
  location: string;
  role: string;
  login: string;
}

/** A process of its own that opens the database as a service does (`service-child.ts`). */
export class ServiceChild {
  readonly #child: ChildProcess;
  stderr = '';

  constructor(environment: Record<string, string>, user: { uid?: number; gid?: number } = {}) {
    const [loader, main] = ['../typescript.mjs', './service-child.ts'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
    this.#child = spawn(process.execPath, ['--import', String(loader), String(main)], {
      ...user,
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** What the child said once the database was open; throws with its last words when it ended instead. */
  async opened(): Promise<Opened> {
    const line = await Promise.race([
      once(this.#child.stdout as NodeJS.ReadableStream, 'data').then(([chunk]) => (chunk as Buffer).toString()),
      once(this.#child, 'close').then(() => Promise.reject(new Error(this.stderr))),
    ]);
    return JSON.parse(line) as Opened;
  }

  /** Sends the signal and waits for the end: the exit code, or null after a signal. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    this.#child.kill(signal);
    const [code] = (await once(this.#child, 'close')) as [number | null];
    return code;
  }
}
