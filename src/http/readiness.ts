import type { Database } from '../database/database.ts';
import type { ClockMonitor } from '../ledger/clock-monitor.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** What keeps this replica from taking predictions in. Findings name logs and conditions, never what is recorded. */
export class Readiness {
  private readonly database: Database;
  private readonly ledger: Ledger;
  private readonly clockMonitor: ClockMonitor;

  constructor(database: Database, ledger: Ledger, clockMonitor: ClockMonitor) {
    this.database = database;
    this.ledger = ledger;
    this.clockMonitor = clockMonitor;
  }

  async findings(): Promise<{ code: string; detail: string }[]> {
    const findings: { code: string; detail: string }[] = [];
    const skew = this.clockMonitor.finding;
    if (skew !== undefined) findings.push({ code: 'clock-skew', detail: skew });
    const answers = await this.database.pool.query('select 1').then(() => true, () => false);
    if (!answers) return [...findings, { code: 'database-unavailable', detail: 'the database does not answer' }];
    for (const log of this.ledger.logs) {
      const { name, open } = log.row;
      // A closed log's name is its tenant's matter.
      const which = open ? `log ${name}` : 'a log';
      if (log.stopped !== undefined) findings.push({ code: 'log-stopped', detail: `${which} has stopped; its reason is in the service's log` });
      else if (!(await this.ledger.hasPolicyOf(log))) findings.push({ code: 'policy-mismatch', detail: `another policy bundle is in force on ${which}` });
    }
    return findings;
  }
}
