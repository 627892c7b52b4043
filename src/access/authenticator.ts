import type { Pool } from 'pg';
import { findPrincipal, hasKeyForm, keyDigest, type Principal } from './api-key.ts';

/** How long a revocation may take to reach every replica. */
const FRESH_MS = 5000;
const MAX_CACHED = 10_000;

/** Tells who presents a key. Known keys are answered from memory; what is looked up is the key's digest, never the key. */
export class Authenticator {
  private readonly pool: Pool;
  private readonly known = new Map<string, { principal: Principal; until: number }>();

  constructor(pool: Pool) {
    this.pool = pool;
  }

  /**
   * The principal of an `Authorization` header, at once where it is known; undefined when the header holds no valid key.
   */
  authenticate(header: string | undefined): Principal | undefined | Promise<Principal | undefined> {
    if (header === undefined || header.length > 200 || !/^bearer /i.test(header)) return undefined;
    const key = header.slice('bearer '.length).trim();
    if (!hasKeyForm(key)) return undefined;
    const digest = keyDigest(key);
    const cached = this.known.get(digest);
    if (cached !== undefined && cached.until > performance.now()) return cached.principal;
    return this.lookUp(digest);
  }

  private async lookUp(digest: string): Promise<Principal | undefined> {
    const principal = await findPrincipal(this.pool, digest);
    if (principal === undefined) {
      this.known.delete(digest);
      return undefined;
    }
    if (this.known.size >= MAX_CACHED) this.known.clear();
    this.known.set(digest, { principal, until: performance.now() + FRESH_MS });
    return principal;
  }
}
