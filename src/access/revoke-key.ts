import type { Pool } from 'pg';
import { OwnSchemas } from '../http/own-schemas.ts';
import { Problem } from '../http/problem.ts';
import type { Caller } from './caller.ts';
import { record } from './act.ts';
import { noteRevocation, readKey, revokeKey as end, type KeyRow } from './key-table.ts';

const REVOCATION_REASONS = ['compromised', 'superseded', 'unused', 'left', 'other'] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** What is posted to revoke something. */
export const REVOCATION_SCHEMA = { type: 'object', additionalProperties: false, required: ['reason'], properties: { reason: { enum: REVOCATION_REASONS } } } as const;
export const isRevocation = new OwnSchemas().compile<{ reason: RevocationReason }>(REVOCATION_SCHEMA);

/**
 * Ends a key: here at once, on every replica within 5 s. The key ends before the log says so, because a log that has
 * stopped must keep nobody in; who asks again after a failure brings the entry in.
 *
 * @throws Problem `not-found`; AppendError, and the key is revoked then
 */
export async function revokeKey(pool: Pool, caller: Caller, prefix: string, reason: RevocationReason): Promise<KeyRow> {
  const { tenant } = caller.log.row;
  const found = await readKey(pool, tenant, prefix);
  if (found === undefined) throw new Problem('not-found', 'There is no such key.');
  caller.decide({ role: found.role, own: found.principal === caller.principal });
  const key = { ...found, revoked: await end(pool, tenant, prefix) };
  if (key.revocation !== null) return key;
  const { index } = await record(caller.log, caller, { type: 'api-key-revoked', v: 1, body: { principal: key.principal, prefix, reason } });
  await noteRevocation(pool, tenant, prefix, index);
  return { ...key, revocation: index };
}
