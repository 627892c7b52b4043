/** An entry that has everything but its place: what intake hands to the sequencer. */
export interface EntryDraft {
  /** A type of the catalogue in docs/spec/payloads.md. */
  type: string;
  /** HMAC-SHA-256(salt, payload), lower-case hexadecimal. */
  commitment: string;
  /** Salt and payload, sealed. */
  sealed: Uint8Array;
  /** The data key that sealed it. */
  key: number;
  /** That key, wrapped, where it is this payload's own: its row is kept with the payload. */
  ownKey?: { epoch: number; wrapped: Uint8Array };
  /** What the payload's tokens stand for, sealed under the same key. */
  originals?: Uint8Array;
  /** The log's vault version when the key was asked for: keys may have been erased since. */
  vault: number;
  /**
   * Drafts the same anew, under a key that is there, or refuses where what it says holds no longer; without it, an entry whose
   * key was erased is refused. `time`: the entry's, ms since 1970, where that is what it came too late for.
   */
  again?: (time?: number) => EntryDraft | Promise<EntryDraft>;
  /** What the payload says of the log's state holds for entries before this time, ms since 1970; undefined: at any time. */
  until?: number | undefined;
  /** Whether it holds at a version of the vault that is not the draft's, and at a time; without it, it does. */
  stays?: (vault: number, time?: number) => boolean | Promise<boolean>;
  /** Present on a prediction: its row in the read model. */
  prediction?: PredictionColumns;
  /** Present on a policy's activation: the digest that is in force from this entry on, 32 bytes. */
  policy?: Uint8Array;
  /**
   * What the entry's transaction writes beside it, so that a read model cannot differ from the log: SQL whose $1 is the
   * log and $2 the entry's index, with the values from $3 on. It must not fail: the whole batch would with it.
   */
  also?: { text: string; values: readonly unknown[] };
}

/** What lists filter by. Never personal data. */
export interface PredictionColumns {
  id: string;
  model: string;
  version: string;
  deployment: string | undefined;
  outcome: string | undefined;
  /** What was out of order, as bits (src/predictions/exception-words.ts). */
  exceptions?: number | undefined;
  /** Who handed it in. */
  principal?: string;
  /** `name@version` of what governs it, which says what classes of data it may hold; and what the data was used for. */
  contract?: string | undefined;
  purpose?: string | undefined;
  /** By what it hangs together with others, each list without repeats and not empty; gone with its payload. */
  request?: string | undefined;
  parents?: readonly string[] | undefined;
  /** Feature views: the name, and behind a space the version where it has one. */
  features?: readonly string[] | undefined;
}

/** Where a committed entry stands. */
export interface SequencedEntry {
  index: number;
  /** Entry time, RFC 3339 in UTC with milliseconds. */
  time: string;
  /** Lower-case hexadecimal. */
  leafHash: string;
}

/** What is done in one transaction with the entries that say so. `vault`: the version that `advance_vault` gave, where it was called. */
export interface Change {
  drafts: readonly EntryDraft[];
  vault?: number | undefined;
}
