import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { appendTables } from './append-tables.ts';
import { AppendResults, type Series } from './append-results.ts';
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
  /** Where the report goes; what is measured is kept beside it, and a run that was broken off goes on. */
  out?: string;
  /** A short run that checks that everything works and says nothing of times. */
  smoke: boolean;
}

/** What `--smoke` makes of the options. */
export const SMOKE = { connections: [8], batches: [1, 10], rounds: 1, seconds: 2, warmSeconds: 0.2 };

/** The append path of the service beside its peers, round by round and cell by cell, so that what is compared is measured within seconds. */
export async function measureAppends(cluster: Cluster, options: AppendOptions): Promise<Outcome> {
  const kept = new KeptRounds(options);
  const results = new AppendResults(kept.read());
  const chosen = CONTESTANTS.filter(({ key }) => options.only.includes(key));
  const cells: Cell[] = options.batches.flatMap((batch) => options.connections.map((connections) => ({ connections, batch })));
  for (let round = 0; round < options.rounds; round += 1) {
    const order = chosen.map((_, place) => chosen[(place + round) % chosen.length] as (typeof chosen)[number]);
    for (const cell of cells) {
      for (const contestant of order) {
        if (cell.batch > 1 && !contestant.batches) continue;
        if (results.roundsOf(contestant.key, cell) > round) continue;
        const figures = await measure(cluster, contestant, cell, options);
        results.add(contestant.key, cell, figures);
        kept.write(results.series);
        console.log(options.smoke ? `(${contestant.key}) works` : progress(round, contestant.key, cell, figures));
      }
    }
  }
  kept.remove();
  return { title: 'Append path', body: appendTables(results.series, options), verdicts: results.verdicts(), data: results.series };
}

function progress(round: number, key: string, { connections, batch }: Cell, figures: Figures): string {
  const { recordsPerSecond, p50, p99, serverCpu, postgresCpu, loadCpu, syncMicroseconds } = figures;
  return (
    `round ${round + 1}, (${key}), ${connections} × ${batch}: ${recordsPerSecond.toFixed(0)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; ` +
    `µs a record: server ${serverCpu.toFixed(1)}, PostgreSQL ${postgresCpu.toFixed(1)}, load ${loadCpu.toFixed(1)}; fdatasync ${syncMicroseconds.toFixed(0)} µs`
  );
}

/** The rounds of a run that has yet to end, in `<out>.part.json`: of the same options alone, and for the next run with them. */
class KeptRounds {
  private readonly path: string | undefined;
  private readonly asked: string;

  constructor({ out, only, connections, batches, seconds, warmSeconds }: AppendOptions) {
    this.path = out === undefined ? undefined : `${out}.part.json`;
    this.asked = JSON.stringify({ only, connections, batches, seconds, warmSeconds });
  }

  read(): Series[] {
    if (this.path === undefined || !existsSync(this.path)) return [];
    const { asked, series } = JSON.parse(readFileSync(this.path, 'utf8')) as { asked: string; series: Series[] };
    if (asked !== this.asked) throw new Error(`${this.path} holds rounds of other options: finish that run, or remove the file`);
    console.log(`Goes on with what ${this.path} holds.`);
    return series;
  }

  write(series: readonly Series[]): void {
    if (this.path === undefined) return;
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, JSON.stringify({ asked: this.asked, series }));
  }

  remove(): void {
    if (this.path !== undefined) rmSync(this.path, { force: true });
  }
}
