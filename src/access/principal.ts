import type { Action } from './catalogue.ts';
import type { Asker } from './variable.ts';

/** How somebody showed who they are. */
export type AuthenticationMethod = 'api-key' | 'certificate' | 'oidc';

/** What a credential is narrowed to, within what its role may do. A member that is absent narrows nothing. */
export interface Scope {
  readonly actions?: readonly Action[] | undefined;
  readonly models?: readonly string[] | undefined;
}

/** A role beyond its own that a principal has for a time. */
export interface Elevation {
  /** The break-glass that gave it. */
  readonly id: string;
  readonly role: string;
  /** ms since 1970, by PostgreSQL's clock. */
  readonly until: number;
}

/** Who asks: an opaque id, its tenant and what it may act as: a role, or the one name of several (`nameOfRoles`). */
export interface Principal extends Asker, Scope {
  readonly tenant: number;
  readonly method: AuthenticationMethod;
  /** The credential's prefix, or the identity provider's name in the policy: what failures and limits are counted by. */
  readonly prefix: string;
  /** Who issued the credential: a principal, or `system`. Where two people must agree, one is not to be the other's creature. */
  readonly issuedBy: string;
  readonly elevations: readonly Elevation[];
  /** The break-glass by which it acts as this role; undefined where the role is its own. */
  readonly elevation?: string;
}

/** The service itself, as issuer of the first keys. */
export const SYSTEM_ISSUER = 'system';

const NOBODY: readonly Principal[] = [];

/**
 * A principal in each role that it has for a time, beside its own.
 *
 * @param now ms since 1970
 */
export function inFurtherRoles(principal: Principal, now: number): readonly Principal[] {
  if (principal.elevations.length === 0) return NOBODY;
  return principal.elevations.filter(({ until }) => until > now).map(({ id, role }) => ({ ...principal, role, elevation: id }));
}
