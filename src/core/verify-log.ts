import { equalBytes, toHex } from './bytes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { CompactRange, type NodeListener } from './compact-range.ts';
import { CoreError } from './core-error.ts';
import { EntryTemplate } from './entry-template.ts';
import { parseEntry, type Entry } from './entry.ts';
import { HASH_BYTES, leafHash } from './merkle-tree.ts';

/** Where a verified stretch of a log ends, and the next may begin: the caller must trust it as much as a checkpoint. */
export interface LogPosition {
  /** Entries verified. */
  size: number;
  /** Frontier of their tree, largest subtree first (see `CompactRange`). */
  hashes: readonly Uint8Array[];
  /** Leaf hash of the last entry; 32 zero bytes when there is none. */
  prev: Uint8Array;
  /** Time of the last entry; empty when there is none. */
  time: string;
}

/** What a log is verified against. */
export interface LogVerifierOptions {
  origin: string;
  /** A position that the caller trusts; without it, verification begins at the first entry. */
  from?: LogPosition | undefined;
  /** Told each leaf hash (level 0) and each completed node above it, so that a caller can compare stored tiles. */
  onNode?: NodeListener | undefined;
}

/**
 * Verifies a log entry by entry: form, index, origin, chain, time and tree. It holds one frontier, whatever the size.
 * Add the entries in order, and compare the checkpoints whenever their sizes are reached.
 */
export class LogVerifier {
  readonly #origin: string;
  readonly #range: CompactRange;
  readonly #onNode: NodeListener | undefined;
  readonly #template = new EntryTemplate();
  readonly #startTime: string;
  #prev: Uint8Array;
  #parsedAny = false;

  /** @throws CoreError `size-mismatch` when the hashes to start from do not fit their size */
  constructor({ origin, from, onNode }: LogVerifierOptions) {
    this.#origin = origin;
    this.#range = new CompactRange(from?.size ?? 0, from?.hashes ?? []);
    this.#onNode = onNode;
    this.#prev = from?.prev ?? new Uint8Array(HASH_BYTES);
    this.#startTime = from?.time ?? '';
  }

  /** Entries verified so far. */
  get size(): number {
    return this.#range.size;
  }

  /** Leaf hash of the last entry, 32 bytes. */
  get prev(): Uint8Array {
    return this.#prev;
  }

  /** Root hash of the tree so far, 32 bytes. */
  root(): Uint8Array {
    return this.#range.root();
  }

  /** Where verification stands, to go on from later. */
  position(): LogPosition {
    return { size: this.size, hashes: [...this.#range.hashes], prev: this.#prev, time: this.#lastTime };
  }

  /**
   * Verifies the next entry. After an error the verifier stands where it stood.
   *
   * @throws CoreError with `at` = leaf index: as `parseEntry`, `origin-mismatch`, `chain-broken` when index or prev
   *   are not the next ones, `time-went-backwards`
   */
  add(entryBytes: Uint8Array): void {
    const index = this.#range.size;
    if (!this.#template.matches(entryBytes, index, this.#prev)) this.#parse(entryBytes, index);
    const leaf = leafHash(entryBytes);
    this.#prev = leaf;
    this.#onNode?.(0, index, leaf);
    this.#range.append(leaf, this.#onNode);
  }

  /**
   * Checks a checkpoint of exactly this many entries, whose signature the caller has verified.
   *
   * @throws CoreError `origin-mismatch`, `size-mismatch`, `root-mismatch`
   */
  checkCheckpoint({ origin, size, root }: Checkpoint): void {
    if (origin !== this.#origin) {
      throw new CoreError('origin-mismatch', `the checkpoint is of ${origin}, the log is ${this.#origin}`);
    }
    if (size !== this.size) {
      throw new CoreError('size-mismatch', `the checkpoint is of ${size} entries, ${this.size} were verified`);
    }
    if (!equalBytes(root, this.root())) {
      throw new CoreError('root-mismatch', `the checkpoint of size ${size} has another root hash than the entries`);
    }
  }

  #parse(entryBytes: Uint8Array, index: number): void {
    const entry = parseAt(entryBytes, index);
    this.#checkLinks(entry, index);
    this.#template.learn(entryBytes, entry);
    this.#parsedAny = true;
  }

  #checkLinks(entry: Entry, index: number): void {
    const at = String(index);
    if (entry.origin !== this.#origin) {
      throw new CoreError('origin-mismatch', `entry ${index} is of ${entry.origin}, the log is ${this.#origin}`, at);
    }
    if (entry.index !== index) {
      throw new CoreError('chain-broken', `entry ${index} says that its index is ${entry.index}`, at);
    }
    if (entry.prev !== toHex(this.#prev)) {
      throw new CoreError('chain-broken', `entry ${index} does not name the leaf hash of the entry before`, at);
    }
    const last = this.#lastTime;
    if (entry.time < last) {
      throw new CoreError('time-went-backwards', `entry ${index} is of ${entry.time}, the one before of ${last}`, at);
    }
  }

  /** Times in the one form of entries compare as strings; the empty one is before all. */
  get #lastTime(): string {
    return this.#parsedAny ? this.#template.lastTime : this.#startTime;
  }
}

function parseAt(entryBytes: Uint8Array, index: number): Entry {
  try {
    return parseEntry(entryBytes);
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    const where = error.at === undefined ? '' : ` (at ${error.at === '' ? 'the root' : error.at})`;
    throw new CoreError(error.code, `entry ${index}: ${error.message}${where}`, String(index));
  }
}
