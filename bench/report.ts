import type { Machine } from './machine.ts';
import type { Spread } from './statistics.ts';
import type { Verdict } from './verdict.ts';

/** What one bench found. */
export interface Outcome {
  title: string;
  /** Markdown. */
  body: string;
  verdicts: Verdict[];
  /** Every single figure, for the JSON file. */
  data: unknown;
}

/** An outcome with all that a reader needs to judge the figures, and to measure them again. */
export interface Report extends Outcome {
  date: string;
  command: string;
  machine: Machine;
  /** Settings of PostgreSQL that somebody chose; empty where none ran. */
  settings: Record<string, string>;
  /** WAL segments of 16 MB that lay ready before the first round. */
  walSegmentsReady: number;
}

export function toMarkdown({ title, date, command, machine, settings, walSegmentsReady, body, verdicts }: Report): string {
  const { cores, cpu, memoryGigabytes, kernel, filesystem, node, postgres, packages } = machine;
  return [
    `# ${title}`,
    `${date.slice(0, 10)}, \`${command}\`. ${cores} × ${cpu}, ${memoryGigabytes} GB, ${kernel}, ${filesystem}; Node ${node}` +
      (postgres === undefined ? '.' : `, PostgreSQL ${postgres} on a Unix socket. Server, PostgreSQL and load generator share the machine. ` +
        `The WAL was warmed: ${walSegmentsReady} segments of 16 MB lay ready.`),
    body,
    `## What must be shown\n\n${verdictTable(verdicts)}`,
    `## Versions and settings\n\n${list(packages)}`,
    ...(Object.keys(settings).length === 0 ? [] : [`PostgreSQL: ${list(settings)}`]),
  ].join('\n\n').concat('\n');
}

function verdictTable(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'Nothing of it could be computed from what was measured.';
  const rows = verdicts.map(({ text, value, limit, met }) => {
    const digits = value.median >= 100 ? 0 : 2;
    const asked = 'atLeast' in limit ? `≥ ${number(limit.atLeast, 2)}` : `≤ ${number(limit.atMost, 2)}`;
    return [text, withSpread(value, digits), asked, met ? 'pass' : 'FAIL'];
  });
  return table([['', 'measured', 'asked', ''], ...rows]);
}

/** `median [min–max; quartiles]`. */
export function withSpread({ median, min, low, high, max }: Spread, digits: number): string {
  const text = (value: number): string => number(value, digits);
  return `${text(median)} [${text(min)}–${text(max)}; ${text(low)}–${text(high)}]`;
}

export function number(value: number, digits: number): string {
  if (Number.isNaN(value)) return 'n/a';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A Markdown table whose columns also line up in a terminal. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function list(pairs: Record<string, string>): string {
  return `${Object.entries(pairs).map(([name, value]) => `${name} ${value === '' ? '(empty)' : value}`).join(', ')}.`;
}
