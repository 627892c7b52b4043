import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chosenSettings, postgresVersion, startCluster, warmWal, type Cluster } from './cluster.ts';
import { describeMachine } from './machine.ts';
import { toMarkdown, type Outcome, type Report } from './report.ts';

export interface ConductOptions {
  /** Writes `<out>.md` and `<out>.json`. */
  out?: string;
  /** A folder on the disk that is measured: PostgreSQL writes below it. */
  dataDir?: string;
  /** Settings of PostgreSQL, `name=value`: `commit_delay` emulates a slower disk. */
  set?: string[];
  smoke?: boolean;
  /** Bytes of WAL that are written and recycled beforehand; more than the longest round writes, unless said. */
  warmWal?: number;
  /** A folder that outlasts the run, with what was filled in it: a run that is broken off goes on. */
  keep?: string;
}

// More than the longest round writes, so that no commit waits for a segment to be made.
const WARM_WAL_BYTES = 2.5e9;

/** Runs a bench on a PostgreSQL of its own and writes down what it found. */
export async function conduct(options: ConductOptions, bench: (cluster: Cluster) => Promise<Outcome>): Promise<void> {
  const { keep } = options;
  if (keep !== undefined) mkdirSync(keep, { recursive: true });
  const cluster = await startCluster(keep ?? mkdtempSync(join(options.dataDir ?? tmpdir(), 'ledger-bench-')), options.set ?? [], keep !== undefined);
  const stopOnSignal = (): void => void cluster.stop().finally(() => process.exit(1));
  process.once('SIGINT', stopOnSignal).once('SIGTERM', stopOnSignal);
  try {
    if (options.smoke === true) {
      await bench(cluster);
      return console.log('The bench works: every reply was a success, and every record acknowledged is stored.');
    }
    const walSegmentsReady = await warmWal(cluster, options.warmWal ?? WARM_WAL_BYTES);
    console.log(`The WAL is warm: ${walSegmentsReady} segments lie ready.`);
    const outcome = await bench(cluster);
    const machine = { ...describeMachine(cluster.folder), postgres: await postgresVersion(cluster) };
    publish({ ...outcome, ...circumstances(), machine, settings: await chosenSettings(cluster), walSegmentsReady }, options.out);
  } finally {
    await cluster.stop();
  }
}

/** Runs a bench that needs no database. */
export async function conductAlone(options: ConductOptions, bench: () => Promise<Outcome>): Promise<void> {
  const outcome = await bench();
  publish({ ...outcome, ...circumstances(), machine: describeMachine(tmpdir()), settings: {}, walSegmentsReady: 0 }, options.out);
}

function circumstances(): { date: string; command: string } {
  return { date: new Date().toISOString(), command: ['npm run bench --', ...process.argv.slice(2)].join(' ') };
}

function publish(report: Report, out: string | undefined): void {
  const markdown = toMarkdown(report);
  console.log(`\n${markdown}`);
  if (out === undefined) return;
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(`${out}.md`, markdown);
  writeFileSync(`${out}.json`, `${JSON.stringify(report, null, 1)}\n`);
}
