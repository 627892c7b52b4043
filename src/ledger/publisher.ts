import { equalBytes, toHex } from '../core/bytes.ts';
import { formatCheckpointText } from '../core/checkpoint.ts';
import { signNote, type NoteSigner } from '../core/signed-note.ts';
import { AppendError } from './append-error.ts';
import { CheckpointStoreError, sameCheckpoint, type CheckpointStore, type StoredCheckpoint } from './checkpoint-store.ts';
import type { CheckpointTable, PublishedCheckpoint } from './checkpoint-table.ts';
import type { Head } from './head.ts';
import type { Prover } from './prover.ts';

export interface PublisherOptions {
  origin: string;
  signers: readonly NoteSigner[];
  store: CheckpointStore;
  table: CheckpointTable;
  prover: Prover;
  /** The head as committed now. */
  readHead: () => Promise<Head>;
  /** Stops the log (invariant 8). */
  stop: (reason: string) => void;
  /** Undefined while the log may sign. */
  stopped: () => string | undefined;
}

/**
 * Signs checkpoints. Before a signature leaves, size and root stand in the checkpoint store, set there only behind what
 * was signed before; a database that is behind the store or disagrees with it stops the log.
 */
export class Publisher {
  private readonly options: PublisherOptions;
  private newest: PublishedCheckpoint | undefined;
  private running: Promise<PublishedCheckpoint> | undefined;
  private waiting: Promise<PublishedCheckpoint> | undefined;

  constructor(options: PublisherOptions) {
    this.options = options;
  }

  /** The newest checkpoint that this replica knows of, if any. */
  get latest(): PublishedCheckpoint | undefined {
    return this.newest;
  }

  /** Takes up what the table holds, as a start or another replica's publication makes necessary. */
  async refresh(): Promise<PublishedCheckpoint | undefined> {
    const stored = await this.options.table.latest();
    if (stored !== undefined && stored.size > (this.newest?.size ?? -1)) this.newest = stored;
    return this.newest;
  }

  /**
   * A published checkpoint over at least `size` entries. Precondition: they are committed.
   *
   * @throws AppendError `log-stopped`
   */
  async covering(size: number): Promise<PublishedCheckpoint> {
    if (this.newest !== undefined && this.newest.size >= size) return this.newest;
    if (this.options.stopped() !== undefined) {
      const kept = await this.refresh();
      if (kept !== undefined && kept.size >= size) return kept;
    }
    return this.publish();
  }

  /** Publishes the head as it is now or later; calls that come meanwhile share one publication. */
  publish(): Promise<PublishedCheckpoint> {
    if (this.running === undefined) {
      this.running = this.publishHead().finally(() => {
        this.running = undefined;
      });
      return this.running;
    }
    // One under way may have read the head before the caller's commit: the next one has not.
    this.waiting ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.waiting = undefined;
        return this.publish();
      });
    return this.waiting;
  }

  private async publishHead(): Promise<PublishedCheckpoint> {
    const { origin, signers, table, stopped } = this.options;
    const reason = stopped();
    if (reason !== undefined) throw new AppendError('log-stopped', reason);
    const head = await this.claim();
    if (head.size === this.newest?.size) return this.newest;
    const root = head.range.root();
    const note = await signNote(formatCheckpointText({ origin, size: head.size, root, extensions: [] }), signers);
    const published = { size: head.size, root, note };
    await table.insert(published);
    if (head.size > (this.newest?.size ?? -1)) this.newest = published;
    return published;
  }

  /** Sets the store to the head of now, by compare-and-set behind every check; gives that head. */
  private async claim(): Promise<Head> {
    const { origin, store, readHead } = this.options;
    for (;;) {
      // The store first: whatever it holds was committed before, so a head read afterwards must reach it.
      const stored = await store.read(origin).catch((error: unknown) => {
        if (error instanceof CheckpointStoreError) this.stop(error.message);
        throw error;
      });
      const head = await readHead();
      const next: StoredCheckpoint = { size: head.size, root: toHex(head.range.root()) };
      if (sameCheckpoint(stored, next)) return head;
      await this.check(stored, head);
      if (await store.replace(origin, stored, next)) return head;
    }
  }

  /** Invariant 8. @throws AppendError `log-stopped`, and the log stops */
  private async check(stored: StoredCheckpoint | undefined, head: Head): Promise<void> {
    const contradiction = await contradictionWith(stored, head, this.options.prover);
    if (contradiction !== undefined) this.stop(contradiction);
  }

  private stop(reason: string): never {
    this.options.stop(reason);
    throw new AppendError('log-stopped', reason);
  }
}

/**
 * Why nothing may be signed for this head, given what was signed before; undefined when the head goes on from it.
 */
export async function contradictionWith(
  stored: StoredCheckpoint | undefined,
  head: Head,
  prover: Prover,
): Promise<string | undefined> {
  if (stored === undefined) {
    return head.size === 0
      ? undefined
      : `the checkpoint store holds nothing for this log of ${head.size} entries: put the store back, or run "prediction-ledger recover"`;
  }
  if (head.size < stored.size) {
    return `the database holds ${head.size} entries, but a checkpoint of ${stored.size} was signed: it was restored from a backup, or lags`;
  }
  const root = head.size === stored.size ? head.range.root() : await prover.root(stored.size).catch(() => undefined);
  if (root === undefined || toHex(root) !== stored.root) {
    return `the database’s first ${stored.size} entries are not those of the checkpoint that was signed`;
  }
  // The stored size may be far behind the head; between the two the chain and the head's own frontier answer.
  if (head.size > 0 && !equalBytes(await prover.root(head.size).catch(() => new Uint8Array(0)), head.range.root())) {
    return `the database’s head does not belong to its ${head.size} entries`;
  }
  return undefined;
}
