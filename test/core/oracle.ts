/**
 * The definitions of RFC 6962 §2.1, written down as they stand there and nowhere shared with src/. Slow and obvious:
 * the judge of the fast code. MTH is memoized, which changes no value.
 */
import { createHash } from 'node:crypto';

const H = (...parts: Uint8Array[]): Uint8Array => createHash('sha256').update(Buffer.concat(parts)).digest();

/** A list D of entries, numbered from 0. */
export class Oracle {
  readonly #entries: readonly Uint8Array[];
  // By start · 2^20 + end: strings as keys cost more than the rest.
  readonly #memo = new Map<number, Uint8Array>();

  constructor(entries: readonly Uint8Array[]) {
    this.#entries = entries;
  }

  /** MTH(D[start:end]) */
  mth(start: number, end: number): Uint8Array {
    const key = start * 2 ** 20 + end;
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const n = end - start;
    let hash: Uint8Array;
    if (n === 0) {
      hash = H();
    } else if (n === 1) {
      hash = H(Uint8Array.of(0x00), this.#entries[start] as Uint8Array); // start < length, as the caller says
    } else {
      const k = largestPowerOfTwoBelow(n);
      hash = H(Uint8Array.of(0x01), this.mth(start, start + k), this.mth(start + k, end));
    }
    this.#memo.set(key, hash);
    return hash;
  }

  /** PATH(m, D[start:end]) */
  path(m: number, start: number, end: number): Uint8Array[] {
    const n = end - start;
    if (n === 1) return [];
    const k = largestPowerOfTwoBelow(n);
    return m < k
      ? [...this.path(m, start, start + k), this.mth(start + k, end)]
      : [...this.path(m - k, start + k, end), this.mth(start, start + k)];
  }

  /** PROOF(m, D[n]) = SUBPROOF(m, D[n], true), 0 < m <= n */
  proof(m: number, n: number): Uint8Array[] {
    return this.#subproof(m, 0, n, true);
  }

  #subproof(m: number, start: number, end: number, b: boolean): Uint8Array[] {
    const n = end - start;
    if (m === n) return b ? [] : [this.mth(start, end)];
    const k = largestPowerOfTwoBelow(n);
    return m <= k
      ? [...this.#subproof(m, start, start + k, b), this.mth(start + k, end)]
      : [...this.#subproof(m - k, start + k, end, false), this.mth(start, start + k)];
  }
}

/** The k with k < n <= 2k. */
function largestPowerOfTwoBelow(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** Entry i of the test trees: distinct, and of lengths around the SHA-256 block. */
export function sampleEntry(i: number): Uint8Array {
  return new TextEncoder().encode(`entry ${i} `.repeat(1 + (i % 9)));
}

/** The first `count` sample entries. */
export function sampleEntries(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => sampleEntry(i));
}
