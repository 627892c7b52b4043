import type { Pool, PoolClient } from 'pg';
import type { LogVault } from '../vault/log-vault.ts';
import { AppendError } from './append-error.ts';
import type { CheckpointTable } from './checkpoint-table.ts';
import type { ErasedTable } from './erased-table.ts';
import type { Change, EntryDraft, SequencedEntry } from './entry-draft.ts';
import type { Head } from './head.ts';
import type { LogRow } from './log-row.ts';
import type { LogStore } from './log-store.ts';
import type { PayloadTable } from './payload-table.ts';
import type { Prover } from './prover.ts';
import type { Publisher } from './publisher.ts';
import type { Sequencer } from './sequencer.ts';
import type { TileSource } from './tile-source.ts';

/** The parts of one log at work. */
export interface LogParts {
  row: LogRow;
  sequencer: Sequencer;
  publisher: Publisher;
  prover: Prover;
  tiles: TileSource;
  checkpoints: CheckpointTable;
  payloads: PayloadTable;
  erased: ErasedTable;
  vault: LogVault;
  store: LogStore;
  halt: StopSwitch;
  predecessor: Log | undefined;
  pool: Pool;
}

/** One tenant's log: what the other contexts see of it. */
export class Log {
  readonly row: LogRow;
  readonly publisher: Publisher;
  readonly prover: Prover;
  readonly tiles: TileSource;
  readonly checkpoints: CheckpointTable;
  readonly payloads: PayloadTable;
  readonly erased: ErasedTable;
  readonly vault: LogVault;
  /** Connections that act for the log's tenant: PostgreSQL shows them no other's rows. What a request does goes by these. */
  readonly pool: Pool;
  /** This log and those that it succeeds, newest first. */
  readonly succession: readonly Log[];
  private readonly sequencer: Sequencer;
  private readonly store: LogStore;
  private readonly halt: StopSwitch;

  constructor(parts: LogParts) {
    this.row = parts.row;
    this.sequencer = parts.sequencer;
    this.publisher = parts.publisher;
    this.prover = parts.prover;
    this.tiles = parts.tiles;
    this.checkpoints = parts.checkpoints;
    this.payloads = parts.payloads;
    this.erased = parts.erased;
    this.vault = parts.vault;
    this.pool = parts.pool;
    this.store = parts.store;
    this.halt = parts.halt;
    this.succession = [this, ...(parts.predecessor?.succession ?? [])];
  }

  /** Why the log does not append any more (invariant 8); undefined while it does. */
  get stopped(): string | undefined {
    return this.halt.reason;
  }

  /** Entries that wait for their commit. */
  get waiting(): number {
    return this.sequencer.waiting;
  }

  readHead(): Promise<Head> {
    return this.store.readHead(this.row.id);
  }

  /** The log of this succession that has a number; undefined where none has. */
  holderOf(id: number): Log | undefined {
    return this.succession.find(({ row }) => row.id === id);
  }

  /** One entry's bytes; undefined beyond the log's end. */
  async readEntry(index: number): Promise<Uint8Array | undefined> {
    return (await this.store.readEntries(this.row.id, index, index + 1))[0];
  }

  /** Where a prediction's id stands: in this log, or in one that it succeeds. */
  async findPrediction(id: string): Promise<{ log: number; index: number } | undefined> {
    for (const { row } of this.succession) {
      const index = (await this.store.findPredictions(row.id, [id])).get(id);
      if (index !== undefined) return { log: row.id, index };
    }
    return undefined;
  }

  /** @throws AppendError when an entry of about so many bytes would not be taken in now: asked before work is done on it */
  checkRoom(bytes: number): void {
    this.halt.check();
    this.sequencer.checkRoom(bytes);
  }

  /**
   * Resolves when the entry is committed with fsync.
   *
   * @throws AlreadySequencedError, AppendError
   */
  append(draft: EntryDraft): Promise<SequencedEntry> {
    return this.sequencer.append(draft);
  }

  /**
   * Does `work` in one transaction with the entries that it gives: every change of state is an entry.
   *
   * @throws AppendError, and what `work` throws
   */
  appendWith(work: (client: PoolClient, head: Head) => Promise<Change>): Promise<SequencedEntry[]> {
    return this.sequencer.appendWith(work);
  }

  /** Refuses what comes from now on and waits for what is under way. */
  close(): Promise<void> {
    return this.sequencer.close();
  }
}

/** Why a log does not append any more, if it does not. Set once; an operator's `recover` and a new start clear it. */
export class StopSwitch {
  private why: string | undefined;
  private readonly onStop: (reason: string) => void;

  constructor(onStop: (reason: string) => void) {
    this.onStop = onStop;
  }

  get reason(): string | undefined {
    return this.why;
  }

  stop(reason: string): void {
    if (this.why !== undefined) return;
    this.why = reason;
    this.onStop(reason);
  }

  /** @throws AppendError `log-stopped` */
  check(): void {
    if (this.why !== undefined) throw new AppendError('log-stopped', this.why);
  }
}
