import { Client } from 'pg';
import { searchSql } from '../src/predictions/search-sql.ts';
import { sourceOf, type PredictionFilter } from '../src/predictions/combinations.ts';
import type { Cluster } from './cluster.ts';
import { OwnServer } from './own-server.ts';
import { ReaderClient } from './reader-client.ts';
import { number, table, type Outcome } from './report.ts';
import { median, ratios } from './statistics.ts';
import { judge } from './verdict.ts';

export interface LineageBenchOptions {
  /** Predictions of the two logs. */
  small: number;
  large: number;
  rounds: number;
  /** Requests of each kind a round. */
  requests: number;
}

const SAMPLES = 5000;

/** Pages that people ask for, each found by an index. */
const PAGES: Record<string, { query: string; filter: PredictionFilter }> = {
  'newest': { query: 'limit=100', filter: {} },
  'a model': { query: 'model=credit-risk&limit=100', filter: { model: 'credit-risk' } },
  'a version, in a window': { query: `model=credit-risk&version=3.2.0&from=2000-01-01&limit=100`, filter: { model: 'credit-risk', version: '3.2.0' } },
  'a decision': { query: 'model=credit-risk&decision=declined&order=asc&limit=100', filter: { model: 'credit-risk', outcome: 'declined' } },
  'what is not there': { query: 'model=credit-risk&decision=approved&limit=100', filter: { model: 'credit-risk', outcome: 'approved' } },
};
const LINEAGE = 'lineage';

type Side = Map<string, number[]>;

/** p95 of a lineage and of filtered pages, in a log of `large` predictions beside one of `small`, in turns. */
export async function measureLineage(cluster: Cluster, options: LineageBenchOptions): Promise<Outcome> {
  const { small, large, rounds } = options;
  const servers = { small: await OwnServer.create(cluster, 'bench_lineage_small'), large: await OwnServer.create(cluster, 'bench_lineage_large') };
  try {
    const ids = { small: [] as string[], large: [] as string[] };
    for (const side of ['small', 'large'] as const) {
      console.log(`filling a log with ${options[side]} predictions, over HTTP, sealed as ever`);
      ids[side] = await servers[side].fill(options[side], Math.min(1, SAMPLES / options[side]));
    }
    for (const database of ['bench_lineage_small', 'bench_lineage_large']) await withDatabase(cluster, database, (client) => client.query('vacuum analyze'));
    await cluster.admin.query('CHECKPOINT');
    const found = { small: new Map<string, number[]>(), large: new Map<string, number[]>() };
    for (let round = 0; round < rounds; round += 1) {
      for (const side of round % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const)) await measureSide(servers[side], ids[side], options.requests, found[side]);
    }
    const plans = await withDatabase(cluster, 'bench_lineage_large', plansOf);
    return report(small, large, rounds, options.requests, found, plans);
  } finally {
    await servers.small.remove();
    await servers.large.remove();
  }
}

async function measureSide({ server: { port, auditorKey } }: OwnServer, ids: readonly string[], requests: number, found: Side): Promise<void> {
  const client = await ReaderClient.connect(port, auditorKey);
  const measure = async (name: string, path: () => string): Promise<void> => {
    const times: number[] = [];
    // The first are of caches that the other side has emptied.
    for (let n = -20; n < requests; n += 1) {
      const began = performance.now();
      await client.get(path());
      if (n >= 0) times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    const p95 = times[Math.floor(times.length * 0.95)] ?? NaN;
    found.set(name, [...(found.get(name) ?? []), p95]);
    console.log(JSON.stringify({ name, p50: times[Math.floor(times.length / 2)], p95 }));
  };
  await measure(LINEAGE, () => `/v1/predictions/${ids[Math.floor(Math.random() * ids.length)]}/lineage`);
  for (const [name, { query }] of Object.entries(PAGES)) await measure(name, () => `/v1/predictions?${query}`);
  client.close();
}

/** How PostgreSQL finds each page of the large log. */
async function plansOf(client: Client): Promise<string> {
  const { rows: [head] } = await client.query<{ log: number; size: number }>('select log, size::float8 as size from log_head order by size desc limit 1');
  const texts: string[] = [];
  for (const [name, { filter }] of Object.entries(PAGES)) {
    const { source } = sourceOf(filter);
    const { text, values } = searchSql({ log: head?.log ?? 0, source, filter, strands: source === 'model' ? ['3.2.0'] : [], order: 'desc', range: { from: 0, to: head?.size ?? 0 }, limit: 101, scan: 5000, seen: () => 'TRUE' });
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (analyze, costs off, timing off, summary off, buffers off) ${text}`, values);
    texts.push(`${name}:\n\n\`\`\`\n${rows.map((row) => row['QUERY PLAN']).join('\n')}\n\`\`\``);
  }
  return texts.join('\n\n');
}

async function withDatabase<T>(cluster: Cluster, database: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: cluster.environment(database)['DATABASE_URL'] });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function report(small: number, large: number, rounds: number, requests: number, found: { small: Side; large: Side }, plans: string): Outcome {
  const names = [LINEAGE, ...Object.keys(PAGES)];
  const at = (side: Side, name: string): number[] => side.get(name) ?? [];
  return {
    title: 'Lineage and search',
    body:
      `Medians of ${rounds} rounds of ${requests} requests each, over one connection: p95 in ms of one lineage (predictions chosen at random) and of one filtered page of 100. ` +
      `Predictions were handed in over HTTP in batches and sealed as ever; nothing was written past the service.\n\n` +
      table([['p95 ms', number(small, 0), number(large, 0)], ...names.map((name) => [name, number(median(at(found.small, name)), 2), number(median(at(found.large, name)), 2)])]) +
      `\n\n## Query plans at ${number(large, 0)}\n\n${plans}`,
    verdicts: names.map((name) => judge(`p95 of ${name === LINEAGE ? 'a lineage' : `a page (${name})`}, ${number(large, 0)} ÷ ${number(small, 0)}`, ratios(at(found.large, name), at(found.small, name)), { atMost: 1.5 })),
    data: { small: Object.fromEntries(found.small), large: Object.fromEntries(found.large) },
  };
}
