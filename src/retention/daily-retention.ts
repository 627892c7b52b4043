import type { Pool } from 'pg';
import type { Contracts } from '../contracts/contracts.ts';
import { SYSTEM } from '../ledger/draft.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { expireRequests } from './expire-requests.ts';
import { runRetention } from './retention-run.ts';

export interface DailyRetentionOptions {
  pool: Pool;
  ledger: Ledger;
  contracts: Contracts;
  say: (level: 'info' | 'warn', message: string) => void;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const FIRST_MS = 15 * 60 * 1000;
/** One replica runs. Any number, the same everywhere. */
const RETENTION_LOCK = 7_301_504;
const SYSTEM_ACTOR = { principal: SYSTEM, rule: SYSTEM };

/** Once a day, one replica disposes of what is due in every log, and ends requests that nobody decided on. */
export class DailyRetention {
  private readonly options: DailyRetentionOptions;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(options: DailyRetentionOptions) {
    this.options = options;
  }

  start(waitMs = FIRST_MS): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.running = this.run().catch((error: unknown) => this.complain('', error));
      void this.running.then(() => this.start(DAY_MS));
    }, waitMs).unref();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** False, and nothing done, when another replica is at it. */
  async run(): Promise<boolean> {
    const client = await this.options.pool.connect();
    let broken: Error | undefined;
    try {
      const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [RETENTION_LOCK]);
      if (rows[0]?.mine !== true) return false;
      await this.runAll();
      await client.query('select pg_advisory_unlock($1)', [RETENTION_LOCK]);
      return true;
    } catch (error) {
      // The lock ends with its connection.
      broken = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  private async runAll(): Promise<void> {
    const { ledger, contracts, say } = this.options;
    for (const log of ledger.logs) {
      if (log.stopped !== undefined || ledger.ofTenant(log.row.tenant) !== log) continue;
      try {
        await expireRequests(log.pool, log);
        const { schedules } = await runRetention(contracts, log, SYSTEM_ACTOR, { dryRun: false });
        const disposed = schedules.reduce((sum, schedule) => sum + schedule.disposed, 0);
        if (disposed > 0) say('info', `log ${log.row.name}: ${disposed} payloads were disposed of, as their contracts’ retention is over`);
      } catch (error) {
        this.complain(log.row.name, error);
      }
    }
  }

  private complain(log: string, error: unknown): void {
    this.options.say('warn', `retention${log === '' ? '' : ` of log ${log}`} did not run: ${error instanceof Error ? error.message : String(error)}`);
  }
}
