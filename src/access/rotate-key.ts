import type { Pool } from 'pg';
import { inTransaction } from '../database/in-transaction.ts';
import { Problem } from '../http/problem.ts';
import type { Caller } from './caller.ts';
import { record } from './act.ts';
import { makeKey, type IssuedKey } from './api-key.ts';
import type { CredentialPolicy } from './credential-policy.ts';
import { termsOf, type KeyRequest } from './issue-key.ts';
import { endKey, insertKey, lockKey, scopeOf, type KeyRow } from './key-table.ts';

export interface Rotated {
  key: IssuedKey;
  /** When the old one ends. */
  overlapUntil: Date;
}

/**
 * Puts a new key beside an old one, for the same principal with the same role and scope; both are good for the overlap.
 *
 * @throws Problem `not-found`, `credential-ended`, `forbidden`; AppendError
 */
export async function rotateKey(pool: Pool, policy: CredentialPolicy, caller: Caller, prefix: string, overlapMinutes: number): Promise<Rotated> {
  const { tenant } = caller.log.row;
  return inTransaction(pool, async (client) => {
    // Locked until the entry is committed: of two that rotate at once, one finds a successor.
    const old = await lockKey(client, tenant, prefix);
    if (old === undefined) throw new Problem('not-found', 'There is no such key.');
    caller.decide({ role: old.role, own: old.principal === caller.principal });
    if (!old.good) throw new Problem('credential-ended', 'The key was revoked, has expired, or has a successor.');
    if (prefix.startsWith('crt_')) throw new Problem('credential-ended', 'A certificate is not rotated here: register the new one, then revoke the old.');
    const key = makeKey(old.role, { ...termsOf(policy, caller, askedFor(old)), principal: old.principal });
    const overlapUntil = await endKey(client, tenant, prefix, key.prefix, overlapMinutes);
    const { digest, terms } = key;
    const body = { principal: old.principal, from: prefix, until: overlapUntil.toISOString(), prefix: key.prefix, digest, expires: terms.expires ?? null };
    await record(caller.log, caller, { type: 'api-key-rotated', v: 1, body });
    await insertKey(client, tenant, key);
    return { key, overlapUntil };
  });
}

function askedFor({ role, label, ...row }: KeyRow): KeyRequest {
  return { role, ...(label !== null && { label }), scope: scopeOf(row) };
}
