import type { Strength, Verdict } from './population.ts';

/** A file of a bundle: path within it, with `/`; length in bytes; SHA-256 in hex. */
export interface FileDigest {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** RFC 3339, UTC, ms: at or after `from`, before `to`. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

/** `manifest.json` (docs/spec/bundle.md#manifestjson). */
export interface Manifest {
  readonly v: 1;
  readonly framework: { readonly id: string; readonly title: string; readonly edition: string; readonly path: string; readonly digest: string };
  readonly period: Period;
  readonly log: { readonly origin: string; readonly size: number; readonly root: string; readonly first: number | null; readonly last: number | null; readonly time: string };
  readonly nonce: string;
  readonly view: { readonly principal: string; readonly role: string; readonly rule: string; readonly policy: string; readonly receipts: boolean };
  readonly erasures: { readonly count: number };
  /** Every digested file but the manifest, ascending by path. */
  readonly files: readonly FileDigest[];
  readonly populations: readonly { readonly assertion: string; readonly envelope: string; readonly verdict: Verdict }[];
}

/** One control of `controls.json`. */
export interface JudgedControl {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  /** Whether `text` is the source's own. */
  readonly quoted: boolean;
  readonly cites: string;
  readonly verdict: Verdict;
  readonly assertions: readonly { readonly id: string; readonly verdict: Verdict; readonly strength: Strength; readonly caveat: string }[];
}

/** `controls.json` (docs/spec/bundle.md#controlsjson). */
export interface Controls {
  readonly v: 1;
  readonly framework: string;
  readonly controls: readonly JudgedControl[];
}
