// `npm run bench`: the service and its peers, side by side on one machine.
import { Command, InvalidArgumentError } from 'commander';
import { measureAppends, SMOKE, type AppendOptions } from './append.ts';
import { conduct, conductAlone, type ConductOptions } from './conduct.ts';
import { CONTESTANTS } from './contestants.ts';
import { measureGrowth, type GrowthOptions } from './growth.ts';
import { measureLineage, type LineageBenchOptions } from './lineage.ts';
import { measureOverload, type OverloadOptions } from './overload.ts';
import { measureReaders, type ReadersOptions } from './readers.ts';
import { measureVerifying, type VerifyOptions } from './verify.ts';

const KEYS = CONTESTANTS.map(({ key }) => key);

const program = new Command('bench').description('Measures the service and its peers.');

bench('append', 'records a second, latency, CPU and WAL of appends, beside the peers', true)
  .option('--only <keys>', `which of ${KEYS.join(',')}`, contestants, KEYS)
  .option('--connections <numbers>', 'how many clients at once', integers, [1, 16, 64, 256])
  .option('--batches <numbers>', 'records a request', integers, [1, 100])
  .option('--smoke', 'one short round that checks that all works, not its times', false)
  .action((given: AppendOptions & ConductOptions) => {
    const options = given.smoke ? { ...given, ...SMOKE } : given;
    return conduct(options, (cluster) => measureAppends(cluster, options));
  });

bench('growth', 'rate and proofs of a large log beside those of a small one')
  .option('--small <entries>', 'entries of the small log', integer, 10_000)
  .option('--large <entries>', 'entries of the large log', integer, 2_000_000)
  .action((options: GrowthOptions & ConductOptions) => conduct(options, (cluster) => measureGrowth(cluster, options)));

bench('lineage', 'lineages and filtered pages of a large log beside those of a small one, with query plans')
  .option('--small <entries>', 'predictions of the small log', integer, 20_000)
  .option('--large <entries>', 'predictions of the large log', integer, 2_000_000)
  .option('--requests <number>', 'requests of each kind a round', integer, 300)
  .option('--appends <number>', 'predictions handed in with each index and without it, a round', integer, 4000)
  .option('--keep <folder>', 'keeps the filled logs there: a run that is broken off, or a further one, goes on with them')
  .action((options: LineageBenchOptions & ConductOptions) => conduct({ warmWal: 200e6, ...options }, (cluster) => measureLineage(cluster, options)));

bench('readers', 'rate while proofs are verified and lists are read')
  .action((options: ReadersOptions & ConductOptions) => conduct(options, (cluster) => measureReaders(cluster, options)));

bench('overload', 'memory under overload, and recovery after it')
  .option('--minutes <number>', 'of overload', positive, 10)
  .action((options: OverloadOptions & ConductOptions) => conduct(options, (cluster) => measureOverload(cluster, options)));

bench('verify', 'verifying a whole log')
  .option('--entries <number>', 'entries of the log', integer, 1_000_000)
  .action((options: VerifyOptions & ConductOptions) => conductAlone(options, () => measureVerifying(options)));

await program.parseAsync();

function bench(name: string, description: string, isDefault = false): Command {
  return program
    .command(name, { isDefault })
    .description(description)
    .option('--rounds <number>', 'rounds, each in another order', integer, 5)
    .option('--seconds <number>', 'measured seconds a round', positive, 6)
    .option('--warm-seconds <number>', 'seconds of load before them: the compiler of Node takes some 30,000 records', positive, 6)
    .option('--out <path>', 'writes <path>.md and <path>.json')
    .option('--data-dir <folder>', 'below which PostgreSQL writes: the disk that is measured (default: the one for temporary files)')
    .option('--set <name=value>', 'a setting of PostgreSQL; may be given several times', (value: string, before: string[]) => [...before, value], []);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('must be a positive number');
  return value;
}

function integer(text: string): number {
  const value = positive(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('must be a whole number');
  return value;
}

function integers(text: string): number[] {
  return text.split(',').map(integer);
}

function contestants(text: string): string[] {
  const keys = text.split(',');
  const unknown = keys.find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw new InvalidArgumentError(`there is no ${unknown}`);
  return keys;
}
