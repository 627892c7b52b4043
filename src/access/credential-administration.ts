import type { Pool } from 'pg';
import type { CredentialPolicy } from './credential-policy.ts';

/** What those need who administer credentials. */
export class CredentialAdministration {
  readonly pool: Pool;
  readonly policy: CredentialPolicy;

  constructor(pool: Pool, policy: CredentialPolicy) {
    this.pool = pool;
    this.policy = policy;
  }
}
