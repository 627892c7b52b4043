import { number, table } from './report.ts';
import { handIn } from './hand-in.ts';
import type { LineageSide } from './lineage-side.ts';
import { nthPrediction } from './lineage-history.ts';
import { median, ratios } from './statistics.ts';
import { walPosition, type Cluster } from './cluster.ts';

/** The indexes that lineages and searches are found by. */
const INDEXES = ['prediction_model', 'prediction_decision', 'prediction_deployment', 'prediction_exceptions', 'prediction_request', 'prediction_parents'];
const ALL = 'all of them';
const NONE = 'any of them';
const AT_ONCE = 64;

interface Measured {
  /** Predictions a second. */
  rate: number[];
  /** Bytes a prediction. */
  wal: number[];
}

/**
 * Predictions handed in, 64 at once, with each index and without it, in turns; an index that was dropped is made again. What is
 * handed in is like what the log holds.
 */
export async function measureIndexCost(cluster: Cluster, side: LineageSide, { rounds, records }: { rounds: number; records: number }): Promise<Map<string, Measured>> {
  const found = new Map<string, Measured>([ALL, ...INDEXES, NONE].map((name) => [name, { rate: [], wal: [] }]));
  // Each run adds to the log; a later one, of a cluster that was kept, must not hand the same in again.
  let next = side.size + Date.now() % 1e9 * 1000;
  await side.within(async (service, log) => {
    const measure = async (name: string): Promise<void> => {
      const batch = Array.from({ length: records }, (_, i) => nthPrediction(next + i, side.size));
      next += batch.length;
      const [began, wal] = [performance.now(), await walPosition(cluster)];
      await handIn(service, log, batch, AT_ONCE);
      const rate = (records / (performance.now() - began)) * 1000;
      const { rate: rates, wal: bytes } = found.get(name) as Measured; // one for each name
      rates.push(rate);
      bytes.push(((await walPosition(cluster)) - wal) / records);
      console.log(JSON.stringify({ without: name, rate: Math.round(rate) }));
    };
    const cases = [...found.keys()];
    for (let round = 0; round < rounds; round++) {
      // What a checkpoint has written whole again, and subjects' keys: of none of the cases.
      await cluster.admin.query('CHECKPOINT');
      const warm = Array.from({ length: records }, (_, i) => nthPrediction(next + i, side.size));
      next += warm.length;
      await handIn(service, log, warm, AT_ONCE);
      for (const [i] of cases.entries()) {
        const name = cases[(i + round) % cases.length] as string;
        if (name === ALL) await measure(ALL);
        else await without(side, name === NONE ? INDEXES : [name], () => measure(name));
      }
    }
  });
  return found;
}

async function without(side: LineageSide, indexes: readonly string[], work: () => Promise<void>): Promise<void> {
  await side.connected(async (client) => {
    const { rows } = await client.query<{ name: string; definition: string }>('select indexname as name, indexdef as definition from pg_indexes where indexname = any($1)', [indexes]);
    for (const { name } of rows) await client.query(`drop index ${name}`);
    try {
      await work();
    } finally {
      for (const { definition } of rows) await client.query(definition);
    }
  });
}

/** A table of what each index costs an append. */
export function indexCostTable(found: ReadonlyMap<string, Measured>): string {
  const all = found.get(ALL) as Measured; // measured first
  const rows = [...found].map(([name, { rate, wal }]) => [
    name === ALL ? 'with all of them' : `without ${name}`, number(median(rate), 0), name === ALL ? '' : `${number((median(ratios(rate, all.rate)) - 1) * 100, 1)} %`,
    number(median(wal), 0), name === ALL ? '' : number(median(all.wal) - median(wal), 0),
  ]);
  return table([['', 'predictions/s', 'faster by', 'WAL bytes a prediction', 'fewer by'], ...rows]);
}
