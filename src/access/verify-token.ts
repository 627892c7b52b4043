import { decodeJwt, errors, jwtVerify, type JWTPayload } from 'jose';
import type { FailureReason } from './authentication-failures.ts';
import type { Refusal } from './find-credential.ts';
import { ProviderKeys, ProviderUnavailableError } from './provider-keys.ts';
import type { ClaimGrant, IdentityProvider } from './provider-policy.ts';

/** Who a token speaks of, after every check. */
export interface Person {
  provider: string;
  issuer: string;
  subject: string;
  tenant: string;
  /** In the policy's order; at least one. */
  roles: readonly string[];
  /** ms since 1970. */
  expires: number;
}

const MAX_SUBJECT = 255;

/** Verifies tokens of the providers that the policy names. */
export class TokenVerifier {
  private readonly providers = new Map<string, { provider: IdentityProvider; keys: ProviderKeys }>();

  constructor(providers: readonly IdentityProvider[]) {
    for (const provider of providers) this.providers.set(provider.issuer, { provider, keys: new ProviderKeys(provider) });
  }

  /** Who it speaks of, or why it does not count. */
  async verify(token: string): Promise<Person | Refusal> {
    const found = this.providers.get(issuerOf(token));
    if (found === undefined) return { prefix: '', reason: 'token-invalid' };
    const { provider, keys } = found;
    try {
      const { payload } = await jwtVerify(token, keys.find, {
        issuer: provider.issuer,
        audience: provider.audience,
        algorithms: provider.algorithms,
        clockTolerance: provider.clockSkewSeconds,
        maxTokenAge: provider.maxTokenAgeSeconds,
        requiredClaims: ['sub', 'exp', 'iat'],
        ...(provider.tokenType !== undefined && { typ: provider.tokenType }),
      });
      return personOf(provider, payload) ?? { prefix: provider.id, reason: 'token-invalid' };
    } catch (error) {
      return { prefix: provider.id, reason: reasonOf(error) };
    }
  }
}

/** Unverified: it chooses the key that must fit, and nothing else. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    return '';
  }
}

function reasonOf(error: unknown): FailureReason {
  if (error instanceof ProviderUnavailableError) return 'provider-unavailable';
  return error instanceof errors.JWTExpired ? 'expired' : 'token-invalid';
}

/** The roles that its claims give. In two tenants at once it would not be clear whose log is meant: that gives none. */
function personOf({ id, issuer, grants, clockSkewSeconds, maxTokenAgeSeconds }: IdentityProvider, payload: JWTPayload): Person | undefined {
  const { sub, exp, iat } = payload;
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT || exp === undefined || iat === undefined) return undefined;
  const given = grants.filter((grant) => gives(grant, payload));
  const [tenant, ...others] = new Set(given.map((grant) => grant.tenant));
  if (tenant === undefined || others.length > 0) return undefined;
  return { provider: id, issuer, subject: sub, tenant, roles: [...new Set(given.map(({ role }) => role))], expires: (Math.min(exp, iat + maxTokenAgeSeconds) + clockSkewSeconds) * 1000 };
}

function gives({ claim, value }: ClaimGrant, payload: JWTPayload): boolean {
  let found: unknown = payload;
  for (const name of claim) {
    // Own members alone: a claim named like something that every object has is none.
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return false;
    found = (found as Record<string, unknown>)[name];
  }
  return found === value || (Array.isArray(found) && found.includes(value));
}
