import { CONTESTANTS } from './contestants.ts';
import type { Machine } from './machine.ts';
import type { Figures } from './measure.ts';
import type { BenchOptions } from './options.ts';
import type { Results, Series, Verdict } from './results.ts';
import { spread, type Spread } from './statistics.ts';

/** Everything a reader needs to judge the figures, and to measure them again. */
export interface Report {
  date: string;
  machine: Machine;
  settings: Record<string, string>;
  options: Pick<BenchOptions, 'rounds' | 'seconds' | 'warmSeconds'>;
  recordBytes: number;
  /** WAL segments that lay ready before the first round. */
  walSegmentsReady: number;
  results: Results;
  verdicts: Verdict[];
}

const COLUMNS: readonly (readonly [keyof Figures, string, number])[] = [
  ['recordsPerSecond', 'records/s', 0], ['p50', 'p50 ms', 2], ['p99', 'p99 ms', 2], ['p999', 'p99.9 ms', 2],
  ['serverCpu', 'server µs', 1], ['postgresCpu', 'PostgreSQL µs', 1], ['loadCpu', 'load µs', 1],
  ['walBytes', 'WAL bytes', 0], ['residentMegabytes', 'RSS MB', 0], ['syncMicroseconds', 'fdatasync µs', 0],
];

export function toMarkdown(report: Report): string {
  const { machine, options, results } = report;
  const batches = [...new Set(results.series.map(({ batch }) => batch))];
  return [
    '# Append path, measured',
    `${report.date.slice(0, 10)}. ${machine.cores} × ${machine.cpu}, ${machine.memoryGigabytes} GB, ${machine.kernel}, ${machine.filesystem}; ` +
      `Node ${machine.node}, PostgreSQL ${machine.postgres} on a Unix socket. Server, PostgreSQL and load generator share the machine.`,
    `Medians of ${options.rounds} rounds of ${options.seconds} s after ${options.warmSeconds} s of warm-up, orders rotated, each server in a process and ` +
      `a database of its own. Records of ${report.recordBytes} bytes. The WAL was warmed: ${report.walSegmentsReady} segments of 16 MB lay ready. ` +
      'CPU and WAL are per record. In brackets: least and greatest; quartiles.',
    CONTESTANTS.map(({ key, title }) => `- (${key}) ${title}`).join('\n'),
    ...batches.map((batch) => `## ${batch === 1 ? 'Single records' : `Batches of ${batch}`}\n\n${figureTable(results.series.filter((one) => one.batch === batch))}`),
    `## Ratios\n\n${verdictTable(report.verdicts)}`,
    `## Versions and settings\n\n${list(machine.packages)}\n\nPostgreSQL: ${list(report.settings)}`,
  ].join('\n\n').concat('\n');
}

function figureTable(series: readonly Series[]): string {
  const rows = [...series].sort((a, b) => a.connections - b.connections).map(({ key, connections, rounds }) => {
    const cells = COLUMNS.map(([figure, , digits]) => {
      const found = spread(rounds.map((round) => round[figure]));
      return figure === 'recordsPerSecond' ? withSpread(found, digits) : format(found.median, digits);
    });
    return [String(connections), `(${key})`, ...cells];
  });
  return table([['connections', 'server', ...COLUMNS.map(([, title]) => title)], ...rows]);
}

export function verdictTable(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'None of them could be computed from what was measured.';
  const rows = verdicts.map(({ target, ratio, met }) => {
    const { limit } = target;
    const asked = 'atLeast' in limit ? `≥ ${limit.atLeast}` : `≤ ${limit.atMost}`;
    return [target.text, withSpread(ratio, 2), asked, met ? 'pass' : 'FAIL'];
  });
  return table([['', 'ratio', 'asked', ''], ...rows]);
}

function withSpread({ median, min, low, high, max }: Spread, digits: number): string {
  const text = (value: number): string => format(value, digits);
  return `${text(median)} [${text(min)}–${text(max)}; ${text(low)}–${text(high)}]`;
}

function format(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'n/a';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A Markdown table whose columns also line up in a terminal. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function list(pairs: Record<string, string>): string {
  return Object.entries(pairs).map(([name, value]) => `${name} ${value}`).join(', ') + '.';
}
