import { toHex } from '../core/bytes.ts';
import { BinaryArray, OID } from './binary-array.ts';
import type { EntryDraft, SequencedEntry } from './entry-draft.ts';
import type { Head } from './head.ts';

/** A complete interior node at a tile's boundary: the root of a full tile, and so a hash of the level above. */
export interface FullTile {
  /** Tile level: its hashes are tree nodes of level 8 × `level`. */
  level: number;
  index: number;
  root: Uint8Array;
}

/** Drafts made into entries behind one head, encoded for the append statement. Nothing is committed yet. */
export interface Batch {
  expected: Head;
  next: Head;
  sequenced: SequencedEntry[];
  /** bytea[]: the entries' bytes in order. */
  entries: Buffer;
  /** The first entry's bytes: they tell afterwards whether a commit of unknown outcome took place. */
  first: Uint8Array;
  /** Leaf hashes of this batch, 32 bytes each. */
  leafHashes: Buffer;
  fullTiles: FullTile[];
}

const HASH_BYTES = 32;

/**
 * Gives each draft its index, time and predecessor, and hashes it. Precondition: `drafts` is not empty.
 *
 * @param now ms since 1970; the entries' time, unless the last entry is later already
 */
export function buildBatch(head: Head, origin: string, drafts: readonly EntryDraft[], now: number): Batch {
  const time = Math.max(now, head.time);
  const range = head.range.clone();
  const entries = new BinaryArray(OID.bytea, drafts.length * 512);
  const leafHashes = Buffer.allocUnsafe(drafts.length * HASH_BYTES);
  const sequenced: SequencedEntry[] = [];
  const fullTiles: FullTile[] = [];
  const onNode = (level: number, index: number, root: Uint8Array): void => {
    if (level % 8 === 0) fullTiles.push({ level: level / 8 - 1, index, root });
  };

  // RFC 8785 form of a closed object: its keys in order, every value plain ASCII without escapes.
  const originPart = `,"origin":${JSON.stringify(origin)},"policy":"`;
  const timeText = new Date(time).toISOString();
  const timePart = `","time":"${timeText}","type":"`;
  let policy = head.policy;
  let policyHex = policy === undefined ? '' : toHex(policy);
  let previous = toHex(head.hash);
  let first: Uint8Array | undefined;
  let last: Uint8Array = head.hash;
  drafts.forEach((draft, i) => {
    if (draft.policy !== undefined) {
      policy = draft.policy;
      policyHex = toHex(policy);
    }
    const index = head.size + i;
    const text = `{"commitment":"${draft.commitment}","index":${index}${originPart}${policyHex}","prev":"${previous}${timePart}${draft.type}","v":1}`;
    previous = entries.leaf(text);
    first ??= Buffer.from(text, 'latin1');
    last = leafHashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
    leafHashes.write(previous, i * HASH_BYTES, 'hex');
    range.append(last, onNode);
    sequenced.push({ index, time: timeText, leafHash: previous });
  });
  if (first === undefined) throw new RangeError('a batch has at least one draft');

  return {
    expected: head,
    next: { size: head.size + drafts.length, hash: last, range, time, policy, vault: head.vault },
    sequenced,
    entries: entries.finish(),
    first,
    leafHashes,
    fullTiles,
  };
}
