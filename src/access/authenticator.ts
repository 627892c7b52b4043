import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import { hasKeyForm, keyDigest } from './api-key.ts';
import type { AuthenticationFailures } from './authentication-failures.ts';
import type { CertificateBearer, ClientCertificates, ShownCertificate } from './client-certificate.ts';
import type { CredentialPolicy } from './credential-policy.ts';
import { FailureLimits } from './failure-limits.ts';
import { findCredential, type Credential, type Refusal } from './find-credential.ts';
import { findPerson } from './find-person.ts';
import { KnownCredentials, type Known } from './known-credentials.ts';
import type { Principal } from './principal.ts';
import { TokenBucket, TokenBuckets } from './token-bucket.ts';
import type { TokenVerifier } from './verify-token.ts';

/** What a request shows of who sends it; a Fastify request is one. */
export interface Presented extends CertificateBearer {
  headers: CertificateBearer['headers'] & { authorization?: string | undefined };
  /** The address that it comes from. */
  ip: string;
}

/** A credential that was shown, by its digest, and how to find out whom it stands for. */
interface Shown {
  digest: string;
  /** Of a key, whether it exists or not; '' otherwise. */
  prefix: string;
  find: () => Promise<Credential | Refusal>;
}

export interface AuthenticatorOptions {
  pool: Pool;
  policy: CredentialPolicy;
  failures: AuthenticationFailures;
  tokens: TokenVerifier;
  certificates: ClientCertificates;
  /** The log of a tenant. */
  logOf: (tenant: number) => Log;
}

const MAX_PRINCIPALS = 10_000;
const SCHEME = 'Bearer ';
const MAX_KEY_HEADER = 200;
/** Beyond this, a token is none that a provider would make for us. */
const MAX_TOKEN_HEADER = 8192;
const TOKEN_FORM = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const PREFIX_LENGTH = 'pl_00000000'.length;
const RETRY_MS = 5000;
/** A role that no policy knows: no rule lets it do anything, so it need not be asked often. */
const NO_ROLE = { perSecond: 1, burst: 10 };

/** Tells who sends a request. Known credentials are answered from memory; what is looked up is a digest, never a key. */
export class Authenticator {
  private readonly options: AuthenticatorOptions;
  private readonly limits: FailureLimits;
  private readonly buckets = new TokenBuckets(MAX_PRINCIPALS);
  private readonly known = new KnownCredentials((principal, now) => this.bucketOf(principal, now));

  constructor(options: AuthenticatorOptions) {
    this.options = options;
    this.limits = new FailureLimits(options.failures, options.policy.failures);
  }

  /**
   * Who sends it, at once where that is known; undefined when it shows no valid credential.
   *
   * @throws Problem `rate-limited`, `too-many-failures`, `provider-unavailable`
   */
  authenticate(request: Presented): Principal | undefined | Promise<Principal | undefined> {
    const header = request.headers.authorization;
    const certificate = header === undefined || request.headers['client-cert'] !== undefined ? this.options.certificates.of(request) : 'none';
    if (certificate === 'untrusted') return this.refuse(request.ip, '', { prefix: '', reason: 'untrusted-header' });
    const shown = header === undefined ? this.ofCertificate(certificate) : this.readHeader(header);
    if (shown === undefined) {
      if (header !== undefined) return this.refuse(request.ip, '', { prefix: '', reason: 'malformed' });
      this.options.failures.count('', 'no-credential');
      return undefined;
    }
    const now = performance.now();
    const known = this.known.get(shown.digest, now);
    return known === undefined ? this.lookUp(request.ip, shown, now) : this.admit(shown, known, now);
  }

  /** What this replica has changed of a principal, or of the credential of a prefix, counts here at once; elsewhere within 5 s. */
  forget(name: string): void {
    this.known.forget(name);
  }

  private readHeader(header: string): Shown | undefined {
    if (!header.startsWith(SCHEME) && header.slice(0, SCHEME.length).toLowerCase() !== 'bearer ') return undefined;
    const text = header.slice(SCHEME.length).trim();
    if (hasKeyForm(text)) {
      if (header.length > MAX_KEY_HEADER) return undefined;
      const digest = keyDigest(text);
      return { digest, prefix: text.slice(0, PREFIX_LENGTH), find: () => findCredential(this.options.pool, digest) };
    }
    if (header.length > MAX_TOKEN_HEADER || !TOKEN_FORM.test(text)) return undefined;
    return { digest: hash('sha256', text, 'hex'), prefix: '', find: () => this.findPerson(text) };
  }

  private ofCertificate(certificate: ShownCertificate | 'none'): Shown | undefined {
    if (certificate === 'none') return undefined;
    const { digest, from, until } = certificate;
    return {
      digest,
      prefix: '',
      find: async () => {
        const found = await findCredential(this.options.pool, digest);
        if (!('principal' in found)) return found;
        const now = Date.now();
        if (now < from || now >= until) return { prefix: found.principal.prefix, reason: 'expired', tenant: found.principal.tenant };
        return { ...found, lastsMs: Math.min(found.lastsMs, until - now) };
      },
    };
  }

  private async findPerson(token: string): Promise<Credential | Refusal> {
    const { pool, tokens, logOf } = this.options;
    const person = await tokens.verify(token);
    return 'reason' in person ? person : findPerson(pool, logOf, person);
  }

  private admit({ digest, find }: Shown, known: Known, now: number): Principal {
    if (now > known.renew) this.known.renewAhead(digest, known, find);
    const wait = known.bucket.take(now);
    if (wait > 0) this.putOff(known.principal, wait);
    return known.principal;
  }

  private async lookUp(address: string, { digest, prefix, find }: Shown, now: number): Promise<Principal | undefined> {
    if (!this.known.remembers(digest, now)) this.limits.check(address);
    const found = await this.known.lookUp(digest, find);
    if (!('principal' in found)) return this.refuse(address, prefix, found);
    const wait = this.bucketOf(found.principal, now).take(now);
    if (wait > 0) this.putOff(found.principal, wait);
    return found.principal;
  }

  private refuse(address: string, shown: string, refusal: Refusal): undefined {
    if (refusal.reason !== 'provider-unavailable') {
      this.limits.check(address);
      this.limits.note(address, shown, refusal);
      return undefined;
    }
    this.options.failures.count(refusal.prefix, refusal.reason);
    throw new Problem('provider-unavailable', 'Whether the token is good cannot be found out now.', { retryAfterMs: RETRY_MS });
  }

  private putOff(principal: Principal, waitMs: number): never {
    this.options.failures.count(principal.prefix, 'rate-limited', principal.tenant);
    throw new Problem('rate-limited', 'This principal asks more often than its role may: wait as Retry-After says.', { retryAfterMs: waitMs });
  }

  /** One for all credentials of a principal: a rotation doubles nothing. */
  private bucketOf({ id, role }: Principal, now: number): TokenBucket {
    return this.buckets.of(id, this.options.policy.rateLimit(role) ?? NO_ROLE, now);
  }
}
