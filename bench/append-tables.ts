import type { AppendOptions } from './append.ts';
import type { Series } from './append-results.ts';
import { CONTESTANTS } from './contestants.ts';
import type { Figures } from './measure.ts';
import { predictionTemplate } from './prediction-template.ts';
import { number, table, withSpread } from './report.ts';
import { spread } from './statistics.ts';

const COLUMNS: readonly (readonly [keyof Figures, string, number])[] = [
  ['recordsPerSecond', 'records/s', 0], ['p50', 'p50 ms', 2], ['p99', 'p99 ms', 2], ['p999', 'p99.9 ms', 2],
  ['serverCpu', 'server µs', 1], ['postgresCpu', 'PostgreSQL µs', 1], ['loadCpu', 'load µs', 1],
  ['walBytes', 'WAL bytes', 0], ['residentMegabytes', 'RSS MB', 0], ['refusedPercent', 'refused %', 1], ['syncMicroseconds', 'fdatasync µs', 0],
];

/** The figures of the append path in Markdown: one table for each size of request. */
export function appendTables(series: readonly Series[], { rounds, seconds, warmSeconds }: AppendOptions): string {
  const batches = [...new Set(series.map(({ batch }) => batch))];
  const { length } = predictionTemplate(new Date()).bytes;
  return [
    `Medians of ${rounds} rounds of ${seconds} s after ${warmSeconds} s of warm-up, orders rotated, each server in a process and a database of its own. ` +
      `Records of ${length} bytes with 30 inputs. ` +
      'CPU and WAL are per record, latencies per request. In brackets: least and greatest; quartiles. ' +
      'Where the clients together send more than 4,096 records at once, our queue was made so long, and what is refused all the same comes again after 50 ms.',
    CONTESTANTS.map(({ key, title }) => `- (${key}) ${title}`).join('\n'),
    ...batches.flatMap((batch) => [
      `## ${batch === 1 ? 'Single records' : `Batches of ${batch}`}`,
      figureTable(series.filter((one) => one.batch === batch)),
    ]),
  ].join('\n\n');
}

function figureTable(series: readonly Series[]): string {
  const rows = [...series].sort((a, b) => a.connections - b.connections).map(({ key, connections, rounds }) => {
    const cells = COLUMNS.map(([figure, , digits]) => {
      const found = spread(rounds.map((round) => round[figure]));
      return figure === 'recordsPerSecond' ? withSpread(found, digits) : number(found.median, digits);
    });
    return [String(connections), `(${key})`, ...cells];
  });
  return table([['connections', 'server', ...COLUMNS.map(([, title]) => title)], ...rows]);
}
