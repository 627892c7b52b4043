import type { Database } from '../database/database.ts';
import type { ClockMonitor } from '../ledger/clock-monitor.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Whoever asks whether this replica is ready is told soon, also when a database neither answers nor hangs up. */
const ANSWER_WITHIN_MS = 2000;

export interface Finding {
  code: string;
  detail: string;
}

const NO_DATABASE: Finding = { code: 'database-unavailable', detail: 'the database does not answer' };

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

  async findings(): Promise<Finding[]> {
    const skew = this.clockMonitor.finding;
    const findings = skew === undefined ? [] : [{ code: 'clock-skew', detail: skew }];
    let deadline: NodeJS.Timeout | undefined;
    const tooLate = new Promise<Finding[]>((resolve) => {
      deadline = setTimeout(() => resolve([NO_DATABASE]), ANSWER_WITHIN_MS);
    });
    const ofLogs = this.findingsOfLogs().catch(() => [NO_DATABASE]);
    findings.push(...(await Promise.race([ofLogs, tooLate])));
    clearTimeout(deadline);
    return findings;
  }

  private async findingsOfLogs(): Promise<Finding[]> {
    // A service without logs has a database, too.
    await this.database.pool.query('select 1');
    const findings: Finding[] = [];
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
