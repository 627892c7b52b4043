import type { Pool } from 'pg';
import type { Actor } from '../access/act.ts';
import { SYSTEM } from '../ledger/draft.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../ledger/log.ts';
import { endEpoch, resumeEpochEnd, type EpochOffice } from './end-epoch.ts';
import { EpochEndingError } from './epoch-ending-error.ts';

export interface EpochTerms {
  /** An epoch in which something was erased ends after so many hours. */
  hours: number;
  /** Every other one after so many days. */
  maxDays: number;
}

const HOUR_MS = 3_600_000;
const LOOK_MS = 600_000;
/** A start that follows a crash goes on with what the crash left. */
const FIRST_LOOK_MS = 5000;
const BY: Actor = { principal: SYSTEM, rule: SYSTEM };

/** Ends epochs of keys when their time has come; whichever replica is first does. */
export class EpochSchedule {
  private readonly office: EpochOffice;
  private readonly ledger: Ledger;
  private readonly terms: EpochTerms;
  private readonly say: (level: 'info' | 'warn', message: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private closed = false;
  private readonly hindered = new Set<string>();

  constructor(office: EpochOffice, ledger: Ledger, terms: EpochTerms, say: (level: 'info' | 'warn', message: string) => void) {
    this.office = office;
    this.ledger = ledger;
    this.terms = terms;
    this.say = say;
  }

  start(wait = FIRST_LOOK_MS): void {
    if (this.closed) return;
    this.timer = setTimeout(() => {
      this.running = this.look();
      void this.running.then(() => this.start(LOOK_MS));
    }, wait).unref();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.running;
  }

  /** Resumes and ends what is due in each log that takes entries. A failure is said, and tried again at the next look. */
  async look(): Promise<void> {
    for (const log of this.ledger.logs) {
      if (log.stopped !== undefined || this.ledger.ofTenant(log.row.tenant) !== log) continue;
      for (const of of log.succession) {
        if (this.closed) return;
        await this.lookAt(log, of);
      }
    }
  }

  private async lookAt(log: Log, of: Log): Promise<void> {
    const { name } = of.row;
    try {
      await resumeEpochEnd(this.office, log, BY, of);
      if (await isDue(this.office.pool, of.row.id, this.terms)) {
        await endEpoch(this.office, log, BY, of);
        this.say('info', `log ${name}: an epoch of keys has ended`);
      }
      this.hindered.delete(name);
    } catch (error) {
      if (error instanceof EpochEndingError) return;
      if (!this.hindered.has(name)) this.say('warn', `log ${name}: the epoch of keys does not end: ${error instanceof Error ? error.message : String(error)}`);
      this.hindered.add(name);
    }
  }
}

/** Whether the open epoch of a log's keys has lasted long enough. */
export async function isDue(pool: Pool, log: number, { hours, maxDays }: EpochTerms): Promise<boolean> {
  const { rows } = await pool.query<{ age: number; erased: boolean }>(
    `select (extract(epoch from clock_timestamp() - e.started) * 1000)::float8 as age, h.vault > e.vault as erased
     from key_epoch e join log_head h on h.log = e.log where e.log = $1 and e.closed is null`,
    [log],
  );
  const [row] = rows;
  if (row === undefined) return false;
  return row.age >= (row.erased ? hours : 24 * maxDays) * HOUR_MS;
}
