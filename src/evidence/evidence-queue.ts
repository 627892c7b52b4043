import PgBoss from 'pg-boss';
import type { Pool, PoolClient } from 'pg';

export const QUEUE = 'evidence';

/** What a job of the queue is about: a row of `evidence_job`. */
export interface Queued {
  log: number;
  id: string;
}

export interface EvidenceQueueOptions {
  pool: Pool;
  /** At most so many at once in this process. */
  atOnce: number;
  /** Does a piece of a job; true when there is more of it to do. */
  work: (queued: Queued) => Promise<boolean>;
  complain: (message: string) => void;
}

/** How long to wait before looking for work again, in s. */
const POLL_SECONDS = 2;
/** How often what was left by a process that died is found, in s. */
const TEND_SECONDS = 60;
const RETRY = { retryLimit: 20, retryDelay: 5, expireInSeconds: 900 };

/**
 * The queue of bundles to be made: pg-boss on our own connections, under the runtime role, in tables that a migration made.
 * `evidence_job` is what is true; the queue only says who works on what, and can be filled from it again.
 */
export class EvidenceQueue {
  private readonly boss: PgBoss;
  private readonly options: EvidenceQueueOptions;
  private isStarted = false;

  constructor(options: EvidenceQueueOptions) {
    this.options = options;
    this.boss = new PgBoss({ db: dbOf(options.pool), schema: 'pgboss', migrate: false, schedule: false, supervise: true, maintenanceIntervalSeconds: TEND_SECONDS });
    this.boss.on('error', (error) => options.complain(`the queue of evidence bundles: ${error.message}`));
  }

  /** @throws Error when the tables are not those of this pg-boss */
  async start(works: boolean): Promise<void> {
    await this.boss.start();
    this.isStarted = true;
    for (let i = 0; works && i < this.options.atOnce; i++) {
      await this.boss.work<Queued>(QUEUE, { batchSize: 1, pollingIntervalSeconds: POLL_SECONDS }, async ([job]) => {
        if (job === undefined) return;
        // A job of the queue is a piece of work, so that one that was left is taken up soon.
        if (await this.options.work(job.data)) await this.boss.send(QUEUE, job.data, RETRY);
      });
    }
  }

  /** Puts a job into the queue; with a client, in its transaction. Gives its id there. */
  async send({ log, id: evidence }: Queued, client?: PoolClient): Promise<string> {
    const id = await this.boss.send(QUEUE, { log, id: evidence }, { ...RETRY, ...(client !== undefined && { db: dbOf(client) }) });
    if (id === null) throw new Error('the queue took no job');
    return id;
  }

  /** Whether a job is in the queue, waiting or at work. */
  async knows(job: string): Promise<boolean> {
    const found = await this.boss.getJobById(QUEUE, job);
    return found !== null && ['created', 'retry', 'active'].includes(found.state);
  }

  /** Takes a job out of the queue, whether somebody is at it or not. */
  async forget(job: string): Promise<void> {
    await this.boss.cancel(QUEUE, job);
  }

  /** Waits for what is being worked on. */
  async close(): Promise<void> {
    if (!this.isStarted) return;
    this.isStarted = false;
    await this.boss.stop({ graceful: true, wait: true, timeout: 30_000 });
  }
}

function dbOf(pool: Pool | PoolClient): PgBoss.Db {
  return { executeSql: (text, values) => pool.query(text, values) };
}
