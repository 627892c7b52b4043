import type { CredentialPolicy } from './credential-policy.ts';
import type { IdentityProvider } from './provider-policy.ts';

/** What the rules about credentials say, each under what it is known by, in words. */
export function credentialTexts(policy: CredentialPolicy): Map<string, string> {
  const { issuance, breakGlass, rateLimits, failedAuthentications } = policy.written;
  const failures = `at most ${failedAuthentications.perMinute} a minute and ${failedAuthentications.burst} at once may fail from one address or with one prefix`;
  return new Map([
    ...issuance.map(({ id, by, roles, maxDays }): [string, string] => [`issuance ${id}`, `${by} issues keys of ${roles.join(', ')} for at most ${maxDays} days`]),
    ...breakGlass.map(({ id, by, role, maxMinutes }): [string, string] => [`break-glass ${id}`, `${by} takes on the role ${role} for at most ${maxMinutes} minutes, reviewed by another`]),
    ...rateLimits.flatMap(({ roles, perSecond, burst }) => roles.map((role): [string, string] => [`rate of ${role}`, `at most ${perSecond} requests a second and ${burst} at once, each principal on each replica`])),
    ['failed authentications', failures],
  ]);
}

/** What is said of each identity provider, and each role that it gives, in words. */
export function providerTexts(providers: readonly IdentityProvider[]): Map<string, string> {
  return new Map(
    providers.flatMap(({ id, issuer, audience, jwksUri, algorithms, clockSkewSeconds, maxTokenAgeSeconds, tokenType, grants }): [string, string][] => [
      [
        `provider ${id}`,
        `tokens of ${issuer} for ${audience}, by ${algorithms.join(', ')}, at most ${maxTokenAgeSeconds} s old, clocks within ${clockSkewSeconds} s, ` +
          `keys from ${jwksUri ?? 'where its discovery says'}${tokenType === undefined ? '' : `, type ${tokenType}`}`,
      ],
      ...grants.map(({ claim, value, tenant, role }): [string, string] => [`provider ${id}, ${claim.join(' › ')} = ${value} in ${tenant} as ${role}`, `whose claim ${claim.join(' › ')} is ${value} is ${role} in ${tenant}`]),
    ]),
  );
}
