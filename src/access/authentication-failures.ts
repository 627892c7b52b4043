/** Why somebody was not let in, before it was known who it is; and why somebody known was put off. */
export const FAILURE_REASONS = [
  'no-credential',
  'malformed',
  'unknown',
  'revoked',
  'expired',
  'token-invalid',
  'untrusted-header',
  'provider-unavailable',
  'too-many-failures',
  'rate-limited',
  'no-request-of-ours',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Who is told of each failed authentication and each request that was put off, so that the counts can be sealed. */
export interface AuthenticationFailures {
  /**
   * @param prefix of a credential that the service knows, or the name of an identity provider; '' where neither is
   *   known: what a stranger sends names nothing, so counts have as many rows at most as there are credentials
   * @param tenant whose credential it is; undefined where that is not known
   */
  count(prefix: string, reason: FailureReason, tenant?: number): void;
}

export interface FailureCount {
  prefix: string;
  reason: FailureReason;
  tenant: number | undefined;
  count: number;
}

/** Counts in memory, until they are taken. */
export class FailureCounts implements AuthenticationFailures {
  private counts = new Map<string, FailureCount>();

  count(prefix: string, reason: FailureReason, tenant?: number): void {
    const name = `${tenant} ${prefix} ${reason}`;
    const known = this.counts.get(name);
    if (known === undefined) this.counts.set(name, { prefix, reason, tenant, count: 1 });
    else known.count += 1;
  }

  /** What was counted since it was last taken. */
  take(): FailureCount[] {
    const taken = [...this.counts.values()];
    this.counts = new Map();
    return taken;
  }
}
