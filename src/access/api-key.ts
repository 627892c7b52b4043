import { hash } from 'node:crypto';
import type { Pool } from 'pg';
import { randomBytes } from '../vault/random-bytes.ts';

/** Who asks: an opaque id, its tenant and its role. */
export interface Principal {
  id: string;
  tenant: number;
  role: string;
}

/** A key as it is handed out, once; the database keeps its digest. */
export interface IssuedKey {
  key: string;
  principal: string;
  role: string;
  /** Enough of the key to recognise it by. */
  prefix: string;
  /** SHA-256 of the key, hexadecimal. 256 random bits need no slow hash. */
  digest: string;
}

const FORM = /^pl_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$/;

/** A new key of 256 random bits for a new principal. */
export function makeKey(role: string): IssuedKey {
  const prefix = `pl_${randomBytes(4).toString('hex')}`;
  const key = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { key, principal: `prn_${randomBytes(12).toString('hex')}`, role, prefix, digest: keyDigest(key) };
}

/** Whether a text has the form of a key; anything else need not be looked up. */
export function hasKeyForm(text: string): boolean {
  return FORM.test(text);
}

export function keyDigest(key: string): string {
  return hash('sha256', key, 'hex');
}

export async function insertKey(pool: Pool, tenant: number, key: IssuedKey): Promise<void> {
  await pool.query('insert into api_key (digest, tenant, principal, role, prefix) values ($1, $2, $3, $4, $5)', [
    Buffer.from(key.digest, 'hex'), tenant, key.principal, key.role, key.prefix,
  ]);
}

/** The principal whose key has that digest; undefined when there is none, or it was revoked. */
export async function findPrincipal(pool: Pool, digest: string): Promise<Principal | undefined> {
  const { rows } = await pool.query<Principal>({
    name: 'find-principal',
    text: 'select principal as id, tenant, role from api_key where digest = $1 and revoked is null',
    values: [Buffer.from(digest, 'hex')],
  });
  return rows[0];
}
