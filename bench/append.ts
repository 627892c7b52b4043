import { appendTables } from './append-tables.ts';
import { AppendResults } from './append-results.ts';
import type { Cluster } from './cluster.ts';
import { CONTESTANTS } from './contestants.ts';
import { measure, type Cell, type Figures, type Times } from './measure.ts';
import type { Outcome } from './report.ts';

export interface AppendOptions extends Times {
  /** Keys of contestants. */
  only: string[];
  connections: number[];
  batches: number[];
  rounds: number;
  /** A short run that checks that everything works and says nothing of times. */
  smoke: boolean;
}

/** What `--smoke` makes of the options. */
export const SMOKE = { connections: [8], batches: [1, 10], rounds: 1, seconds: 2, warmSeconds: 0.2 };

/** The append path of the service beside its peers, round by round and cell by cell, so that what is compared is measured within seconds. */
export async function measureAppends(cluster: Cluster, options: AppendOptions): Promise<Outcome> {
  const results = new AppendResults();
  const chosen = CONTESTANTS.filter(({ key }) => options.only.includes(key));
  const cells: Cell[] = options.batches.flatMap((batch) => options.connections.map((connections) => ({ connections, batch })));
  for (let round = 0; round < options.rounds; round += 1) {
    const order = chosen.map((_, place) => chosen[(place + round) % chosen.length] as (typeof chosen)[number]);
    for (const cell of cells) {
      for (const contestant of order) {
        if (cell.batch > 1 && !contestant.batches) continue;
        const figures = await measure(cluster, contestant, cell, options);
        results.add(contestant.key, cell, figures);
        console.log(options.smoke ? `(${contestant.key}) works` : progress(round, contestant.key, cell, figures));
      }
    }
  }
  return { title: 'Append path', body: appendTables(results.series, options), verdicts: results.verdicts(), data: results.series };
}

function progress(round: number, key: string, { connections, batch }: Cell, figures: Figures): string {
  const { recordsPerSecond, p50, p99, serverCpu, postgresCpu, loadCpu, syncMicroseconds } = figures;
  return (
    `round ${round + 1}, (${key}), ${connections} × ${batch}: ${recordsPerSecond.toFixed(0)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; ` +
    `µs a record: server ${serverCpu.toFixed(1)}, PostgreSQL ${postgresCpu.toFixed(1)}, load ${loadCpu.toFixed(1)}; fdatasync ${syncMicroseconds.toFixed(0)} µs`
  );
}
