import type { Pool } from 'pg';
import { Problem } from '../http/problem.ts';
import { hasKeyForm, keyDigest } from './api-key.ts';
import type { AuthenticationFailures, FailureReason } from './authentication-failures.ts';
import type { CredentialPolicy } from './credential-policy.ts';
import { FailureLimits } from './failure-limits.ts';
import { findCredential, type Credential } from './find-credential.ts';
import { KnownCredentials, type Known } from './known-credentials.ts';
import type { Principal } from './principal.ts';
import { TokenBucket, TokenBuckets } from './token-bucket.ts';

/** What a request shows of who sends it; a Fastify request is one. */
export interface Presented {
  headers: { authorization?: string | undefined };
  /** The address that it comes from. */
  ip: string;
}

const MAX_PRINCIPALS = 10_000;
const MAX_KEY_HEADER = 200;
const SCHEME = 'Bearer ';
const PREFIX_LENGTH = 'pl_00000000'.length;
/** A role that no policy knows: no rule lets it do anything, so it need not be asked often. */
const NO_ROLE = { perSecond: 1, burst: 10 };

/** Tells who sends a request. Known credentials are answered from memory; what is looked up is a digest, never a key. */
export class Authenticator {
  private readonly pool: Pool;
  private readonly policy: CredentialPolicy;
  private readonly failures: AuthenticationFailures;
  private readonly limits: FailureLimits;
  private readonly buckets = new TokenBuckets(MAX_PRINCIPALS);
  private readonly known = new KnownCredentials((principal, now) => this.bucketOf(principal, now));

  constructor(pool: Pool, policy: CredentialPolicy, failures: AuthenticationFailures) {
    this.pool = pool;
    this.policy = policy;
    this.failures = failures;
    this.limits = new FailureLimits(failures, policy.failures);
  }

  /**
   * Who sends it, at once where that is known; undefined when it shows no valid credential.
   *
   * @throws Problem `rate-limited`, `too-many-failures`
   */
  authenticate(request: Presented): Principal | undefined | Promise<Principal | undefined> {
    const header = request.headers.authorization;
    if (header === undefined) return this.failed('no-credential');
    const key = header.startsWith(SCHEME) || header.slice(0, SCHEME.length).toLowerCase() === 'bearer ' ? header.slice(SCHEME.length).trim() : '';
    if (!hasKeyForm(key) || header.length > MAX_KEY_HEADER) {
      this.limits.check(request.ip);
      return this.refuse(request.ip, '', undefined, 'malformed');
    }
    const digest = keyDigest(key);
    const now = performance.now();
    const known = this.known.get(digest, now);
    return known === undefined ? this.lookUp(request.ip, key.slice(0, PREFIX_LENGTH), digest, now) : this.admit(digest, known, now);
  }

  /** What this replica has changed of a principal, or of the credential of a prefix, counts here at once; elsewhere within 5 s. */
  forget(name: string): void {
    this.known.forget(name);
  }

  private admit(digest: string, known: Known, now: number): Principal {
    if (now > known.renew) this.known.renewAhead(digest, known, () => findCredential(this.pool, digest));
    const wait = known.bucket.take(now);
    if (wait > 0) this.putOff(known.principal, wait);
    return known.principal;
  }

  private async lookUp(address: string, shown: string, digest: string, now: number): Promise<Principal | undefined> {
    if (!this.known.remembers(digest, now)) this.limits.check(address);
    const credential = await this.known.lookUp(digest, () => findCredential(this.pool, digest));
    if (credential === undefined) return this.refuse(address, shown, undefined, 'unknown');
    if (credential.state !== 'valid') return this.refuse(address, shown, credential, credential.state);
    const wait = this.bucketOf(credential.principal, now).take(now);
    if (wait > 0) this.putOff(credential.principal, wait);
    return credential.principal;
  }

  private refuse(address: string, shown: string, credential: Credential | undefined, reason: FailureReason): undefined {
    this.limits.note(address, shown, credential?.principal.prefix ?? '', reason);
    return undefined;
  }

  private failed(reason: FailureReason): undefined {
    this.failures.count('', reason);
    return undefined;
  }

  private putOff(principal: Principal, waitMs: number): never {
    this.failures.count(principal.prefix, 'rate-limited');
    throw new Problem('rate-limited', 'This principal asks more often than its role may: wait as Retry-After says.', { retryAfterMs: waitMs });
  }

  /** One for all credentials of a principal: a rotation doubles nothing. */
  private bucketOf({ id, role }: Principal, now: number): TokenBucket {
    return this.buckets.of(id, this.policy.rateLimit(role) ?? NO_ROLE, now);
  }
}
