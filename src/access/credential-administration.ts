import type { Pool } from 'pg';
import type { CredentialPolicy } from './credential-policy.ts';

/** What those need who administer credentials. */
export class CredentialAdministration {
  readonly policy: CredentialPolicy;
  /** Whether a certificate stands for somebody already, of whatever tenant: by its digest, or by its prefix in this one. */
  readonly isCertificateKnown: (digest: string, tenant: number, prefix: string) => Promise<boolean>;

  /** @param pool acts for the service itself: a certificate stands for one principal of one tenant */
  constructor(pool: Pool, policy: CredentialPolicy) {
    this.policy = policy;
    this.isCertificateKnown = async (digest, tenant, prefix) => {
      const { rowCount } = await pool.query('select 1 from api_key where digest = $1 or (tenant = $2 and prefix = $3)', [Buffer.from(digest, 'hex'), tenant, prefix]);
      return rowCount !== 0;
    };
  }
}
