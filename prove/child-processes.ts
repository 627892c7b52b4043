import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageFolder } from '../src/database/package-folder.ts';

const children = new Set<ChildProcess>();

// The last resort, should this process die of an error: nothing that it started outlives it.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** What a child may know of our environment: nothing that configures a service. */
const INHERITED = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'LANG', 'LC_ALL', 'TZ', 'SystemRoot'];

/** A script of `dist` in a process of its own, with an environment of its own. */
export function startScript(script: string, args: readonly string[], env: Record<string, string>, options: SpawnOptions = {}): ChildProcess {
  return startProgram(join(packageFolder(), 'dist', script), args, env, options);
}

function startProgram(path: string, args: readonly string[], env: Record<string, string>, options: SpawnOptions): ChildProcess {
  const inherited = Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const child = spawn(process.execPath, [path, ...args], { ...options, env: { ...inherited, ...env } });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends a signal and waits for the end. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

/** What a command answered. */
export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `prediction-ledger <args>` to its end. */
export function runCommand(args: readonly string[], env: Record<string, string> = {}): Promise<Answer> {
  return runProgram(join(packageFolder(), 'dist/src/cli/main.js'), args, env);
}

/** Runs a file of JavaScript to its end. */
export async function runProgram(path: string, args: readonly string[], env: Record<string, string> = {}): Promise<Answer> {
  const child = startProgram(path, args, env, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = [];
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
    return chunks;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, stdout: Buffer.concat(stdout ?? []).toString('utf8'), stderr: Buffer.concat(stderr ?? []).toString('utf8') };
}
