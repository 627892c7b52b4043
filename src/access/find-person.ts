import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { inTransaction } from '../database/in-transaction.ts';
import { SYSTEM } from '../ledger/draft.ts';
import type { Log } from '../ledger/log.ts';
import { record } from './act.ts';
import { newPrincipalId } from './api-key.ts';
import type { FailureReason } from './authentication-failures.ts';
import type { Credential, Refusal } from './find-credential.ts';
import { SYSTEM_ISSUER, type Elevation } from './principal.ts';
import { nameOfRoles } from './several-roles.ts';
import type { Person } from './verify-token.ts';

interface Row {
  tenant: number;
  principal: string | null;
  revoked: boolean;
  elevations: Elevation[] | null;
  elevated: number | null;
}

const FIND = `
select t.id as tenant, p.principal, p.revoked is not null as revoked, b.elevations, b.elevated
  from tenant t
  left join person p on p.tenant = t.id and p.digest = $2
  left join lateral (
    select json_agg(json_build_object('id', id, 'role', role, 'until', (extract(epoch from expires) * 1000)::float8)) as elevations,
           (extract(epoch from min(expires) - now()) * 1000)::float8 as elevated
      from break_glass where tenant = t.id and principal = p.principal and expires > now()
  ) b on true
 where t.name = $1`;

/**
 * The principal that a verified token stands for; who comes for the first time gets a random one, and an entry says so.
 *
 * @param logOf the log of a tenant
 * @throws AppendError when somebody new cannot be recorded
 */
export async function findPerson(pool: Pool, logOf: (tenant: number) => Log, person: Person): Promise<Credential | Refusal> {
  const digest = personDigest(person);
  const read = async (): Promise<Row | undefined> => (await pool.query<Row>({ name: 'find-person', text: FIND, values: [person.tenant, digest] })).rows[0];
  let row = await read();
  const refused = (reason: FailureReason): Refusal => ({ prefix: person.provider, reason });
  if (row === undefined) return refused('token-invalid');
  if (row.principal === null) {
    await register(pool, logOf(row.tenant), digest, person.provider);
    row = await read();
  }
  if (row?.principal === undefined || row.principal === null) return refused('unknown');
  if (row.revoked) return { ...refused('revoked'), tenant: row.tenant };
  return {
    principal: { id: row.principal, tenant: row.tenant, role: nameOfRoles(person.roles), method: 'oidc', prefix: person.provider, issuedBy: SYSTEM_ISSUER, elevations: row.elevations ?? [] },
    lastsMs: Math.min(person.expires - Date.now(), row.elevated ?? Infinity),
  };
}

/** The row and the entry together: of two first requests at once, the second waits for the first and finds its row. */
async function register(pool: Pool, log: Log, digest: Buffer, provider: string): Promise<void> {
  const principal = newPrincipalId();
  await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query('insert into person (tenant, digest, principal, provider) values ($1, $2, $3, $4) on conflict do nothing', [log.row.tenant, digest, principal, provider]);
    if (rowCount === 1) await record(log, { principal: SYSTEM, rule: SYSTEM }, { type: 'person-registered', v: 1, body: { principal, provider } });
  });
}

/** SHA-256 over issuer and subject, each behind its length: no two pairs are one text. */
function personDigest({ issuer, subject }: Person): Buffer {
  return createHash('sha256').update(`person ${issuer.length}:${issuer}${subject.length}:${subject}`).digest();
}
