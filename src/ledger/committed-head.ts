import { setTimeout as sleep } from 'node:timers/promises';
import { equalBytes } from '../core/bytes.ts';
import { leafHash } from '../core/merkle-tree.ts';
import { AppendError } from './append-error.ts';
import { storageFailure } from './database-failure.ts';
import type { Head } from './head.ts';
import type { Append, LogStore } from './log-store.ts';

export const RETRY_MS = 50;

/** What this replica knows to be committed in one log. The database is held to it: it may hold more, never less or other. */
export class CommittedHead {
  private known: Head | undefined;
  private readonly log: number;
  private readonly store: LogStore;
  private readonly onContradiction: (reason: string) => void;

  /** @param onContradiction called when the database contradicts what is known */
  constructor(log: number, store: LogStore, onContradiction: (reason: string) => void) {
    this.log = log;
    this.store = store;
    this.onContradiction = onContradiction;
  }

  /** Undefined until something was committed or read. */
  get head(): Head | undefined {
    return this.known;
  }

  moveTo(head: Head): void {
    this.known = head;
  }

  /** A database that lost what was acknowledged (a lagging standby, a restored copy) stops the log. @throws AppendError `log-stopped` */
  check(head: Head): void {
    const { known } = this;
    const goesOn = known === undefined || head.size > known.size || (head.size === known.size && equalBytes(head.hash, known.hash));
    if (!goesOn) this.stopForLoss(known);
  }

  /** So does one that took in others in their place: the last entry stands for all before it, whose hashes it holds. @throws AppendError `log-stopped` */
  async checkLastEntry(): Promise<void> {
    const { known } = this;
    if (known === undefined || known.size === 0) return;
    const [last] = await this.store.readEntries(this.log, known.size - 1, known.size);
    if (last === undefined || !equalBytes(leafHash(last), known.hash)) this.stopForLoss(known);
  }

  /**
   * What became of an attempt at whose commit the database failed: the attempt, when it turns out to be committed; undefined
   * when it is not and may be made again.
   *
   * @param deadline of `performance.now()`, up to which the database is waited for
   * @throws AppendError `outcome-unknown`, or `failure` where nothing was attempted or there is no room
   */
  async outcome(attempt: Append | undefined, deadline: number, failure: AppendError): Promise<Append | undefined> {
    if (failure.code === 'storage-full') throw failure;
    for (;;) {
      try {
        const head = await this.store.settledHead(this.log);
        this.check(head);
        await this.checkLastEntry();
        if (attempt !== undefined && head.size > attempt.batch.expected.size) {
          const { size } = attempt.batch.expected;
          const [first] = await this.store.readEntries(this.log, size, size + 1);
          if (first !== undefined && equalBytes(first, attempt.batch.first)) return attempt;
        }
        this.known = head;
        return undefined;
      } catch (error) {
        if (storageFailure(error) === undefined) throw error;
        if (performance.now() > deadline) {
          if (attempt === undefined) throw failure;
          throw new AppendError('outcome-unknown', 'the database went away during the commit; send the same id again', 1000);
        }
        await sleep(RETRY_MS);
      }
    }
  }

  /** @throws AppendError `log-stopped` */
  stop(reason: string): never {
    this.onContradiction(reason);
    throw new AppendError('log-stopped', reason);
  }

  private stopForLoss({ size }: Head): never {
    this.stop(`the database no longer holds the ${size} entries that were committed: it was restored from a backup, or lags`);
  }
}
