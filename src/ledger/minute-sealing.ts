import type { Pool, PoolClient } from 'pg';
import { AppendError } from './append-error.ts';
import type { Clock } from './clock.ts';
import { storageFailure } from './database-failure.ts';
import type { Ledger } from './ledger.ts';
import type { Log } from './log.ts';

/** What the sealing of one log goes by. */
export interface Sealing {
  log: Log;
  /** A connection of the sealing's own. */
  client: PoolClient;
  /** ms since 1970. */
  now: number;
  /** When the log's counts were looked at before, all of them sealed; undefined when they never were. */
  checked: number | undefined;
}

/** Makes entries of what was counted in a log since the last time, if anything was. */
export type MinuteSealer = (sealing: Sealing) => Promise<void>;

export interface MinuteSealingOptions {
  pool: Pool;
  ledger: Ledger;
  clock: Clock;
  sealers: readonly MinuteSealer[];
  say: (level: 'warn', message: string) => void;
}

const MINUTE_MS = 60_000;
/** One replica seals. Any number, the same everywhere. */
const SEALING_LOCK = 7_301_503;
/** Replicas take turns by chance: one that may not append just now does not keep the others from it every time. */
const SPREAD_MS = 2000;

/** Each minute, one replica seals every log's counts in entries of that log. */
export class MinuteSealing {
  private readonly options: MinuteSealingOptions;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private closed = false;
  private readonly hindered = new Set<string>();

  constructor(options: MinuteSealingOptions) {
    this.options = options;
  }

  start(): void {
    if (this.closed) return;
    const { clock } = this.options;
    const wait = MINUTE_MS - (clock.now() % MINUTE_MS) + Math.random() * SPREAD_MS;
    this.timer = setTimeout(() => {
      this.running = this.seal({ due: true }).catch((error: unknown) => this.complain('', error));
      void this.running.then(() => this.start());
    }, wait).unref();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /**
   * Seals what is unsealed; false, and nothing done, when another replica is at it.
   *
   * @param options.due leaves out the logs that were looked at in this minute already
   */
  async seal({ due = false }: { due?: boolean } = {}): Promise<boolean> {
    const client = await this.options.pool.connect();
    let broken: Error | undefined;
    try {
      const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [SEALING_LOCK]);
      if (rows[0]?.mine !== true) return false;
      await this.sealLogs(client, due);
      await client.query('select pg_advisory_unlock($1)', [SEALING_LOCK]);
      this.hindered.delete('');
      return true;
    } catch (error) {
      // The lock ends with its connection.
      broken = error instanceof Error ? error : new Error(String(error));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  private async sealLogs(client: PoolClient, due: boolean): Promise<void> {
    const { ledger, clock, sealers } = this.options;
    const { rows } = await client.query<{ log: number; checked: number }>('select log, checked from minute_check');
    const checked = new Map(rows.map((row) => [row.log, row.checked]));
    const now = clock.now();
    const thisMinute = now - (now % MINUTE_MS);
    const done: number[] = [];
    for (const log of ledger.logs) {
      const { id, name, tenant } = log.row;
      // A log that has stopped takes no entry, and one that has a successor must not grow beyond what that one names.
      if (log.stopped !== undefined || ledger.ofTenant(tenant) !== log) continue;
      if (due && (checked.get(id) ?? -1) >= thisMinute) continue;
      try {
        for (const seal of sealers) await seal({ log, client, now, checked: checked.get(id) });
        done.push(id);
        this.hindered.delete(name);
      } catch (error) {
        // Without the database nothing will go better with the next log.
        if (!(error instanceof AppendError) && storageFailure(error) !== undefined) throw error;
        this.complain(name, error);
      }
    }
    await client.query('select check_minute($1::int[], $2::bigint)', [done, now]);
  }

  /** Says a hindrance once for as long as it lasts. */
  private complain(what: string, error: unknown): void {
    const of = what === '' ? '' : ` of log ${what}`;
    if (!this.hindered.has(what)) this.options.say('warn', `counts${of} are not sealed: ${error instanceof Error ? error.message : String(error)}`);
    this.hindered.add(what);
  }
}
