import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ServerMessage } from './servers/announce.ts';
import { siblingOf } from './sibling.ts';

/** A server under test: a process of its own. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  /** What producers send as bearer key; servers that check none are sent one too. */
  readonly key: string;
  readonly auditorKey: string;
  stop(): Promise<void>;
}

const UNCHECKED_KEY = 'no-key-is-checked-here';
const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 30_000;

/** Runs `servers/<name>` and waits until it listens. */
export async function startServer(name: string, environment: Record<string, string>): Promise<ServerProcess> {
  const entry = siblingOf(import.meta.url, `./servers/${name}`);
  const child = fork(entry, [], { env: { ...process.env, NODE_ENV: 'production', ...environment }, execArgv: ['--enable-source-maps'] });
  const { port, key = UNCHECKED_KEY, auditorKey = UNCHECKED_KEY } = await firstMessage(child, name);
  return { pid: child.pid as number, port, key, auditorKey, stop: () => stop(child) }; // it sent a message, so it has a pid
}

function firstMessage(child: ChildProcess, name: string): Promise<ServerMessage> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not start within ${START_PATIENCE_MS} ms`)), START_PATIENCE_MS);
    child.once('message', (message) => (clearTimeout(timer), resolve(message as ServerMessage)));
    child.once('exit', (code, signal) => (clearTimeout(timer), reject(new Error(`${name} ended: ${signal ?? code}`))));
    child.once('error', reject);
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await ended;
  clearTimeout(timer);
}
