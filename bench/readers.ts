import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { Times } from './measure.ts';
import { OwnServer } from './own-server.ts';
import type { ReaderOptions } from './reader.ts';
import { number, table, type Outcome } from './report.ts';
import { siblingOf } from './sibling.ts';
import { median, ratios } from './statistics.ts';
import { syncTime } from './sync-time.ts';
import { judge } from './verdict.ts';

export interface ReadersOptions extends Times {
  rounds: number;
}

interface Figures {
  recordsPerSecond: number;
  p99: number;
  syncMicroseconds: number;
  /** Proofs verified, and pages listed, a second; 0 where nobody read. */
  proofsPerSecond: number;
  pagesPerSecond: number;
}

const CONNECTIONS = 64;
const ENTRIES = 20_000;
/** Longer than the interval at which checkpoints are published: only what is published can be proved. */
const PUBLISHED_MS = 2500;

/** Rate of appends while one reader verifies proofs and another lists, both without a pause, beside the rate alone. */
export async function measureReaders(cluster: Cluster, options: ReadersOptions): Promise<Outcome> {
  const found: { alone: Figures[]; read: Figures[] } = { alone: [], read: [] };
  for (let round = 0; round < options.rounds; round += 1) {
    for (const read of round % 2 === 0 ? [false, true] : [true, false]) {
      const figures = await measureOnce(cluster, options, read);
      found[read ? 'read' : 'alone'].push(figures);
      console.log(JSON.stringify({ read, ...figures }));
    }
  }
  return report(options, found);
}

async function measureOnce(cluster: Cluster, times: Times, read: boolean): Promise<Figures> {
  const own = await OwnServer.create(cluster, 'bench_readers');
  const folder = await mkdtemp(join(cluster.scratch, 'ids-'));
  try {
    const idsFile = join(folder, 'ids.json');
    await writeFile(idsFile, JSON.stringify(await own.fill(ENTRIES, 1)));
    await sleep(PUBLISHED_MS);
    const syncMicroseconds = syncTime(cluster.folder);
    const { port, key, auditorKey } = own.server;
    const readers = read ? [startReader({ port, key, task: 'prove', idsFile }), startReader({ port, key: auditorKey, task: 'list', idsFile })] : [];
    const stops = await Promise.all(readers);
    const { records, seconds, latency } = await own.append(CONNECTIONS, times);
    const [proofsPerSecond = 0, pagesPerSecond = 0] = await Promise.all(stops.map((stop) => stop()));
    await own.checkStored();
    return { recordsPerSecond: records / seconds, p99: latency.p99, syncMicroseconds, proofsPerSecond, pagesPerSecond };
  } finally {
    await own.remove();
    await rm(folder, { recursive: true });
  }
}

/** Resolves when the reader reads; what it gives stops it, and tells its steps a second. */
async function startReader(options: ReaderOptions): Promise<() => Promise<number>> {
  const child = fork(siblingOf(import.meta.url, './reader'), [JSON.stringify(options)]);
  const failed = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the reader that should ${options.task} ended with ${String(code)}`)));
  failed.catch(() => undefined); // whoever waits for it below is told
  await Promise.race([once(child, 'message'), failed]);
  const began = performance.now();
  return async () => {
    const told = once(child, 'message');
    child.send('stop');
    const [steps] = (await Promise.race([told, failed])) as [number];
    return (steps / (performance.now() - began)) * 1000;
  };
}

function report({ rounds, seconds }: ReadersOptions, found: { alone: Figures[]; read: Figures[] }): Outcome {
  const pick = (figures: readonly Figures[], key: keyof Figures): number[] => figures.map((each) => each[key]);
  const row = (name: string, figures: readonly Figures[]): string[] => [
    name,
    number(median(pick(figures, 'recordsPerSecond')), 0),
    number(median(pick(figures, 'p99')), 2),
    number(median(pick(figures, 'proofsPerSecond')), 0),
    number(median(pick(figures, 'pagesPerSecond')), 0),
    number(median(pick(figures, 'syncMicroseconds')), 0),
  ];
  return {
    title: 'Readers beside writers',
    body:
      `Medians of ${rounds} rounds of ${seconds} s. Single records over ${CONNECTIONS} connections, a log of ${number(ENTRIES, 0)} entries at the start. ` +
      'One reader fetches proofs and entries and verifies them, one pages through lists of 100, both without a pause and on the same cores.\n\n' +
      table([['', 'records/s', 'p99 ms', 'proofs/s', 'pages/s', 'fdatasync µs'], row('alone', found.alone), row('with readers', found.read)]),
    verdicts: [
      judge('rate with readers ÷ rate alone', ratios(pick(found.read, 'recordsPerSecond'), pick(found.alone, 'recordsPerSecond')), { atLeast: 0.7 }),
    ],
    data: found,
  };
}
