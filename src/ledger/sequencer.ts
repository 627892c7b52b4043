import { setTimeout as sleep } from 'node:timers/promises';
import { equalBytes } from '../core/bytes.ts';
import type { PoolClient } from 'pg';
import type { LogVault } from '../vault/log-vault.ts';
import { AlreadySequencedError, AppendError, StaleKeyError } from './append-error.ts';
import { buildBatch } from './batch.ts';
import type { Clock } from './clock.ts';
import { CommittedHead, RETRY_MS } from './committed-head.ts';
import { storageFailure } from './database-failure.ts';
import type { Change, EntryDraft, SequencedEntry } from './entry-draft.ts';
import type { Head } from './head.ts';
import { DuplicatePredictionError, SurplusRowsError, type Append, type LogStore } from './log-store.ts';
import { PendingQueue, type Pending, type QueueBudget, type QueueLimits } from './pending-queue.ts';
import { isSealedAt, requireInTime, requireKeys } from './stale-keys.ts';
import { TileBuilder } from './tile-builder.ts';

export interface SequencerOptions {
  log: number;
  /** The logs that this one succeeds: their ids stay taken. */
  predecessors: readonly number[];
  origin: string;
  store: LogStore;
  clock: Clock;
  limits: QueueLimits;
  /** Shared by the queues of all logs. */
  budget: QueueBudget;
  /** How long a commit of unknown outcome, or an absent database, is waited for, in ms. */
  patienceMs: number;
  /** The log's keys. */
  vault: LogVault;
  /** Digest of this replica's policy bundle. */
  policy: Uint8Array;
  /** Called before each commit: throws an AppendError while this replica must not append. */
  guard: () => void;
  /** Told of each transaction: so many drafts, so many ms. */
  onCommit: (entries: number, ms: number) => void;
  /** Called when the database contradicts what this replica knows to be committed. */
  onContradiction: (reason: string) => void;
}

/** After another replica was first, or the database failed, so many batches lock the head before the lock-free way is tried again. */
const LOCKED_BATCHES = 16;

/**
 * Gives drafts their place in one log. Whatever waits shares one transaction (group commit); one transaction is under
 * way at a time. There is no timer: an idle log commits at once, a busy one in batches that grow by themselves.
 */
export class Sequencer {
  private readonly options: SequencerOptions;
  private readonly queue: PendingQueue;
  private readonly tiles: TileBuilder;
  private readonly committedHead: CommittedHead;
  private running: Promise<void> | undefined;
  private lockedBatches = 0;
  /** Changes that wait for a transaction of their own, each. */
  private readonly changes: (() => Promise<void>)[] = [];

  constructor(options: SequencerOptions) {
    this.options = options;
    this.queue = new PendingQueue(options.limits, options.budget);
    this.tiles = new TileBuilder(options.log, options.store);
    this.committedHead = new CommittedHead(options.log, options.store, options.onContradiction);
  }

  /**
   * Resolves when the entry is committed with fsync.
   *
   * @throws AlreadySequencedError when its prediction's id is taken
   * @throws AppendError when it was not taken in
   */
  append(draft: EntryDraft): Promise<SequencedEntry> {
    return new Promise((resolve, reject) => {
      this.queue.push({ draft, resolve, reject: (reason) => void this.refused(draft, reason).then(resolve, reject) });
      this.run();
    });
  }

  /**
   * Does `work` in one transaction, behind the locked head, with the entries that it gives: all of it is committed, or nothing.
   * `work` may be tried once only, and does nothing beyond the transaction's client. The lock keeps appends waiting: be short.
   *
   * @throws AppendError, and what `work` throws; nothing was done then, except where `outcome-unknown` says so
   */
  appendWith(work: (client: PoolClient, head: Head) => Promise<Change>): Promise<SequencedEntry[]> {
    return new Promise((resolve, reject) => {
      this.queue.checkRoom(0);
      this.changes.push(() => this.change(work).then(resolve, reject));
      this.run();
    });
  }

  /** @throws AppendError when an entry of so many bytes would not be taken in now */
  checkRoom(bytes: number): void {
    this.queue.checkRoom(bytes);
  }

  /** Entries that wait for a transaction. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Refuses what comes from now on and waits for what is under way. */
  async close(): Promise<void> {
    this.queue.close();
    await this.running;
  }

  private run(): void {
    // setImmediate lets every request of this turn of the event loop into the first batch.
    this.running ??= new Promise((done) => setImmediate(() => void this.drain().then(done)));
  }

  /** A draft whose key is gone is made anew, where that can be done. */
  private async refused(draft: EntryDraft, reason: unknown): Promise<SequencedEntry> {
    if (!(reason instanceof StaleKeyError) || draft.again === undefined) throw reason;
    // What goes with the entry goes with its next draft too.
    return this.append({ ...draft, ...(await draft.again(reason.time)) });
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0 || this.changes.length > 0) {
      await this.changes.shift()?.();
      if (this.queue.length === 0) continue;
      const pending = this.queue.take();
      const started = performance.now();
      await this.commit(pending).catch((error: unknown) => {
        const reason = storageFailure(error) ?? error;
        for (const each of pending) refuse(each, reason);
      });
      const ms = performance.now() - started;
      this.queue.observe(ms);
      this.options.onCommit(pending.length, ms);
    }
    this.running = undefined;
  }

  private async commit(pending: readonly Pending[]): Promise<void> {
    const { log, predecessors } = this.options;
    let left = pending;
    for (const predecessor of predecessors) left = await this.withoutTaken(left, predecessor);
    while (left.length > 0) {
      this.options.guard();
      try {
        const { batch } = await this.appendAll(left.map((each) => each.draft));
        left.forEach((each, i) => this.resolve(each, batch.sequenced[i] as SequencedEntry)); // one for each draft
        return;
      } catch (error) {
        if (error instanceof StaleKeyError) {
          left = left.filter((each) => {
            const isStale = error.drafts.has(each.draft);
            if (isStale) refuse(each, error);
            return !isStale;
          });
          continue;
        }
        if (!(error instanceof DuplicatePredictionError)) throw error;
        const fresh = await this.withoutTaken(left, log);
        if (fresh.length === left.length) throw new Error('the database refused an id that it does not have', { cause: error });
        left = fresh;
      }
    }
  }

  private resolve({ resolve, followers = [] }: Pending, sequenced: SequencedEntry): void {
    resolve(sequenced);
    for (const follower of followers) follower.reject(new AlreadySequencedError(this.options.log, sequenced.index));
  }

  private async appendAll(drafts: readonly EntryDraft[]): Promise<Append> {
    const deadline = performance.now() + this.options.patienceMs;
    for (;;) {
      let attempt: Append | undefined;
      try {
        const known = this.committedHead.head;
        if (known !== undefined && this.lockedBatches === 0 && isSealedAt(drafts, known.vault)) {
          attempt = await this.build(known, drafts);
          if (await this.options.store.append(this.options.log, attempt)) return this.committed(attempt);
          this.lockedBatches = LOCKED_BATCHES;
        } else if (this.lockedBatches > 0) {
          this.lockedBatches -= 1;
        }
        attempt = undefined;
        // Before the lock, which other replicas wait for.
        await this.committedHead.checkLastEntry();
        const appended = await this.options.store.appendLocked(this.options.log, async (head) => {
          this.committedHead.check(head);
          await requireKeys(this.options.vault, head.vault, drafts);
          attempt = await this.build(head, drafts);
          return attempt;
        });
        return this.committed(appended);
      } catch (error) {
        if (error instanceof SurplusRowsError) this.committedHead.stop(error.message);
        const failure = storageFailure(error);
        if (failure === undefined) throw error;
        // All or nothing of the attempt is committed; only the database knows which.
        this.lockedBatches = LOCKED_BATCHES;
        const outcome = await this.committedHead.outcome(attempt, deadline, failure);
        if (outcome !== undefined) return this.committed(outcome);
        if (performance.now() > deadline) throw failure;
        await sleep(RETRY_MS);
      }
    }
  }

  private async change(work: (client: PoolClient, head: Head) => Promise<Change>): Promise<SequencedEntry[]> {
    const { log, store, guard, vault, patienceMs } = this.options;
    guard();
    let attempt: Append | undefined;
    try {
      await this.committedHead.checkLastEntry();
      await store.appendLocked(log, async (head, client) => {
        this.committedHead.check(head);
        if (vault.version !== head.vault) await vault.renew(head.vault);
        const change = await work(client, head);
        attempt = await this.build({ ...head, vault: change.vault ?? head.vault }, change.drafts);
        return attempt;
      });
    } catch (error) {
      if (error instanceof SurplusRowsError) this.committedHead.stop(error.message);
      const failure = storageFailure(error);
      if (failure === undefined) throw error;
      this.lockedBatches = LOCKED_BATCHES;
      attempt = await this.committedHead.outcome(attempt, performance.now() + patienceMs, failure);
      if (attempt === undefined) throw failure;
    }
    // Set by the transaction, which has come to its end.
    const { batch } = this.committed(attempt as Append);
    if (vault.version !== batch.next.vault) await vault.renew(batch.next.vault);
    return batch.sequenced;
  }

  private async build(head: Head, drafts: readonly EntryDraft[]): Promise<Append> {
    const { origin, clock, policy } = this.options;
    const activates = drafts[0]?.policy !== undefined;
    if (!activates && (head.policy === undefined || !equalBytes(head.policy, policy))) {
      throw new AppendError('policy-mismatch', 'another policy bundle than this replica’s is in force on the log');
    }
    const batch = buildBatch(head, origin, drafts, clock.now());
    requireInTime(drafts, batch.next.time);
    return { batch, drafts, tiles: await this.tiles.build(batch) };
  }

  private committed(append: Append): Append {
    this.committedHead.moveTo(append.batch.next);
    this.tiles.committed(append.batch);
    return append;
  }

  /** Tells those whose id a log has already; gives the others. */
  private async withoutTaken(pending: readonly Pending[], log: number): Promise<Pending[]> {
    const ids = pending.flatMap((each) => each.draft.prediction?.id ?? []);
    const taken = ids.length === 0 ? new Map<string, number>() : await this.options.store.findPredictions(log, ids);
    return pending.filter((each) => {
      const index = each.draft.prediction && taken.get(each.draft.prediction.id);
      if (index !== undefined) refuse(each, new AlreadySequencedError(log, index));
      return index === undefined;
    });
  }
}

/** Followers of a draft that was not taken in are told the same: each may be sent again. */
function refuse({ reject, followers = [] }: Pending, reason: unknown): void {
  reject(reason);
  for (const follower of followers) follower.reject(reason);
}
