import type { Contracts } from '../contracts/contracts.ts';
import type { JsonValue } from '../core/json-value.ts';
import type { Roles } from '../access/roles.ts';
import type { Fact, ReadFact } from './fact.ts';
import type { Column, Gap, Row } from './population.ts';

/** What a query may know beside the facts that it is given. */
export interface Asked {
  readonly parameters: Readonly<Record<string, JsonValue>>;
  /** ms since 1970: at or after `from`, before `to`. */
  readonly period: { readonly from: number; readonly to: number };
  /** Time of the range's last entry, ms since 1970: as of when things stand. */
  readonly asOf: number;
  /** The range's size and root, the latter in hex. */
  readonly size: number;
  readonly root: string;
  readonly contracts: Contracts;
  readonly roles: Roles;
  readonly tenant: string;
  /** Whether the log succeeds another, which may have said what this one does not. */
  readonly succeeds: boolean;
  readonly holds: readonly Hold[];
  /** An entry of the range by its index; undefined beyond it. */
  readFact(index: number): Promise<Fact | undefined>;
  /** The leaf indices of predictions of the range by their ids; unknown ids are absent. */
  findPredictions(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The root that the entries read so far have, hex; undefined where their chain is broken. */
  rootRead(): string | undefined;
}

/** A legal hold in force at the end of the range. */
export interface Hold {
  readonly id: string;
  readonly subjects: readonly string[];
  readonly models: readonly string[] | null;
  readonly from: number | null;
  readonly to: number | null;
}

/** Where a query puts what it finds. */
export interface Finds {
  /** How many rows there are. */
  readonly count: number;
  /** Adds a row and gives its number. */
  row(values: Row): number;
  /** Says that a fact of the period went into rows that sum up many. */
  used(): void;
  /** Says that facts of the period are not in the population, and by which rule. */
  exclude(rule: string, count?: number): void;
  /** `row`: its number, or null where what is wrong has none. */
  exception(found: { row: number | null; index: number | null; why: string; text: string; disposition?: number | null }): void;
  /** Adds an equation. */
  total(name: string, left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>): void;
  /** Says that an opaque id belongs to a group, a number from 0. Precondition: the query counts ids. */
  mark(group: number, id: string): void;
  /** How many different ids were marked, by group; under -1, in all groups together. */
  different(): Promise<ReadonlyMap<number, number>>;
  gapCheck(of: string, expected: number, found: number, gaps: readonly Gap[]): void;
}

/**
 * A named query: which entries it reads, and what it makes of them. Its state is plain JSON, so that a job that was
 * interrupted goes on; it grows with what is rare (versions, keys, requests), never with predictions.
 */
export interface Query<S extends object = object> {
  readonly name: string;
  readonly v: number;
  readonly title: string;
  readonly question: string;
  readonly basis: 'entries' | 'aggregate';
  readonly columns: readonly Column[];
  /** Types of the entries that are its population; each one in the period is a row, used, or excluded. `*`: every type. */
  readonly types: readonly string[];
  /** Types that it looks at besides. */
  readonly context?: readonly string[];
  /** JSON Schema of its parameters' members; each has a default. */
  readonly parameters: Readonly<Record<string, ParameterForm>>;
  /** Which exceptions it knows: code → what it means. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Whether it counts different opaque ids. */
  readonly countsIds?: boolean;
  begin(): S;
  /**
   * Told of each fact of its types in the log's order, those before the period included, whose payload can be read. Of its
   * population, those of the period whose payload cannot are excluded for it.
   */
  take(fact: ReadFact, state: S, finds: Finds, asked: Asked): void | Promise<void>;
  /** In place of `take`, for a query that looks at entries whether or not their payload can be read. */
  look?(fact: Fact, state: S, finds: Finds, asked: Asked): void;
  finish?(state: S, finds: Finds, asked: Asked): void | Promise<void>;
}

export type ParameterForm = Readonly<Record<string, JsonValue>> & { readonly default: JsonValue };

/** Whether a fact belongs to the period. */
export function isIn({ period }: Asked, { time }: Pick<Fact, 'time'>): boolean {
  return time >= period.from && time < period.to;
}

/** A column. */
export function column(name: string, type: Column['type'], meaning: string, nullable = false): Column {
  return { name, type, nullable, meaning };
}

/** The first columns of every population of basis `entries`. */
export const ENTRY_COLUMNS: readonly Column[] = [column('index', 'number', 'leaf index of the entry'), column('time', 'time', 'time of the entry')];

/** The values of `ENTRY_COLUMNS`. */
export function entryCells({ index, at }: Fact): { index: number; time: string } {
  return { index, time: at };
}

