import type { Cluster } from './cluster.ts';
import type { Times } from './measure.ts';
import { OwnServer } from './own-server.ts';
import { number, table, type Outcome } from './report.ts';
import { median, ratios } from './statistics.ts';
import { syncTime } from './sync-time.ts';
import { judge } from './verdict.ts';

export interface GrowthOptions extends Times {
  /** Entries of the two logs. */
  small: number;
  large: number;
  rounds: number;
}

interface Figures {
  recordsPerSecond: number;
  /** Milliseconds of `GET …/{id}/proof` over one connection. */
  proofP50: number;
  proofP99: number;
  syncMicroseconds: number;
}

const CONNECTIONS = 64;
const SAMPLES = 20_000;

/** Rate of appends, and time of an inclusion proof of any entry, in a log of `large` entries beside a fresh one of `small`. */
export async function measureGrowth(cluster: Cluster, options: GrowthOptions): Promise<Outcome> {
  const { large, rounds } = options;
  const old = await OwnServer.create(cluster, 'bench_large');
  try {
    console.log(`filling a log with ${large} entries`);
    const oldIds = await old.fill(large, SAMPLES / large);
    await old.stop();
    const found: { small: Figures[]; large: Figures[] } = { small: [], large: [] };
    for (let round = 0; round < rounds; round += 1) {
      // The large log must be the same one each time, for filling takes minutes; the small one must be fresh to stay small.
      const measureLarge = async (): Promise<void> => void found.large.push(await measureOnce(cluster, old, oldIds, options));
      const measureSmall = async (): Promise<void> => void found.small.push(await measureFresh(cluster, options));
      for (const step of round % 2 === 0 ? [measureSmall, measureLarge] : [measureLarge, measureSmall]) await step();
    }
    await old.checkStored();
    return report(options, found);
  } finally {
    await old.remove();
  }
}

async function measureFresh(cluster: Cluster, options: GrowthOptions): Promise<Figures> {
  const fresh = await OwnServer.create(cluster, 'bench_small');
  try {
    const ids = await fresh.fill(options.small, Math.min(1, SAMPLES / options.small));
    return await measureOnce(cluster, fresh, ids, options);
  } finally {
    await fresh.remove();
  }
}

/** Proofs first: they are of the log as it was filled. */
async function measureOnce(cluster: Cluster, own: OwnServer, ids: readonly string[], times: Times): Promise<Figures> {
  await own.stop(); // both begin with the caches of a service that was just started
  await cluster.admin.query('CHECKPOINT');
  await own.start();
  const syncMicroseconds = syncTime(cluster.folder);
  const proofs = await own.read(ids.map((id) => `/v1/predictions/${id}/proof`), times);
  const appends = await own.append(CONNECTIONS, times);
  await own.stop();
  const figures = {
    recordsPerSecond: appends.records / appends.seconds,
    proofP50: proofs.latency.p50, proofP99: proofs.latency.p99, syncMicroseconds,
  };
  console.log(JSON.stringify(figures));
  return figures;
}

function report({ small, large, rounds, seconds }: GrowthOptions, found: { small: Figures[]; large: Figures[] }): Outcome {
  const pick = (figures: readonly Figures[], key: keyof Figures): number[] => figures.map((each) => each[key]);
  const row = (name: number, figures: readonly Figures[]): string[] => [
    number(name, 0),
    number(median(pick(figures, 'recordsPerSecond')), 0),
    number(median(pick(figures, 'proofP50')), 2),
    number(median(pick(figures, 'proofP99')), 2),
    number(median(pick(figures, 'syncMicroseconds')), 0),
  ];
  const sides = (key: keyof Figures): number[] => ratios(pick(found.large, key), pick(found.small, key));
  return {
    title: 'Growth',
    body:
      `Medians of ${rounds} rounds of ${seconds} s. Appends of single records over ${CONNECTIONS} connections; inclusion proofs of entries chosen at random ` +
      `from up to ${number(SAMPLES, 0)} ids, over one connection, from a service that was just started.\n\n` +
      table([['entries', 'records/s', 'proof p50 ms', 'proof p99 ms', 'fdatasync µs'], row(small, found.small), row(large, found.large)]),
    verdicts: [
      judge(`rate at ${number(large, 0)} entries ÷ rate at ${number(small, 0)}`, sides('recordsPerSecond'), { atLeast: 0.9 }),
      judge(`p99 of an inclusion proof, ${number(large, 0)} entries ÷ ${number(small, 0)}`, sides('proofP99'), { atMost: 1.5 }),
    ],
    data: found,
  };
}
