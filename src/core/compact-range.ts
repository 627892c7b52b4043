import { CoreError } from './core-error.ts';
import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './merkle-tree.ts';
import { foldNodes, isIndex } from './subtree.ts';

/** Told of each completed interior node (level ≥ 1), children before parents. The hash must not be changed. */
export type NodeListener = (level: number, index: number, hash: Uint8Array) => void;

/**
 * The frontier of a tree: the root hashes of its complete subtrees, one for each 1-bit of its size, largest first.
 * It is all that is needed to append leaves and to compute the root hash.
 */
export class CompactRange {
  #size: number;
  readonly #hashes: Uint8Array[];

  /**
   * @param size number of leaves
   * @param hashes one 32-byte hash for each 1-bit of `size`, largest subtree first; kept, not copied
   * @throws CoreError `size-mismatch` when the count or length of the hashes does not fit
   */
  constructor(size = 0, hashes: readonly Uint8Array[] = []) {
    if (!isIndex(size) || hashes.length !== countOnes(size) || hashes.some((hash) => hash.length !== HASH_BYTES)) {
      throw new CoreError('size-mismatch', `${hashes.length} hashes are not the frontier of ${size} leaves`);
    }
    this.#size = size;
    this.#hashes = [...hashes];
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size;
  }

  /** The subtrees' root hashes, largest subtree first. A view: it changes with the next `append`. */
  get hashes(): readonly Uint8Array[] {
    return this.#hashes;
  }

  /** Adds one leaf by its hash (32 bytes). Amortized cost: one node hash. */
  append(leafHash: Uint8Array, onNode?: NodeListener): void {
    let hash = leafHash;
    let level = 0;
    // Each trailing 1-bit of the size is a subtree as large as what has been built so far: merge it.
    for (let index = this.#size; index % 2 === 1; ) {
      index = (index - 1) / 2;
      level += 1;
      hash = nodeHash(this.#hashes.pop() as Uint8Array, hash); // one hash a 1-bit, so there is one
      onNode?.(level, index, hash);
    }
    this.#hashes.push(hash);
    this.#size += 1;
  }

  /** Root hash of the tree, 32 bytes; of no leaves, SHA-256 of nothing. */
  root(): Uint8Array {
    return this.#size === 0 ? EMPTY_ROOT.slice() : foldNodes(this.#hashes);
  }

  /** An independent frontier of the same tree. */
  clone(): CompactRange {
    return new CompactRange(this.#size, this.#hashes);
  }
}

function countOnes(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
