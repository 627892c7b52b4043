import type { PoolClient } from 'pg';
import type { Derivation, DerivedEntry } from '../ledger/derivation.ts';
import { SYSTEM_ISSUER } from './principal.ts';

/**
 * Credentials, people's locks and elevations. What was revoked or shortened stays so whether or not an entry says it: a
 * credential ends before its log says so (and entries tell times in ms). When one was last used stands in no entry, nor who a person is.
 */
export const deriveCredentials: Derivation = {
  tables: [
    { name: 'api_key', key: ['digest'], says: ['tenant', 'principal', 'role', 'prefix', 'label', 'actions', 'models', 'issued_by', 'expires', 'revoked', 'successor', 'revocation'] },
    { name: 'person', key: ['tenant', 'digest'], says: ['revoked', 'revocation'] },
    { name: 'break_glass', key: ['tenant', 'id'], says: ['principal', 'role', 'opening', 'expires', 'reviewed_by', 'verdict', 'review'] },
  ],
  types: ['api-key-issued', 'api-key-rotated', 'api-key-revoked', 'person-revoked', 'break-glass-opened', 'break-glass-reviewed'],
  async begin(client) {
    await client.query('insert into person select tenant, digest, principal, provider, created, revoked, null from public.person');
  },
  async derive(client, entries) {
    for (const entry of entries) await STEPS[entry.payload.type]?.(client, entry);
  },
  async finish(client) {
    await client.query(
      `update api_key t set revoked = coalesce(r.revoked, t.revoked), expires = case when date_trunc('milliseconds', r.expires) = t.expires then r.expires else least(t.expires, r.expires) end, created = r.created, last_used = r.last_used,
              successor = coalesce(t.successor, r.successor), revocation = coalesce(t.revocation, r.revocation)
         from public.api_key r where r.digest = t.digest`,
    );
    await client.query(
      `update break_glass t set expires = case when date_trunc('milliseconds', r.expires) = t.expires then r.expires else least(t.expires, r.expires) end, rule = r.rule, opened = r.opened,
              reviewed = coalesce(r.reviewed, t.reviewed) from public.break_glass r where r.tenant = t.tenant and r.id = t.id`,
    );
  },
};

type Step = (client: PoolClient, entry: DerivedEntry) => Promise<void>;

const STEPS: Record<string, Step> = {
  'api-key-issued': async (client, { tenant, time, payload: { v, principal: issuer, body } }) => {
    const { principal, role, prefix, digest, label = null, scope = {}, expires = null } = body;
    const { actions = null, models = null } = scope as { actions?: string[]; models?: string[] };
    // A first start that was cut short issued the same key twice; the one that is there was made good.
    await client.query(
      `insert into api_key (digest, tenant, principal, role, prefix, label, actions, models, issued_by, expires, created) values (decode($1, 'hex'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (digest) do update set principal = excluded.principal where exists (select from public.api_key r where r.digest = excluded.digest and r.principal = excluded.principal)`,
      [digest, tenant, principal, role, prefix, label, actions, models, v === 1 ? SYSTEM_ISSUER : issuer, expires, new Date(time)],
    );
  },
  'api-key-rotated': async (client, { tenant, time, payload: { principal: issuer, body } }) => {
    const { from, until, prefix, digest, expires = null } = body;
    const values = [tenant, from];
    await client.query(
      `insert into api_key (digest, tenant, principal, role, prefix, label, actions, models, issued_by, expires, created)
       select decode($3, 'hex'), tenant, principal, role, $4, label, actions, models, $5, $6::timestamptz, $7 from api_key where tenant = $1 and prefix = $2 on conflict do nothing`,
      [...values, digest, prefix, issuer, expires, new Date(time)],
    );
    await client.query('update api_key set successor = $3, expires = least(expires, $4::timestamptz) where tenant = $1 and prefix = $2', [...values, prefix, until]);
  },
  'api-key-revoked': async (client, { tenant, index, time, payload: { body } }) => {
    await client.query('update api_key set revoked = $3, revocation = $4 where tenant = $1 and prefix = $2 and revocation is null', [tenant, body['prefix'], new Date(time), index]);
  },
  'person-revoked': async (client, { tenant, index, time, payload: { body } }) => {
    await client.query('update person set revoked = coalesce(revoked, $3), revocation = $4 where tenant = $1 and principal = $2 and revocation is null', [tenant, body['principal'], new Date(time), index]);
  },
  'break-glass-opened': async (client, { tenant, index, time, payload: { principal, rule, body } }) => {
    await client.query(
      'insert into break_glass (tenant, id, principal, role, rule, opening, opened, expires) values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing',
      [tenant, body['id'], principal, body['role'], rule, index, new Date(time), body['expires']],
    );
  },
  'break-glass-reviewed': async (client, { tenant, index, time, payload: { principal, body } }) => {
    await client.query(
      'update break_glass set reviewed = $3, reviewed_by = $4, verdict = $5, review = $6 where tenant = $1 and id = $2 and review is null',
      [tenant, body['id'], new Date(time), principal, body['verdict'], index],
    );
  },
};
