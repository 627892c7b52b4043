import type { Fault } from '../http/problem.ts';
import type { Original } from '../vault/original.ts';

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
  /** `touched`: the members of the record that were changed or will be by a token; no others were. */
  | { verdict: 'accepted'; originals: Original[]; handling: Handling | undefined; touched: readonly string[] };
