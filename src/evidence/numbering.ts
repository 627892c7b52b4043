import type { Gap } from './population.ts';
import type { Finds } from './query.ts';

/** How far a series of numbers from 1 was seen, as JSON. */
export interface Numbering {
  last: number;
  expected: number;
  found: number;
  gaps: Gap[];
}

export function newNumbering(): Numbering {
  return { last: 0, expected: 0, found: 0, gaps: [] };
}

/** Takes up a number; false where it was used before: of two the first counts (docs/spec/payloads.md). */
export function follow(series: Numbering, number: number, inPeriod: boolean): boolean {
  const { last } = series;
  if (number <= last) return false;
  series.last = number;
  if (!inPeriod) return true;
  series.expected += number - last;
  series.found += 1;
  if (number > last + 1) series.gaps.push({ from: last + 1, to: number - 1 });
  return true;
}

export function checkNumbering(series: Numbering, of: string, finds: Finds): void {
  finds.gapCheck(of, series.expected, series.found, series.gaps);
}
