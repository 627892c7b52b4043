import type { Credential, Refusal } from './find-credential.ts';
import type { Principal } from './principal.ts';
import type { TokenBucket } from './token-bucket.ts';

type Found = Credential | Refusal;

/** A credential that was found good, for as long as that is believed. */
export interface Known {
  principal: Principal;
  bucket: TokenBucket;
  /** When it must have been looked up again, and when that is begun beforehand; `performance.now()`. */
  until: number;
  renew: number;
}

/** How long a revocation may take to reach every replica, in ms. */
export const FRESH_MS = 5000;
/** Looked up again so long before, so that who asks all the time never waits. */
const AHEAD_MS = 1000;
const MAX_KNOWN = 10_000;
/** Who was good so short a time ago is not put off for a neighbour's failures. */
const REMEMBERED_MS = 10 * 60_000;

/** The credentials that this replica has seen, by the digest of what was shown. */
export class KnownCredentials {
  private readonly known = new Map<string, Known>();
  private readonly underWay = new Map<string, Promise<Found>>();
  private readonly bucketOf: (principal: Principal, now: number) => TokenBucket;
  /** When a credential was last changed by this replica itself. */
  private changed = -Infinity;

  constructor(bucketOf: (principal: Principal, now: number) => TokenBucket) {
    this.bucketOf = bucketOf;
  }

  /** A credential that is believed to be good now. */
  get(digest: string, now: number): Known | undefined {
    const known = this.known.get(digest);
    return known !== undefined && known.until > now ? known : undefined;
  }

  /** Whether it was good a moment ago. */
  remembers(digest: string, now: number): boolean {
    const known = this.known.get(digest);
    return known !== undefined && known.until + REMEMBERED_MS > now;
  }

  /** Looks a credential up, once for all who ask at the same time, and keeps it where it is good. */
  lookUp(digest: string, find: () => Promise<Found>): Promise<Found> {
    const running = this.underWay.get(digest);
    if (running !== undefined) return running;
    const started = performance.now();
    const found = find()
      .then((credential) => this.keep(digest, credential, started))
      .finally(() => this.underWay.delete(digest));
    this.underWay.set(digest, found);
    return found;
  }

  /** Looks it up again while it is still believed. A failure is left to the next who asks. */
  renewAhead(digest: string, known: Known, find: () => Promise<Found>): void {
    known.renew = Infinity;
    this.lookUp(digest, find).catch(() => {
      known.renew = performance.now() + AHEAD_MS / 4;
    });
  }

  /** What was changed here, of a principal or of the credential of a prefix, is believed here no longer. */
  forget(name: string): void {
    // A look-up that is under way may have read what was there before.
    this.changed = performance.now();
    for (const [digest, known] of this.known) if (known.principal.id === name || known.principal.prefix === name) this.known.delete(digest);
  }

  private keep(digest: string, credential: Found, started: number): Found {
    if (!('principal' in credential)) {
      this.known.delete(digest);
      return credential;
    }
    if (started <= this.changed) return credential;
    if (this.known.size >= MAX_KNOWN && !this.known.has(digest)) this.known.delete(this.known.keys().next().value as string); // not empty, so there is a first
    // Counted from when it was asked: the answer may have been long on its way.
    const until = started + Math.min(FRESH_MS, credential.lastsMs);
    this.known.set(digest, { principal: credential.principal, bucket: this.bucketOf(credential.principal, started), until, renew: until - AHEAD_MS });
    return credential;
  }
}
