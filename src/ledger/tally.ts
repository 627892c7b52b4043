import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { toHex } from '../core/bytes.ts';
import { randomBytes } from '../vault/random-bytes.ts';
import { storageFailure } from './database-failure.ts';

/** What is counted because no entry of its own says it. */
export type Counted = 'refused' | 'quarantined' | 'duplicate' | 'denied' | 'unauthenticated' | 'limited' | 'listed';

/** One thing to count. Nothing of it is personal: it will stand in an entry. */
export interface Count {
  /** The log's number. */
  log: number;
  what: Counted;
  /** Opaque id of a principal, prefix of a key, or `unknown`; at most 64 characters. */
  subject: string;
  /** A stable code, or empty. */
  reason: string;
}

export interface TallyOptions {
  pool: Pool;
  /** How long a database that is away is waited for, in ms. */
  patienceMs: number;
  say: (level: 'warn' | 'error', message: string) => void;
}

interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

/** Counts that go to the database together. The number makes them count once, however often they are sent. */
interface CountBatch {
  number: number;
  counts: { count: Count; times: number }[];
  waiters: Waiter[];
}

const RETRY_MS = 50;
/** What nobody waits for is on disk after this at the latest. */
const LINGER_MS = 1000;

/**
 * Counts durably (table `tally`). Whoever counts while a transaction is under way shares the next one, so ten thousand
 * refusals a second cost some hundred commits. Counters only grow, and a batch that is sent twice counts once.
 */
export class Tally {
  private readonly options: TallyOptions;
  private readonly writer = toHex(randomBytes(12));
  private gathered = new Map<string, { count: Count; times: number }>();
  private waiters: Waiter[] = [];
  private number = 0;
  /** Sent, and not known to be committed. */
  private unsettled: CountBatch | undefined;
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: TallyOptions) {
    this.options = options;
  }

  /**
   * Counts, and resolves when the count is committed with fsync.
   *
   * @throws AppendError `database-unavailable`, `storage-full`: it will be counted when the database is back, if this process lives to see it
   */
  add(count: Count): Promise<void> {
    this.gather(count);
    return this.flush();
  }

  /** Counts beside what is going on: with the next transaction, within a second. For what must cost next to nothing. */
  note(count: Count): void {
    this.gather(count);
    this.later();
  }

  /** Resolves when all that was counted until now is committed. @throws as `add` */
  flush(): Promise<void> {
    if (this.gathered.size === 0 && this.unsettled === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiters.push({ resolve, reject });
      // setImmediate lets every request of this turn of the event loop into the transaction.
      this.running ??= new Promise((done) => setImmediate(() => void this.drain().then(done)));
    });
  }

  /** Commits what is gathered, where that can be done. */
  async close(): Promise<void> {
    await this.flush().catch(() => undefined);
    clearTimeout(this.timer);
    const lost = [...this.gathered.values(), ...(this.unsettled?.counts ?? [])].reduce((sum, { times }) => sum + times, 0);
    if (lost > 0) this.options.say('warn', `${lost} refusals could not be counted: the database does not answer`);
  }

  private gather(count: Count): void {
    const key = `${count.log} ${count.what} ${count.subject} ${count.reason}`;
    const known = this.gathered.get(key);
    if (known === undefined) this.gathered.set(key, { count, times: 1 });
    else known.times += 1;
  }

  private later(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.flush().catch(() => this.later());
    }, LINGER_MS).unref();
  }

  private async drain(): Promise<void> {
    let failure: unknown;
    while (failure === undefined && (this.unsettled !== undefined || this.gathered.size > 0)) {
      const batch = (this.unsettled ??= this.takeGathered());
      failure = await this.settle(batch);
      for (const { resolve, reject } of batch.waiters.splice(0)) {
        if (failure === undefined) resolve();
        else reject(failure);
      }
    }
    // Whoever asked to flush while nothing new was gathered, or waits behind a batch that failed.
    for (const { resolve, reject } of this.waiters.splice(0)) {
      if (failure === undefined) resolve();
      else reject(failure);
    }
    this.running = undefined;
    if (this.unsettled !== undefined) this.later();
  }

  private takeGathered(): CountBatch {
    this.number += 1;
    const batch = { number: this.number, counts: [...this.gathered.values()], waiters: this.waiters };
    this.gathered = new Map();
    this.waiters = [];
    return batch;
  }

  /** Why the batch is not committed; undefined when it is. */
  private async settle(batch: CountBatch): Promise<unknown> {
    const deadline = performance.now() + this.options.patienceMs;
    for (;;) {
      try {
        await this.send(batch);
        this.unsettled = undefined;
        return undefined;
      } catch (error) {
        const failure = storageFailure(error);
        if (failure === undefined) {
          // Sent again it would fail again, and keep all later counts waiting.
          this.unsettled = undefined;
          this.options.say('error', `counts were refused: ${error instanceof Error ? error.message : String(error)}`);
          return error;
        }
        if (failure.code === 'storage-full' || performance.now() > deadline) return failure;
        await sleep(RETRY_MS);
      }
    }
  }

  private async send({ number, counts }: CountBatch): Promise<void> {
    const column = <T>(of: (count: Count) => T): T[] => counts.map(({ count }) => of(count));
    await this.options.pool.query({
      name: 'add-tallies',
      text: 'select add_tallies($1, $2, $3::int[], $4::text[], $5::text[], $6::text[], $7::bigint[])',
      values: [
        this.writer, number, column(({ log }) => log), column(({ what }) => what), column(({ subject }) => subject), column(({ reason }) => reason),
        counts.map(({ times }) => times),
      ],
    });
  }
}
