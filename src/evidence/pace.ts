import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../ledger/log.ts';

/** How long nothing may have waited to be appended before work goes at full speed again, in ms. */
const QUIET_MS = 2000;
/** Of a stretch of time while the log is appended to, this part is work. */
const SHARE = 0.15;

/** Makes way for whoever appends: work in the background runs in short pieces, and rests between them while the log is busy. */
export class Pace {
  private readonly log: Pick<Log, 'waiting'>;
  private busyUntil = 0;
  private started = performance.now();

  constructor(log: Pick<Log, 'waiting'>) {
    this.log = log;
  }

  /** Call it after each piece of work of some milliseconds. */
  async rest(): Promise<void> {
    const now = performance.now();
    if (this.log.waiting > 0) this.busyUntil = now + QUIET_MS;
    const worked = now - this.started;
    await sleep(now < this.busyUntil ? Math.min(1000, (worked * (1 - SHARE)) / SHARE) : 0);
    if (this.log.waiting > 0) this.busyUntil = performance.now() + QUIET_MS;
    this.started = performance.now();
  }
}
