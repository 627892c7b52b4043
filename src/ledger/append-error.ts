import type { EntryDraft } from './entry-draft.ts';

/** Why an append was not taken in. The draft is not in the log, except where the code says that this is unknown. */
export type AppendErrorCode =
  /** Too much is waiting: come back after `retryAfterMs`. */
  | 'queue-full'
  /** The database does not answer, or answers that it cannot write. */
  | 'database-unavailable'
  /** No room on the database's disk. */
  | 'storage-full'
  /** The connection broke during the commit and the database did not come back in time; the same id may be sent again. */
  | 'outcome-unknown'
  /** Invariant 8: this log has stopped until an operator recovers it. */
  | 'log-stopped'
  /** The policy bundle in force on the log is another one than this replica's. */
  | 'policy-mismatch'
  /** This replica's clock is too far from PostgreSQL's. */
  | 'clock-skew'
  /** The service is shutting down. */
  | 'shutting-down';

export class AppendError extends Error {
  override readonly name = 'AppendError';
  readonly code: AppendErrorCode;
  readonly retryAfterMs: number | undefined;

  constructor(code: AppendErrorCode, message: string, retryAfterMs?: number) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The id is taken, in this log or in one that it succeeds; what is there may or may not be the same content. */
export class AlreadySequencedError extends Error {
  override readonly name = 'AlreadySequencedError';
  /** The log's number. */
  readonly log: number;
  readonly index: number;

  constructor(log: number, index: number) {
    super(`the id stands at index ${index}`);
    this.log = log;
    this.index = index;
  }
}

/**
 * The key that sealed the draft was erased, its epoch has ended, or what it says of the log's state holds no longer: nothing was
 * appended, and the draft is to be made anew.
 */
export class StaleKeyError extends Error {
  override readonly name = 'StaleKeyError';

  /** Those of a batch that are concerned. */
  readonly drafts: ReadonlySet<EntryDraft>;
  /** The time, ms since 1970, that the entry would have had, where it came too late for it. */
  readonly time: number | undefined;

  constructor(drafts: ReadonlySet<EntryDraft>, time?: number) {
    super('what the draft was made of is not there any more');
    this.drafts = drafts;
    this.time = time;
  }
}
