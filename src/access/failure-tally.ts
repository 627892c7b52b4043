import type { Ledger } from '../ledger/ledger.ts';
import type { Tally } from '../ledger/tally.ts';
import type { AuthenticationFailures, FailureReason } from './authentication-failures.ts';
import { DEFAULT_LOG } from './bootstrap.ts';

/** Who was not let in by a credential that names nobody. */
const UNKNOWN = 'unknown';

/** Reasons for which somebody is put off rather than not believed. */
const LIMITS: readonly FailureReason[] = ['rate-limited', 'too-many-failures'];

/**
 * Counts failed authentications and requests that were put off, for the log of the tenant whose credential it was. Those
 * of nobody's go to the default log, whose tenant runs the service.
 */
export class FailureTally implements AuthenticationFailures {
  private readonly tally: Tally;
  private readonly ledger: Ledger;

  constructor(tally: Tally, ledger: Ledger) {
    this.tally = tally;
    this.ledger = ledger;
  }

  count(prefix: string, reason: FailureReason, tenant?: number): void {
    const home = tenant ?? this.ledger.byLogName(DEFAULT_LOG)?.row.tenant;
    if (home === undefined) return;
    const what = LIMITS.includes(reason) ? 'limited' : 'unauthenticated';
    this.tally.note({ log: this.ledger.ofTenant(home).row.id, what, subject: prefix === '' ? UNKNOWN : prefix, reason });
  }
}
