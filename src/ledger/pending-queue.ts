import { AppendError } from './append-error.ts';
import type { EntryDraft, SequencedEntry } from './entry-draft.ts';

/** A draft that waits for its place, and those who wait for it. */
export interface Pending {
  draft: EntryDraft;
  resolve(sequenced: SequencedEntry): void;
  reject(reason: unknown): void;
}

export interface QueueLimits {
  maxQueueEntries: number;
  maxQueueBytes: number;
}

/** One transaction takes at most so much: enough to amortise its cost, little enough to keep the tail short. */
const MAX_BATCH_ENTRIES = 1000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;
/** Longer than this nobody is kept waiting: refused at once, with the time to come back. */
const MAX_WAIT_MS = 1000;

/** What one log's sequencer has before it: bounded by count, by bytes and by the time that it would take. */
export class PendingQueue {
  private waiting: Pending[] = [];
  private readonly ids = new Map<string, Pending>();
  private bytes = 0;
  /** Entries a ms, smoothed; 0 until the first commit. */
  private rate = 0;
  private closed = false;
  private readonly limits: QueueLimits;

  constructor(limits: QueueLimits) {
    this.limits = limits;
  }

  get empty(): boolean {
    return this.waiting.length === 0;
  }

  /** @throws AppendError `queue-full` or `shutting-down` */
  push(pending: Pending): void {
    if (this.closed) throw new AppendError('shutting-down', 'the service is shutting down', 1000);
    const { length } = this.waiting;
    const { maxQueueEntries, maxQueueBytes } = this.limits;
    const waitMs = this.rate > 0 ? length / this.rate : 0;
    if (length >= maxQueueEntries || this.bytes + pending.draft.sealed.length > maxQueueBytes || waitMs > MAX_WAIT_MS) {
      throw new AppendError('queue-full', 'more is waiting than can be committed in a second', Math.max(waitMs, 100));
    }
    this.waiting.push(pending);
    this.bytes += pending.draft.sealed.length;
  }

  /** Removes what the next transaction takes: at least one, in the order of arrival, each id once. */
  take(): Pending[] {
    let bytes = 0;
    let count = 0;
    const later: Pending[] = [];
    const taken: Pending[] = [];
    this.ids.clear();
    for (const pending of this.waiting) {
      const size = pending.draft.sealed.length;
      if (taken.length >= MAX_BATCH_ENTRIES || (taken.length > 0 && bytes + size > MAX_BATCH_BYTES)) break;
      count += 1;
      const id = pending.draft.prediction?.id;
      if (id !== undefined && this.ids.has(id)) {
        // The same id twice at once: the second waits for the next transaction, where the database knows the first.
        later.push(pending);
        continue;
      }
      if (id !== undefined) this.ids.set(id, pending);
      bytes += size;
      taken.push(pending);
    }
    this.waiting = later.concat(this.waiting.slice(count));
    this.bytes -= bytes;
    return taken;
  }

  /** Tells how long a commit took, for the estimate of the wait. */
  observe(entries: number, ms: number): void {
    const rate = entries / Math.max(ms, 0.01);
    this.rate = this.rate === 0 ? rate : this.rate * 0.8 + rate * 0.2;
  }

  close(): void {
    this.closed = true;
  }
}
