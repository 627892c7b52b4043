import type { Subjects } from './prediction-template.ts';

/** What a load generator process is told (JSON in its first argument). */
export interface LoadOptions {
  port: number;
  /** Sent as `Authorization: Bearer …`. */
  key: string;
  /** Each has one request under way, all the time. */
  connections: number;
  work: Append | Read;
  warmSeconds: number;
  seconds: number;
  /** Ends when so many records were acknowledged, instead of by time. */
  records?: number;
  /**
   * Replies with these statuses, of a request or of a record in a batch, are counted as refused, and the connection's next
   * request comes after a pause; so does a new connection after a broken one. All else but 2xx, and without this option a
   * broken connection, fails the run.
   */
  refusals?: { statuses: number[]; pauseMs: number };
  /** Which share of the acknowledged ids to bring home, chosen at random; none unless said. */
  sampleShare?: number;
}

/** Posts predictions, one a request or `batch` a request as NDJSON. */
export interface Append {
  kind: 'append';
  path: string;
  batch: number;
  subjects: Subjects;
}

/** Gets paths chosen evenly from a list (a JSON array of strings in a file, for it may be long). */
export interface Read {
  kind: 'read';
  pathsFile: string;
}

/** What came of it. Counts and times are of the measured part alone, except where they say otherwise. */
export interface LoadResult {
  seconds: number;
  requests: number;
  records: number;
  /** Records acknowledged from the first request to the last, warm-up and drain included. */
  acknowledged: number;
  /** Records refused, by the options. */
  refused: number;
  /** Records whose connection broke before the reply, in the whole run: nobody told what became of them. */
  unanswered: number;
  /** Milliseconds from writing a request to the reply's last byte. */
  latency: { p50: number; p99: number; p999: number; max: number };
  /** CPU time of the load generator, in microseconds. */
  cpu: number;
  sampledIds: string[];
  /** Records acknowledged in each tenth of a second of the whole run. */
  tenths: number[];
}

export type LoadMessage = { phase: 'measuring' } | { phase: 'measured' } | { phase: 'done'; result: LoadResult } | { phase: 'failed'; reason: string };
