import type { PoolClient } from 'pg';
import { draftAct, type Actor } from '../access/act.ts';
import { requireAnother } from '../access/another-person.ts';
import type { Caller } from '../access/caller.ts';
import type { Contracts } from '../contracts/contracts.ts';
import type { JsonValue } from '../core/json-value.ts';
import { Problem } from '../http/problem.ts';
import { SYSTEM } from '../ledger/draft.ts';
import type { Change } from '../ledger/entry-draft.ts';
import type { Head } from '../ledger/head.ts';
import type { Log } from '../ledger/log.ts';
import { eraseSubject, type ErasedPart } from './erase-subject.ts';
import { refuseHeld } from './held.ts';
import { indicesDigest } from './indices-digest.ts';
import type { PrivacyPolicy } from './privacy-policy.ts';
import { closeRequest, lockRequest, readRequest, type RequestRow } from './request-table.ts';
import { lastPayloadExpiry } from '../evidence/evidence-table.ts';

/** What decisions are made with. */
export interface Desk {
  contracts: Contracts;
  policy: PrivacyPolicy;
  /** Told of an erasure after its commit and before its answer. */
  onErased: (log: Log, request: RequestRow) => Promise<void>;
}

/**
 * The second person's word on a request. What is agreed to is done in the same transaction as the entry that says so.
 *
 * @throws Problem `not-found`, `forbidden`, `request-closed`, `legal-hold`, `not-journalled` (it is done then); AppendError
 */
export async function decideRequest(desk: Desk, caller: Caller, id: string, decision: 'approve' | 'reject'): Promise<RequestRow> {
  const { log } = caller;
  const request = await readRequest(log.pool, log.row.id, id);
  if (request === undefined) throw new Problem('not-found', 'There is no such request.');
  caller.decide({ kind: request.kind, requester: request.requester, time: request.requested.getTime() });
  await requireAnother(log.pool, caller, request.requester);
  // Said again, because the answer did not come: it is done, and journalled before that is said.
  if (request.state === 'executed' && request.decider === caller.principal && decision === 'approve') return acknowledged(desk, log, request);
  await log.appendWith(async (client, head) => {
    const locked = await lockRequest(client, log.row.id, id);
    if (locked === undefined || locked.state !== 'pending') throw closed(locked?.state);
    if (locked.expires.getTime() <= Date.now()) return expire(client, head, log, locked);
    return decision === 'reject' ? reject(client, head, log, caller, locked) : execute(desk, client, head, log, caller, locked);
  });
  const after = await readRequest(log.pool, log.row.id, id);
  if (after?.state === 'expired') throw closed('expired');
  if (after === undefined) throw new Error('a decided request is not there');
  return acknowledged(desk, log, after);
}

async function acknowledged({ onErased }: Desk, log: Log, request: RequestRow): Promise<RequestRow> {
  if (request.kind === 'erasure' && request.state === 'executed') await onErased(log, request);
  return request;
}

function closed(state: string | undefined): Problem {
  return new Problem('request-closed', `The request is ${state ?? 'gone'}: ask anew.`);
}

async function expire(client: PoolClient, head: Head, log: Log, { id, kind }: RequestRow): Promise<Change> {
  const system: Actor = { principal: SYSTEM, rule: SYSTEM };
  await closeRequest(client, log.row.id, id, { state: 'expired', decider: null, index: head.size });
  return { drafts: [draftAct(log, system, { type: 'request-expired', v: 1, body: { request: id, kind } })] };
}

async function reject(client: PoolClient, head: Head, log: Log, actor: Actor, { id, kind, requester }: RequestRow): Promise<Change> {
  await closeRequest(client, log.row.id, id, { state: 'rejected', decider: actor.principal, index: head.size });
  return { drafts: [draftAct(log, actor, { type: 'request-rejected', v: 1, body: { request: id, kind, requester } })] };
}

async function execute(desk: Desk, client: PoolClient, head: Head, log: Log, actor: Actor, request: RequestRow): Promise<Change> {
  await closeRequest(client, log.row.id, request.id, { state: 'executed', decider: actor.principal, index: head.size });
  return request.kind === 'erasure' ? erase(desk, client, head, log, actor, request) : release(client, head, log, actor, request);
}

async function erase({ contracts, policy }: Desk, client: PoolClient, head: Head, log: Log, actor: Actor, { id, requester, subjects, detail }: RequestRow): Promise<Change> {
  await refuseHeld(client, log, subjects);
  const by = { log: log.row.id, index: head.size };
  const parts: ErasedPart[] = [];
  for (const target of subjects) {
    const holder = log.succession.find(({ row }) => row.id === target.log);
    if (holder !== undefined) parts.push(await eraseSubject(client, contracts, holder, target, by));
  }
  const own = parts.find((part) => part.log === log);
  if (own === undefined) throw new Error('the request names no subject of the log');
  const { reason = null, citation = null, exemption = null, recipients = [] } = detail;
  const body = {
    request: id, reason, citation, exemption, recipients, requester, approver: actor.principal, ...said(own),
    succession: parts.filter((part) => part !== own).map((part) => ({ origin: part.log.row.origin, ...said(part) })),
    backupsUntil: await copiesUntil(client, log, policy),
  };
  return { drafts: [draftAct(log, actor, { type: 'erasure', v: 2, body })], vault: own.vault };
}

/** When the last copy from before is gone: a backup, or an evidence bundle that holds payloads. */
async function copiesUntil(client: PoolClient, log: Log, policy: Desk['policy']): Promise<string> {
  const bundles = await lastPayloadExpiry(client, log.succession.map(({ row }) => row.id));
  return new Date(Math.max(Date.now() + policy.backupLifeMs, bundles?.getTime() ?? 0)).toISOString();
}

function said({ subject, indices, keys, retained }: ErasedPart): { [name: string]: JsonValue } {
  return { subject, indices: indicesDigest(indices), keys: keys.map(({ id, epoch }) => ({ id, epoch })), retained: { ...retained } };
}

async function release(client: PoolClient, head: Head, log: Log, actor: Actor, { id, requester, hold, detail }: RequestRow): Promise<Change> {
  const { rowCount } = await client.query('update legal_hold set released = clock_timestamp(), released_index = $3 where log = any($1::int[]) and id = $2 and released is null', [log.succession.map(({ row }) => row.id), hold, head.size]);
  if (rowCount !== 1) throw new Problem('request-closed', 'The legal hold was released already.');
  const body = { hold, request: id, requester, approver: actor.principal, reason: detail['reason'] ?? null };
  return { drafts: [draftAct(log, actor, { type: 'legal-hold-released', v: 1, body })] };
}
