import { AppendError } from './append-error.ts';
import type { EntryDraft, SequencedEntry } from './entry-draft.ts';

/** A draft that waits for its place, and those who wait for it. */
export interface Pending {
  draft: EntryDraft;
  resolve(sequenced: SequencedEntry): void;
  reject(reason: unknown): void;
  /** Drafts of the same id that came while this one waited: what becomes of it decides over them. */
  followers?: Pending[];
}

export interface QueueLimits {
  maxQueueEntries: number;
  maxQueueBytes: number;
}

/** Bytes that may wait in all queues together, so that many tenants cannot fill the memory that one may not. */
export class QueueBudget {
  private left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }

  has(bytes: number): boolean {
    return bytes <= this.left;
  }

  take(bytes: number): void {
    this.left -= bytes;
  }

  giveBack(bytes: number): void {
    this.left += bytes;
  }
}

/** One transaction takes at most so much: enough to amortise its cost, little enough to keep the tail short. */
const MAX_BATCH_ENTRIES = 1000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Longer than this nobody is kept waiting: refused at once, with the time to come back. */
const MAX_WAIT_MS = 1000;

/** Bytes that a draft keeps until its commit. */
function sizeOf({ sealed, originals }: EntryDraft): number {
  return sealed.length + (originals?.length ?? 0);
}

/** What one log's sequencer has before it: bounded by count, by bytes and by the time that it would take. */
export class PendingQueue {
  private waiting: Pending[] = [];
  private bytes = 0;
  /** How long a commit takes, smoothed, in ms. */
  private commitMs = 0;
  private closed = false;
  private readonly limits: QueueLimits;
  private readonly budget: QueueBudget;

  constructor(limits: QueueLimits, budget: QueueBudget) {
    this.limits = limits;
    this.budget = budget;
  }

  get length(): number {
    return this.waiting.length;
  }

  /**
   * Whether so many bytes may wait here. Asked before a record is read as well: a refusal under load must cost next to
   * nothing, or refusing is what the service is busy with.
   *
   * @throws AppendError `queue-full` or `shutting-down`
   */
  checkRoom(size: number): void {
    if (this.closed) throw new AppendError('shutting-down', 'the service is shutting down', 1000);
    const { length } = this.waiting;
    const { maxQueueEntries, maxQueueBytes } = this.limits;
    // Commits before this one's turn, each full; an entry is never refused because commits are slow when none is before it.
    const waitMs = Math.floor(length / MAX_BATCH_ENTRIES) * this.commitMs;
    if (length >= maxQueueEntries || this.bytes + size > maxQueueBytes || waitMs > MAX_WAIT_MS || !this.budget.has(size)) {
      throw new AppendError('queue-full', 'more is waiting than can be committed soon', Math.max(waitMs, this.commitMs, 100));
    }
  }

  /** @throws AppendError as `checkRoom` */
  push(pending: Pending): void {
    const size = sizeOf(pending.draft);
    this.checkRoom(size);
    this.budget.take(size);
    this.waiting.push(pending);
    this.bytes += size;
  }

  /** Removes what the next transaction takes: at least one, in the order of arrival, each id once. */
  take(): Pending[] {
    let bytes = 0;
    let count = 0;
    const taken: Pending[] = [];
    const byId = new Map<string, Pending>();
    for (const pending of this.waiting) {
      const size = sizeOf(pending.draft);
      const id = pending.draft.prediction?.id;
      const leader = id === undefined ? undefined : byId.get(id);
      if (leader !== undefined) (leader.followers ??= []).push(pending);
      else if (taken.length >= MAX_BATCH_ENTRIES || (taken.length > 0 && bytes + size > MAX_BATCH_BYTES)) break;
      else {
        taken.push(pending);
        if (id !== undefined) byId.set(id, pending);
      }
      count += 1;
      bytes += size;
    }
    this.waiting = this.waiting.slice(count);
    this.bytes -= bytes;
    this.budget.giveBack(bytes);
    return taken;
  }

  /** Tells how long a commit took, for the estimate of the wait. */
  observe(ms: number): void {
    this.commitMs = this.commitMs === 0 ? ms : this.commitMs * 0.8 + ms * 0.2;
  }

  close(): void {
    this.closed = true;
  }
}
