import { AppendError } from './append-error.ts';
import { MAX_CLOCK_SKEW_MS, type Clock } from './clock.ts';

const CHECK_EVERY_MS = 5000;

/** Compares this replica's clock with PostgreSQL's; while they differ too much, nothing is appended from here. */
export class ClockMonitor {
  private readonly clock: Clock;
  private readonly databaseNow: () => Promise<number>;
  private readonly warn: (message: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private skewMs = 0;

  constructor(clock: Clock, databaseNow: () => Promise<number>, warn: (message: string) => void) {
    this.clock = clock;
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
    if (Math.abs(this.skewMs) <= MAX_CLOCK_SKEW_MS) return undefined;
    return `this replica’s clock is ${(Math.abs(this.skewMs) / 1000).toFixed(1)} s ${this.skewMs > 0 ? 'ahead of' : 'behind'} PostgreSQL’s`;
  }

  /** @throws AppendError `clock-skew` */
  check(): void {
    const { finding } = this;
    if (finding !== undefined) throw new AppendError('clock-skew', finding, CHECK_EVERY_MS);
  }

  private async measure(): Promise<void> {
    const before = this.clock.now();
    const database = await this.databaseNow();
    const wasFine = this.finding === undefined;
    this.skewMs = (before + this.clock.now()) / 2 - database;
    if (wasFine && this.finding !== undefined) this.warn(`${this.finding}: appends stop here until the clocks agree`);
  }
}
