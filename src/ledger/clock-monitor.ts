import { AppendError } from './append-error.ts';
import { MAX_CLOCK_SKEW_MS, type Clock } from './clock.ts';

const CHECK_EVERY_MS = 5000;

/** Compares this replica's clock with PostgreSQL's; while they differ too much, nothing is appended from here. */
export class ClockMonitor {
  private readonly clock: Clock;
  private readonly databaseNow: () => Promise<number>;
  private readonly warn: (message: string) => void;
  private timer: NodeJS.Timeout | undefined;
  /** As measured last, and what the clock then said beyond the monotonic one, which nobody can set. */
  private measuredMs = 0;
  private offsetMs: number;
  private warned = false;

  constructor(clock: Clock, databaseNow: () => Promise<number>, warn: (message: string) => void) {
    this.clock = clock;
    this.offsetMs = this.offset();
    this.databaseNow = databaseNow;
    this.warn = warn;
  }

  async start(): Promise<void> {
    await this.measure();
    this.timer = setInterval(() => void this.measure().catch(() => undefined), CHECK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Why this replica must not append, if it must not. */
  get finding(): string | undefined {
    // A clock that was set since the last measurement is noticed before the next entry bears its time for ever.
    const skewMs = this.measuredMs + this.offset() - this.offsetMs;
    if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return undefined;
    return `this replica’s clock is ${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'} PostgreSQL’s`;
  }

  /** @throws AppendError `clock-skew` */
  check(): void {
    const { finding } = this;
    if (finding !== undefined) throw new AppendError('clock-skew', finding, CHECK_EVERY_MS);
  }

  private async measure(): Promise<void> {
    const before = this.clock.now();
    const database = await this.databaseNow();
    const after = this.clock.now();
    // PostgreSQL read its clock at some moment between the two: taken is the least that the clocks can differ by.
    this.measuredMs = Math.max(before - database, 0) + Math.min(after - database, 0);
    this.offsetMs = this.offset();
    const { finding } = this;
    if (finding !== undefined && !this.warned) this.warn(`${finding}: appends stop here until the clocks agree`);
    this.warned = finding !== undefined;
  }

  private offset(): number {
    return this.clock.now() - performance.now();
  }
}
