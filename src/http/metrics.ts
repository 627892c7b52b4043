import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Ledger } from '../ledger/ledger.ts';

/** What an operator watches, in Prometheus' text format. Labels name no tenant, log or person. */
export class Metrics {
  readonly registry = new Registry();
  private readonly commits: Histogram;
  private readonly entries: Counter;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.commits = new Histogram({
      name: 'prediction_ledger_commit_seconds',
      help: 'time of one append transaction, fsync included',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.entries = new Counter({ name: 'prediction_ledger_entries_total', help: 'entries committed by this replica', registers });
  }

  /** Told of each append transaction: one call for many entries. */
  readonly onCommit = (entries: number, ms: number): void => {
    this.commits.observe(ms / 1000);
    this.entries.inc(entries);
  };

  /** Reads the ledger's state whenever the metrics are read. */
  watch(ledger: Ledger): void {
    const registers = [this.registry];
    const gauge = (name: string, help: string, value: () => number): void => {
      const metric: Gauge = new Gauge({ name, help, registers, collect: () => metric.set(value()) });
    };
    gauge('prediction_ledger_logs', 'logs that this replica has open', () => ledger.logs.length);
    gauge('prediction_ledger_logs_stopped', 'logs that have stopped rather than fork', () => ledger.logs.filter((log) => log.stopped !== undefined).length);
    gauge('prediction_ledger_queue_entries', 'entries that wait for their commit', () => ledger.logs.reduce((sum, log) => sum + log.waiting, 0));
  }
}
