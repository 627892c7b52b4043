import { concat, fromHex, utf8 } from './bytes.ts';
import { sha256 } from './sha256.ts';

/**
 * The seed of a control's sample (docs/spec/bundle.md#samples).
 *
 * @param root 32 bytes, hex
 * @param nonce 32 bytes, hex: so that the seed ends the same for no two pairs of control and nonce
 */
export function sampleSeed(root: string, control: string, nonce: string): Uint8Array {
  return sha256(concat(fromHex(root), utf8(control), fromHex(nonce)));
}

/**
 * Which rows of a population are drawn: their numbers, ascending. Each row is equally likely; whoever has the seed draws the
 * same ones.
 *
 * @param seed 32 bytes
 * @param population how many rows there are, up to 2^53 - 1
 * @param n how many to draw; all where there are no more
 */
export function drawSample(seed: Uint8Array, population: number, n: number): number[] {
  if (n >= population) return Array.from({ length: population }, (_, row) => row);
  const rows = BigInt(population);
  // The numbers from here on would make the first rows likelier than the others.
  const limit = (2n ** 64n / rows) * rows;
  const drawn = new Set<number>();
  for (let k = 0; drawn.size < n; k++) {
    const x = firstEightBytes(sha256(concat(seed, eightBytes(k))));
    if (x < limit) drawn.add(Number(x % rows));
  }
  return [...drawn].sort((a, b) => a - b);
}

function eightBytes(k: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(k));
  return bytes;
}

function firstEightBytes(hash: Uint8Array): bigint {
  return new DataView(hash.buffer, hash.byteOffset).getBigUint64(0);
}
