import type { Json, RawFact } from './raw-facts.ts';

/** What there is to count: the entries, the period, and the parameters that the envelope names. */
export interface Range {
  facts: readonly RawFact[];
  from: number;
  to: number;
  /** Time of the last entry. */
  asOf: number;
  parameters: Json;
}

/** What a population must come to: its rows, of which only the columns that are given are compared, and its exceptions by reason. */
export interface Counted {
  rows: Json[];
  /** A column that counts: rows in which it is 0 stand there for other reasons, and are not compared. */
  zero?: string;
  reasons?: Record<string, number>;
  totals?: Record<string, [Json, Json]>;
}

export type Recount = (range: Range) => Counted;

export type Read = RawFact & { payload: NonNullable<RawFact['payload']> };

/** Facts of some types that can be read, in the log's order. */
export function all({ facts }: Range, ...types: string[]): Read[] {
  return facts.filter((fact): fact is Read => types.includes(fact.type) && fact.payload !== undefined);
}

/** Of these, those of the period. */
export function within(range: Range, ...types: string[]): Read[] {
  return all(range, ...types).filter(({ time }) => time >= range.from && time < range.to);
}

export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((found, name) => (found as Json | null | undefined)?.[name], value);
}

export function orNull(value: unknown): unknown {
  return value ?? null;
}

/** How often each word comes. */
export function tallied(words: readonly (string | false | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) if (word !== false && word !== undefined) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

export function grouped<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}

export function indices(facts: readonly RawFact[]): { index: number }[] {
  return facts.map(({ index }) => ({ index }));
}
