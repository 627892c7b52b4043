import { Problem } from '../http/problem.ts';
import type { AuthenticationFailures } from './authentication-failures.ts';
import type { RateLimit } from './credential-policy.ts';
import type { Refusal } from './find-credential.ts';
import { TokenBuckets } from './token-bucket.ts';

const MAX_REMEMBERED = 10_000;
const MS = 1000;

/**
 * Bounds failed authentications. An address that failed too often is put off before anything is looked up for it. A
 * prefix alone puts nobody off who has the right key: it could be used to lock its owner out.
 */
export class FailureLimits {
  private readonly addresses = new TokenBuckets(MAX_REMEMBERED);
  private readonly prefixes = new TokenBuckets(MAX_REMEMBERED);
  private readonly failures: AuthenticationFailures;
  private readonly limit: RateLimit;

  /** @param limit how many failures are let happen from one address, and with one prefix */
  constructor(failures: AuthenticationFailures, limit: RateLimit) {
    this.failures = failures;
    this.limit = limit;
  }

  /** @throws Problem `too-many-failures` where the address has failed too often of late */
  check(address: string): void {
    const wait = this.addresses.find(address)?.wait(performance.now()) ?? 0;
    if (wait > 0) this.refuse({ prefix: '' }, wait);
  }

  /**
   * Notes that it failed.
   *
   * @param shown the prefix of what was shown, if it has one; whether it exists or not
   * @throws Problem `too-many-failures` where that prefix has failed too often of late
   */
  note(address: string, shown: string, refusal: Refusal): void {
    const now = performance.now();
    this.addresses.of(address, this.limit, now).take(now);
    const wait = shown === '' ? 0 : this.prefixes.of(shown, this.limit, now).take(now);
    if (wait > 0) this.refuse(refusal, wait);
    this.failures.count(refusal.prefix, refusal.reason, refusal.tenant);
  }

  private refuse({ prefix, tenant }: Pick<Refusal, 'prefix' | 'tenant'>, waitMs: number): never {
    this.failures.count(prefix, 'too-many-failures', tenant);
    throw new Problem('too-many-failures', 'Too many authentications failed: wait as Retry-After says.', { retryAfterMs: Math.max(waitMs, MS) });
  }
}
