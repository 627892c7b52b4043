import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { isSafeUrl, type IdentityProvider } from './provider-policy.ts';

/** The provider's keys cannot be had, and what was shown may be signed by one of them. */
export class ProviderUnavailableError extends Error {
  override readonly name = 'ProviderUnavailableError';
}

const TIMEOUT_MS = 3000;
const MAX_BYTES = 256 * 1024;
/** Between two fetches, also after one that failed: an unknown key ID must not make us flood the provider. */
const COOLDOWN_MS = 30_000;
/** Keys are asked for again when they are older: a key that the provider took back is then forgotten. */
const REFRESH_MS = 10 * 60_000;
/** Known keys serve so long while the provider is away. */
const MAX_AGE_MS = 24 * 60 * 60_000;

/** A provider's public keys: fetched when needed, kept, and kept on while it is away. */
export class ProviderKeys {
  private readonly provider: IdentityProvider;
  private readonly now: () => number;
  private keys: { find: JWTVerifyGetKey; ids: ReadonlySet<string>; fetched: number } | undefined;
  private tried = -Infinity;
  private failed = false;
  private fetching: Promise<void> | undefined;

  /** @param now a monotonic clock, in ms */
  constructor(provider: IdentityProvider, now = (): number => performance.now()) {
    this.provider = provider;
    this.now = now;
  }

  /**
   * The key that signed a token, for jose.
   *
   * @throws JWKSNoMatchingKey where the provider has no such key; ProviderUnavailableError where that is not known
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    // Without an ID, another key than the one that signed could be tried for a fit.
    const { kid } = header;
    if (typeof kid !== 'string' || kid === '') throw new errors.JWKSNoMatchingKey();
    if (this.current?.ids.has(kid) !== true) await this.refresh();
    else if (this.now() - this.current.fetched > REFRESH_MS) void this.refresh();
    const { current } = this;
    if (current?.ids.has(kid) === true) return current.find(header, token);
    if (current === undefined || this.failed) throw new ProviderUnavailableError(`the keys of the identity provider ${this.provider.id} cannot be had`);
    throw new errors.JWKSNoMatchingKey();
  };

  private get current(): typeof this.keys {
    return this.keys !== undefined && this.now() - this.keys.fetched < MAX_AGE_MS ? this.keys : undefined;
  }

  /** Fetches unless that was tried a moment ago; one fetch for all who need it. Never rejects. */
  private async refresh(): Promise<void> {
    if (this.fetching === undefined) {
      if (this.now() - this.tried < COOLDOWN_MS) return;
      this.tried = this.now();
      this.fetching = this.fetch()
        .then(
          () => void (this.failed = false),
          () => void (this.failed = true),
        )
        .finally(() => (this.fetching = undefined));
    }
    await this.fetching;
  }

  private async fetch(): Promise<void> {
    const set = publicKeys(await getJson(await this.place()));
    const ids = new Set(set.keys.map(({ kid }) => String(kid)));
    this.keys = { find: createLocalJWKSet(set), ids, fetched: this.now() };
  }

  /** Where the keys are. OpenID Connect Discovery 1.0, section 4.3: what is found must name the issuer that was asked. */
  private async place(): Promise<string> {
    const { jwksUri, issuer } = this.provider;
    if (jwksUri !== undefined) return jwksUri;
    const found = (await getJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)) as { issuer?: unknown; jwks_uri?: unknown };
    if (found.issuer !== issuer || typeof found.jwks_uri !== 'string' || !isSafeUrl(found.jwks_uri)) throw new Error('another issuer’s configuration');
    return found.jwks_uri;
  }
}

/** Redirects are not followed: where they lead, the policy has not said. */
async function getJson(url: string): Promise<object> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS), headers: { accept: 'application/json' } });
  if (response.status !== 200 || response.body === null) throw new Error('no answer');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error('too large');
    chunks.push(chunk);
  }
  const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return value;
}

/** Those keys that may sign, without shared secrets and without such that share an ID. */
function publicKeys(set: object): JSONWebKeySet {
  const keys = 'keys' in set && Array.isArray(set.keys) ? (set.keys as Record<string, unknown>[]) : [];
  const signing = keys.filter((key) => typeof key === 'object' && key !== null && typeof key['kid'] === 'string' && key['kty'] !== 'oct' && key['use'] !== 'enc');
  const single = signing.filter(({ kid }) => signing.filter((other) => other['kid'] === kid).length === 1);
  if (single.length === 0) throw new Error('no keys');
  return { keys: single };
}
