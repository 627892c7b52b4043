import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Contestant } from './contestants.ts';

export interface BenchOptions {
  only: string[];
  connections: number[];
  batches: number[];
  rounds: number;
  seconds: number;
  warmSeconds: number;
  out: string | undefined;
  smoke: boolean;
  dataDir: string;
  /** Settings of PostgreSQL, `name=value`: `commit_delay` emulates a slower disk. */
  settings: string[];
}

/** A short run that checks that everything works and says nothing of times. */
const SMOKE = { connections: [8], batches: [1, 10], rounds: 1, seconds: 2, warmSeconds: 0.2 };

export function readOptions(args: readonly string[], contestants: readonly Contestant[]): BenchOptions {
  const keys = contestants.map(({ key }) => key);
  const command = new Command('bench')
    .description('Measures the service and its peers side by side.')
    .option('--only <keys>', `which of ${keys.join(',')}`, keysOf(keys), keys)
    .option('--connections <numbers>', 'how many clients at once', positiveIntegers, [1, 16, 64, 256])
    .option('--batches <numbers>', 'records a request', positiveIntegers, [1, 100])
    .option('--rounds <number>', 'rounds, each in another order', positiveInteger, 5)
    .option('--seconds <number>', 'measured seconds a round', positiveNumber, 6)
    .option('--warm-seconds <number>', 'seconds of load before them', positiveNumber, 3)
    .option('--out <path>', 'writes <path>.json and <path>.md')
    .option('--data-dir <folder>', 'where PostgreSQL writes: the disk that is measured (default: a folder for temporary files)')
    .option('--set <name=value>', 'a setting of PostgreSQL; may be given several times', collect, [])
    .option('--smoke', 'one short round that checks that all works, not its times', false);
  command.parse(args, { from: 'user' });
  const given = command.opts<Omit<BenchOptions, 'dataDir' | 'out' | 'settings'> & { dataDir?: string; out?: string; set: string[] }>();
  const { set, dataDir = mkdtempSync(join(tmpdir(), 'ledger-bench-')), ...rest } = given;
  return { out: undefined, ...rest, dataDir, settings: set, ...(given.smoke ? SMOKE : {}) };
}

function keysOf(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const keys = text.split(',');
    const unknown = keys.find((key) => !known.includes(key));
    if (unknown !== undefined) throw new InvalidArgumentError(`there is no ${unknown}`);
    return keys;
  };
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a positive number');
  return value;
}

function positiveInteger(text: string): number {
  const value = positiveNumber(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('must be a whole number');
  return value;
}

function positiveIntegers(text: string): number[] {
  return text.split(',').map(positiveInteger);
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
