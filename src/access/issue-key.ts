import type { Pool } from 'pg';
import { Problem } from '../http/problem.ts';
import type { Caller } from './caller.ts';
import { record } from './act.ts';
import { makeKey, type IssuedKey, type KeyTerms, type NewCredential } from './api-key.ts';
import type { CredentialPolicy } from './credential-policy.ts';
import { insertKey } from './key-table.ts';
import type { Scope } from './principal.ts';

/** What is asked for: a role, and what narrows it. */
export interface KeyRequest {
  role: string;
  label?: string;
  /** Days that it lasts; as many as the policy allows unless said. */
  days?: number;
  scope?: Scope;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Hands out a key of a new principal: nobody adds a role to what they are, and what a key may do is bounded by its role,
 * its scope and the rule that let it be issued.
 *
 * @throws Problem `forbidden`; AppendError
 */
export async function issueKey(pool: Pool, policy: CredentialPolicy, caller: Caller, asked: KeyRequest): Promise<IssuedKey> {
  caller.decide({ role: asked.role, own: false });
  const key = makeKey(asked.role, termsOf(policy, caller, asked));
  await keep(pool, caller, key);
  return key;
}

/** Records a credential in the log and makes it valid. @throws Problem `credential-taken` */
export async function keep(pool: Pool, caller: Caller, credential: NewCredential): Promise<void> {
  const { principal, role, prefix, digest, terms } = credential;
  const body = { principal, role, prefix, digest, label: terms.label ?? null, scope: scopeJson(terms.scope), expires: terms.expires ?? null };
  // The entry first: an entry without its key lets nobody in, a key without its entry would.
  await record(caller.log, caller, { type: 'api-key-issued', v: 2, body });
  if (!(await insertKey(pool, caller.log.row.tenant, credential))) throw new Problem('credential-taken', 'It was registered meanwhile.');
}

function scopeJson({ actions, models }: Scope = {}): { [name: string]: string[] } {
  return { ...(actions !== undefined && { actions: [...actions] }), ...(models !== undefined && { models: [...models] }) };
}

/** @throws Problem `forbidden` where the policy or the issuer's own scope does not reach so far */
export function termsOf(policy: CredentialPolicy, caller: Caller, { role, label, days, scope = {} }: KeyRequest): KeyTerms {
  if (caller.asker.elevation !== undefined) throw new Problem('forbidden', 'Who has a role for a time hands out no keys that would outlast it.');
  const rule = policy.issuance(caller.role, role);
  if (rule === undefined) throw new Problem('forbidden', `No rule lets the role ${caller.role} issue a key of that role.`);
  if (days !== undefined && days > rule.maxDays) throw new Problem('forbidden', `The rule ${rule.id} lets keys last ${rule.maxDays} days at most.`);
  return { label, scope: within(caller.asker, scope), expires: new Date(Date.now() + (days ?? rule.maxDays) * DAY_MS).toISOString(), issuedBy: caller.principal };
}

/** Who is confined to some models hands out no key for others. What it may *do* is its role's matter. */
function within({ models }: Scope, asked: Scope): Scope {
  if (models !== undefined && (asked.models === undefined || !asked.models.every((model) => models.includes(model)))) {
    throw new Problem('forbidden', 'The key would reach further than the one that issues it: give it models that yours is scoped to.');
  }
  return asked;
}
