import type { JsonValue } from '../core/json-value.ts';
import type { Fault } from '../http/problem.ts';

/** A value that must become a vaulted token; every other replacement has been made in place. */
export interface Original {
  /** JSON pointer of the value, or of the text that holds it. */
  at: string;
  value: JsonValue;
  mode: 'random' | 'deterministic';
  /** Within what a deterministic token is the same for the same value. */
  across: 'subject' | 'log';
  /** Puts the token in the value's place. */
  put(token: string): void;
}

/** What was found in a value, and what was done with it. Never the value. Offsets are UTF-16 code units of the text as sent. */
export interface HandledHit {
  at: string;
  detector: string;
  offset: number;
  length: number;
  did: 'tokenized' | 'refused' | 'quarantined' | 'redacted';
}

/** What was done to a record before it was kept: pointers, never values. What was not done is left out. */
export interface Handling {
  tokenized?: string[];
  masked?: string[];
  generalized?: string[];
  redacted?: string[];
  dropped?: string[];
  /** Fields that the contract does not know and that were dropped. */
  droppedUnknown?: number;
  hits?: HandledHit[];
}

/** What becomes of a record. A fault never holds a value that was sent. */
export type Judgement =
  | { verdict: 'refused'; faults: Fault[] }
  /** `expires`: ISO 8601 duration. */
  | { verdict: 'quarantined'; faults: Fault[]; expires: string }
  | { verdict: 'accepted'; originals: Original[]; handling: Handling | undefined };
