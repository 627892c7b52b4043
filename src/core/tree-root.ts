import { CompactRange } from './compact-range.ts';
import { CoreError } from './core-error.ts';
import type { HashReader } from './hash-reader.ts';
import { completeNodes, isIndex } from './subtree.ts';

/** Root hash (32 bytes) of the tree of the first `size` leaves. @throws CoreError `size-mismatch` */
export async function treeRoot(size: number, read: HashReader): Promise<Uint8Array> {
  return (await frontier(size, read)).root();
}

/** Frontier of the tree of the first `size` leaves, from one read of ≤ 53 nodes. @throws CoreError `size-mismatch` */
export async function frontier(size: number, read: HashReader): Promise<CompactRange> {
  if (!isIndex(size)) throw new CoreError('size-mismatch', `${size} is not a tree size`);
  const nodes = completeNodes({ start: 0, end: size });
  return new CompactRange(size, nodes.length === 0 ? [] : await read(nodes));
}
