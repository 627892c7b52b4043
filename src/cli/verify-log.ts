import { toBase64 } from '../core/bytes.ts';
import { type Checkpoint, openCheckpoint } from '../core/checkpoint.ts';
import { CoreError } from '../core/core-error.ts';
import { TILE_WIDTH, tileWidth } from '../core/tile.ts';
import { LogVerifier } from '../core/verify-log.ts';
import type { VerifierKey } from '../core/vkey.ts';
import { blameLeaf, blameLink } from './verify-blame.ts';
import { inOrder } from './verify-in-order.ts';
import { logSentences, type LogReport } from './verify-log-report.ts';
import { showProgress } from './verify-progress.ts';
import { TileReads } from './verify-reads.ts';
import type { LogSource } from './verify-source.ts';
import { startAt } from './verify-start.ts';
import { hashAt, holdsHash, TileComparison } from './verify-tiles.ts';
import { CannotCheck, NotValid } from './verify-verdict.ts';

/** What a whole log is held to. */
export interface LogCheckOptions {
  source: LogSource;
  key: VerifierKey;
  /** Signed checkpoints of the same log that the caller has kept, in any order. */
  earlier: readonly string[];
  /** Trust the largest of them, and read only what came after it. */
  fromCheckpoint: boolean;
}

/**
 * Verifies a log from its entries up, a bundle at a time: each entry, the chain, the tree, the hash tiles, the signed
 * checkpoint, and the earlier ones. Memory does not grow with the log.
 *
 * @throws NotValid with the first bad index, CoreError for a checkpoint that does not open, CannotCheck
 */
export async function checkLog({ source, key, earlier, fromCheckpoint }: LogCheckOptions): Promise<LogReport> {
  const reads = new TileReads(source);
  const kept = earlier.map((note) => openCheckpoint(note, key)).toSorted((a, b) => a.size - b.size);
  const head = openCheckpoint(await reads.checkpoint(), key);
  const last = kept.at(-1);
  if (last !== undefined && last.size > head.size) {
    const message = `the log shows ${head.size} entries and has signed a checkpoint over ${last.size}`;
    throw new NotValid('size-mismatch', `${message}: its tail is gone`, head.size);
  }
  if (fromCheckpoint && last === undefined) throw new CannotCheck('--from-checkpoint needs a --checkpoint');
  const tiles = new TileComparison(reads.tile, head.size);
  const from = fromCheckpoint ? await startAt(kept, head.size, reads) : undefined;
  const verifier = new LogVerifier({ origin: key.name, from, onNode: tiles.onNode });
  const start = verifier.size;
  const walk = new LogWalk({ reads, head, kept: kept.filter(({ size }) => size >= start), verifier, tiles });
  await walk.run(source.concurrency);
  const report = {
    kind: 'log' as const,
    origin: key.name,
    size: head.size,
    root: toBase64(head.root),
    from: start,
    time: verifier.position().time,
    tiles: tiles.compared + walk.leafTiles,
    checkpoints: kept.map(({ size }) => size),
  };
  return { ...report, ...logSentences(report, key) };
}

interface WalkParts {
  reads: TileReads;
  head: Checkpoint;
  kept: Checkpoint[];
  verifier: LogVerifier;
  tiles: TileComparison;
}

/** One pass over the entries, in order. */
class LogWalk {
  /** Level 0 tiles found equal. */
  leafTiles = 0;
  readonly #parts: WalkParts;
  /** Checkpoints to come, smallest first, the signed head last. */
  readonly #due: Checkpoint[];
  #lastGood: number;

  constructor(parts: WalkParts) {
    this.#parts = parts;
    this.#due = [...parts.kept, parts.head];
    this.#lastGood = parts.verifier.size;
  }

  async run(concurrency: number): Promise<void> {
    const { reads, head, verifier, tiles } = this.#parts;
    const firstBundle = Math.floor(verifier.size / TILE_WIDTH);
    const bundles = Math.ceil(head.size / TILE_WIDTH) - firstBundle;
    const progress = showProgress(head.size - verifier.size);
    const start = verifier.size;
    try {
      this.#checkDue();
      const parts = inOrder(bundles, concurrency, (i) => readBundle(reads, firstBundle + i, head.size));
      for await (const { index, entries, leaves } of parts) {
        await this.#addBundle(index, entries, leaves);
        this.leafTiles += 1;
        await tiles.compareFull();
        progress.update(verifier.size - start);
      }
      await tiles.compareRest();
      if (this.#due.length > 0) throw new Error('a checkpoint was not reached'); // the bundles have their full width
    } finally {
      progress.end();
    }
  }

  async #addBundle(bundle: number, entries: Uint8Array[], leaves: Uint8Array): Promise<void> {
    const { verifier } = this.#parts;
    const first = bundle * TILE_WIDTH;
    for (let i = verifier.size - first; i < entries.length; i++) {
      try {
        verifier.add(entries[i] as Uint8Array); // i < length
      } catch (error) {
        if (!(error instanceof CoreError)) throw error;
        throw await blameLink(this.#parts, first + i, verifier.prev, error);
      }
      // What was hashed is compared at once: the entry after a changed one would be blamed otherwise.
      if (!holdsHash(leaves, i, verifier.prev)) {
        throw await blameLeaf(this.#parts, first + i, verifier.prev, hashAt(leaves, i));
      }
      this.#checkDue();
    }
  }

  /** Compares every checkpoint of the size that has been reached. */
  #checkDue(): void {
    const { verifier } = this.#parts;
    for (let next = this.#due[0]; next?.size === verifier.size; next = this.#due[0]) {
      try {
        verifier.checkCheckpoint(next);
      } catch (error) {
        if (!(error instanceof CoreError)) throw error;
        throw new NotValid(error.code, `${error.message}: ${this.#where(next.size)}`);
      }
      this.#lastGood = next.size;
      this.#due.shift();
    }
  }

  #where(size: number): string {
    if (this.#lastGood === size) return 'two checkpoints of one size were signed over different trees';
    return `the first bad index lies from ${this.#lastGood} to ${size - 1}`;
  }
}

interface Bundle {
  index: number;
  entries: Uint8Array[];
  /** The level 0 tile of the same width. */
  leaves: Uint8Array;
}

async function readBundle(reads: TileReads, index: number, size: number): Promise<Bundle> {
  const width = tileWidth(0, index, size);
  const [entries, leaves] = await Promise.all([reads.entries(index, width), reads.tile({ level: 0, index, width })]);
  return { index, entries, leaves };
}
