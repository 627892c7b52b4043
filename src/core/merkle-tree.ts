import { concat, fromHex } from './bytes.ts';
import { sha256 } from './sha256.ts';

/** Bytes in a SHA-256 hash. */
export const HASH_BYTES = 32;

/** Root hash of the tree without leaves: SHA-256 of nothing (RFC 6962 §2.1). */
export const EMPTY_ROOT: Uint8Array = fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

// RFC 6962 §2.1: the prefixes keep a leaf from being taken for a node (second-preimage resistance).
const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

// Hashing runs to its end before it returns, so one scratch buffer each serves every call and spares an allocation.
const leafScratch = new Uint8Array(1 + 65_535);
leafScratch[0] = LEAF_PREFIX;
// Entries of one length are hashed through one view: making views costs more than filling them.
const leafViews: Uint8Array[] = [];
const nodeScratch = new Uint8Array(1 + 2 * HASH_BYTES);
nodeScratch[0] = NODE_PREFIX;

/** Leaf hash, SHA-256(0x00 || entry), of an entry of any length: 32 bytes. */
export function leafHash(entry: Uint8Array): Uint8Array {
  if (entry.length >= leafScratch.length) return sha256(concat(Uint8Array.of(LEAF_PREFIX), entry));
  leafScratch.set(entry, 1);
  return sha256((leafViews[entry.length] ??= leafScratch.subarray(0, entry.length + 1)));
}

/** Hash of an interior node, SHA-256(0x01 || left || right). Precondition: both are 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 1 + HASH_BYTES);
  return sha256(nodeScratch);
}
