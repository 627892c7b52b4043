import { searchSql } from '../src/predictions/search-sql.ts';
import { sourceOf, type PredictionFilter } from '../src/predictions/combinations.ts';
import { EXCEPTION_BITS } from '../src/predictions/exception-words.ts';
import type { Cluster } from './cluster.ts';
import { indexCostTable, measureIndexCost } from './index-cost.ts';
import { idOf, MODELS, nthPrediction, VERSIONS } from './lineage-history.ts';
import { LineageSide } from './lineage-side.ts';
import { ReaderClient } from './reader-client.ts';
import { number, table, type Outcome } from './report.ts';
import type { ServerProcess } from './server-process.ts';
import { median, ratios } from './statistics.ts';
import { judge } from './verdict.ts';

export interface LineageBenchOptions {
  /** Predictions of the two logs. */
  small: number;
  large: number;
  rounds: number;
  /** Requests of each kind a round. */
  requests: number;
  /** Predictions handed in for what each index costs, a round. */
  appends: number;
}

/** A page that people ask for: its query for a prediction of the log, taken at random, and the filter by which it is planned. */
interface Page {
  query: (about: { model: string; version: string; index: number }) => string;
  filter: PredictionFilter;
}

const [MODEL = '', [VERSION = '']] = [MODELS[0], VERSIONS];
const PAGES: Record<string, Page> = {
  'newest': { query: () => 'limit=100', filter: {} },
  'anywhere in the log': { query: ({ index }) => `limit=100&cursor=${index}`, filter: {} },
  'a model': { query: ({ model, index }) => `model=${model}&limit=100&cursor=${index}`, filter: { model: MODEL } },
  'a version': { query: ({ model, version, index }) => `model=${model}&version=${version}&limit=100&cursor=${index}`, filter: { model: MODEL, version: VERSION } },
  'a version, in a window of time': { query: ({ model, version }) => `model=${model}&version=${version}&from=2000-01-01&order=asc&limit=100`, filter: { model: MODEL, version: VERSION } },
  'a usual decision': { query: ({ model, index }) => `model=${model}&decision=declined&limit=100&cursor=${index}`, filter: { model: MODEL, outcome: 'declined' } },
  'a rare decision': { query: ({ model, index }) => `model=${model}&decision=referred&limit=10&cursor=${index}`, filter: { model: MODEL, outcome: 'referred' } },
  'a decision that there is not': { query: ({ model }) => `model=${model}&decision=other&limit=100`, filter: { model: MODEL, outcome: 'other' } },
  'shadows of a model': { query: ({ model }) => `deployment=shadow&model=${model}&limit=100`, filter: { deployment: 'shadow', model: MODEL } },
  'an exception of a model': { query: ({ model }) => `exception=unapproved-version&model=${model}&limit=50`, filter: { exceptions: EXCEPTION_BITS['unapproved-version'], model: MODEL } },
};
const LINEAGE = 'a lineage';
const SUBJECT = 'a page (a data subject)';

type Side = Map<string, number[]>;

/** p95 of a lineage and of filtered pages, in a log of `large` predictions beside one of `small`, in turns, and what the indexes cost. */
export async function measureLineage(cluster: Cluster, options: LineageBenchOptions): Promise<Outcome> {
  const { small, large, rounds } = options;
  const sides = { small: await LineageSide.create(cluster, 'bench_lineage_small', small), large: await LineageSide.create(cluster, 'bench_lineage_large', large) };
  for (const side of [sides.small, sides.large]) {
    console.log(`filling a log with ${side.size} predictions`);
    const rate = await side.fill();
    if (rate !== undefined) console.log(`${Math.round(rate)} predictions a second`);
    await side.connected((client) => client.query('vacuum analyze'));
  }
  await cluster.admin.query('CHECKPOINT');
  const found = { small: new Map<string, number[]>(), large: new Map<string, number[]>() };
  const servers = { small: await sides.small.serve(), large: await sides.large.serve() };
  try {
    for (let round = 0; round < rounds; round += 1) await measureRound(sides, servers, options.requests, found);
  } finally {
    await servers.small.stop();
    await servers.large.stop();
  }
  const plans = await plansOf(sides.large);
  const cost = await measureIndexCost(cluster, sides.large, { rounds: Math.min(rounds, 3), records: options.appends });
  return report(options, found, `${plans}\n\n## What the indexes cost\n\nPredictions handed in to the large log by 64 at once that wait for their commit, medians of rounds in turns. An index that was dropped was made again.\n\n${indexCostTable(cost)}`, cost);
}

type Both<T> = Record<'small' | 'large', T>;
const SIDES = ['small', 'large'] as const;

/** Each question is put to both logs in turns, so that whatever else the machine does falls on both. */
async function measureRound(sides: Both<LineageSide>, servers: Both<ServerProcess>, requests: number, found: Both<Side>): Promise<void> {
  const measure = async (name: string, role: string, ask: (client: ReaderClient, n: number, side: LineageSide) => Promise<string>): Promise<void> => {
    const clients = { small: await clientOf(sides.small, servers.small, role), large: await clientOf(sides.large, servers.large, role) };
    const times: Both<number[]> = { small: [], large: [] };
    // The first warm both.
    for (let n = -20; n < requests; n += 1) {
      for (const which of n % 2 === 0 ? SIDES : SIDES.toReversed()) {
        const about = Math.floor(Math.random() * sides[which].size);
        const began = performance.now();
        await ask(clients[which], about, sides[which]);
        if (n >= 0) times[which].push(performance.now() - began);
      }
    }
    for (const which of SIDES) {
      clients[which].close();
      const sorted = times[which].sort((a, b) => a - b);
      const p95 = sorted[Math.floor(sorted.length * 0.95)] ?? NaN;
      found[which].set(name, [...(found[which].get(name) ?? []), p95]);
      console.log(JSON.stringify({ of: sides[which].size, name, p50: sorted[Math.floor(sorted.length / 2)], p95 }));
    }
  };
  await measure(LINEAGE, 'auditor', (client, n) => client.get(`/v1/predictions/${idOf(n)}/lineage`));
  for (const [name, { query }] of Object.entries(PAGES)) {
    await measure(nameOf(name), 'auditor', (client, n, { size }) => {
      const { model, version } = nthPrediction(n, size);
      return client.get(`/v1/predictions?${query({ model, version, index: n + 1000 })}`);
    });
  }
  // Data subjects are for who may know them.
  await measure(SUBJECT, 'privacy-officer', (client, n, { size }) => client.post('/v1/predictions/search', JSON.stringify({ subject: nthPrediction(n, size).subject, limit: 100 })));
}

async function clientOf(side: LineageSide, { port }: ServerProcess, role: string): Promise<ReaderClient> {
  return ReaderClient.connect(port, (await side.keys())[role] ?? '');
}

function nameOf(page: string): string {
  return `a page (${page})`;
}

/** How PostgreSQL finds each page of a log, and what of a lineage grows with the log. */
function plansOf(side: LineageSide): Promise<string> {
  return side.connected(async (client) => {
    const { rows: [head] } = await client.query<{ log: number; size: number }>('select log, size::float8 as size from log_head order by size desc limit 1');
    const log = head?.log ?? 0;
    const range = { from: 0, to: head?.size ?? 0 };
    const { rows: [one] } = await client.query<{ index: number; request: string; parent: string; key: number }>(
      `select p.index::float8 as index, p.request, p.parents[1] as parent, q.key::float8 as key from prediction p join payload q on q.log = p.log and q.index = p.index where p.log = $1 and p.parents is not null and p.index > $2 order by p.index limit 1`,
      [log, Math.floor(range.to / 2)],
    );
    const queries: [string, { text: string; values: unknown[] }][] = [];
    for (const [name, { filter }] of Object.entries(PAGES)) {
      const { source } = sourceOf(filter);
      queries.push([name, searchSql({ log, source, filter, strands: source === 'model' ? VERSIONS : [], order: 'desc', range, limit: 101, scan: 5000, seen: () => 'TRUE' })]);
    }
    queries.push(['a data subject', searchSql({ log, source: 'subject', filter: {}, strands: [one?.key ?? 0], order: 'desc', range, limit: 101, scan: 5000, seen: () => 'TRUE' })]);
    queries.push(['of a lineage: children', { text: 'select index from prediction where log = $1 and parents is not null and parents @> array[$2] and index > $3 order by index limit $4', values: [log, one?.parent, -1, 101] }]);
    queries.push(['of a lineage: predictions of the same request', { text: 'select index from prediction where log = $1 and request = $2 order by index limit 20', values: [log, one?.request] }]);
    queries.push(['of a lineage: what was told', { text: 'select * from follow_up where of_log = $1 and of_index = $2 and (log, index) > ($3, $4) order by log, index limit $5', values: [log, one?.index, 0, -1, 101] }]);
    const texts: string[] = [];
    for (const [name, { text, values }] of queries) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain (analyze, costs off, timing off, summary off, buffers off) ${text}`, values);
      texts.push(`${name}:\n\n\`\`\`\n${rows.map((row) => row['QUERY PLAN']).join('\n')}\n\`\`\``);
    }
    return texts.join('\n\n');
  });
}

function report({ small, large, rounds, requests }: LineageBenchOptions, found: { small: Side; large: Side }, plans: string, cost: ReadonlyMap<string, unknown>): Outcome {
  const names = [...found.small.keys()];
  const at = (side: Side, name: string): number[] => side.get(name) ?? [];
  return {
    title: 'Lineage and search',
    body:
      `Medians of ${rounds} rounds of ${requests} requests each, over one connection to each log, a request to the one and a request to the other in turns: p95 in ms of one lineage and of one page, each about a prediction chosen at random. ` +
      `Both logs hold predictions of three models and twelve versions, one in a hundred of a version that nobody approved, 3 % shadow or canary, one in ten with parents, and outcomes and reviews of one in 250. ` +
      `They were handed in by the service's own intake in the bench's process, contract, tokens, seals, sequencer and all, but without HTTP; nothing was written past the service.\n\n` +
      table([['p95 ms', number(small, 0), number(large, 0)], ...names.map((name) => [name, number(median(at(found.small, name)), 2), number(median(at(found.large, name)), 2)])]) +
      `\n\n## Query plans at ${number(large, 0)}\n\n${plans}`,
    verdicts: names.map((name) => judge(`p95 of ${name}, ${number(large, 0)} ÷ ${number(small, 0)}`, ratios(at(found.large, name), at(found.small, name)), { atMost: 1.5 })),
    data: { small: Object.fromEntries(found.small), large: Object.fromEntries(found.large), cost: Object.fromEntries(cost) },
  };
}
