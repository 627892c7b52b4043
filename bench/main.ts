// `npm run bench`: the service and its peers, side by side on one machine.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { chosenSettings, readySegments, startCluster, warmWal, type Cluster } from './cluster.ts';
import { CONTESTANTS } from './contestants.ts';
import { describeMachine } from './machine.ts';
import { measure, type Cell, type Figures } from './measure.ts';
import { readOptions, type BenchOptions } from './options.ts';
import { predictionTemplate } from './prediction-template.ts';
import { toMarkdown, type Report } from './report.ts';
import { judge, Results } from './results.ts';
import { TARGETS } from './targets.ts';

const WARM_WAL_BYTES = 2.5e9;

async function run(cluster: Cluster, options: BenchOptions): Promise<void> {
  const walSegmentsReady = options.smoke ? await readySegments(cluster) : await warmWal(cluster, WARM_WAL_BYTES);
  if (!options.smoke) console.log(`The WAL is warm: ${walSegmentsReady} segments lie ready.`);
  const results = await measureAll(cluster, options);
  if (options.smoke) return console.log('The bench works: every reply was a success, and every record acknowledged is stored.');
  const report: Report = {
    date: new Date().toISOString(),
    machine: await describeMachine(cluster.admin, cluster.folder),
    settings: await chosenSettings(cluster),
    options,
    recordBytes: predictionTemplate(new Date()).bytes.length,
    walSegmentsReady,
    results,
    verdicts: TARGETS.flatMap((target) => judge(results, target) ?? []),
  };
  const markdown = toMarkdown(report);
  console.log(`\n${markdown}`);
  if (options.out === undefined) return;
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(`${options.out}.md`, markdown);
  writeFileSync(`${options.out}.json`, `${JSON.stringify(report, null, 1)}\n`);
}

/** Round by round and cell by cell, so that what is compared is measured within seconds of each other. */
async function measureAll(cluster: Cluster, options: BenchOptions): Promise<Results> {
  const results = new Results();
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
  return results;
}

function progress(round: number, key: string, { connections, batch }: Cell, figures: Figures): string {
  const { recordsPerSecond, p50, p99, serverCpu, postgresCpu, loadCpu, syncMicroseconds } = figures;
  return (
    `round ${round + 1}, (${key}), ${connections} × ${batch}: ${recordsPerSecond.toFixed(0)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; ` +
    `µs a record: server ${serverCpu.toFixed(1)}, PostgreSQL ${postgresCpu.toFixed(1)}, load ${loadCpu.toFixed(1)}; fdatasync ${syncMicroseconds.toFixed(0)} µs`
  );
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), CONTESTANTS);
  const cluster = await startCluster(options.dataDir, options.settings);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cluster.stop().finally(() => process.exit(1)));
  try {
    await run(cluster, options);
  } finally {
    await cluster.stop();
  }
}

await main();
