import type { PoolClient } from 'pg';
import type { JsonValue } from '../core/json-value.ts';
import type { Payload } from '../core/payload.ts';

/** An entry with its payload, as read models are derived from it. */
export interface DerivedEntry {
  /** The log's number, its tenant's, and its origin. */
  log: number;
  tenant: number;
  index: number;
  /** ms since 1970. */
  time: number;
  /** Canonical, and of the type and version that the catalogue knows. */
  payload: Payload & { body: { [name: string]: JsonValue } };
}

/** A table that entries determine: which rows there are, and what stands in some of their columns. */
export interface DerivedTable {
  name: string;
  /** What tells a row from another. */
  key: readonly string[];
  /** What entries say of it. The other columns are none of the comparison; the derivation takes them over from the real row, where there is one. */
  says: readonly string[];
}

/**
 * How read models follow from entries. Each of its tables stands empty in the session's temporary schema, under its own name,
 * where unqualified names find it first; the real one is `public.<name>`, and the derivation only ever reads that.
 */
export interface Derivation {
  tables: readonly DerivedTable[];
  /** The types of the entries that are given to `derive`. */
  types: readonly string[];
  /** Before the first entry: takes over rows that no entry makes, for entries to change. */
  begin?(client: PoolClient): Promise<void>;
  /** Some entries of one log, in order; all logs come one after another, oldest first. */
  derive(client: PoolClient, entries: readonly DerivedEntry[]): Promise<void>;
  /**
   * After the last entry: takes over what no entry can say any more. The temporary table `absent (log, index)` has the entries
   * whose payloads are not there, and were not lost with a tail.
   */
  finish?(client: PoolClient): Promise<void>;
}
