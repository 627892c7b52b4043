import type { PoolClient } from 'pg';
import type { Derivation, DerivedEntry } from '../ledger/derivation.ts';
import { INSERT_HOLD } from './legal-hold-table.ts';
import { INSERT_REQUEST } from './request-table.ts';

/** A request that is made anew waits for as long as the shipped policy lets one wait; those that are there keep their end. */
const LIFE_MS = 7 * 24 * 60 * 60 * 1000;

/** Requests that need two people's word, and legal holds. */
export const deriveRequests: Derivation = {
  tables: [
    { name: 'request', key: ['log', 'id'], says: ['kind', 'state', 'requester', 'request_index', 'hold', 'detail', 'decider', 'decision_index'] },
    { name: 'legal_hold', key: ['log', 'id'], says: ['models', 'from_time', 'to_time', 'reason', 'citation', 'placed_by', 'placed_index', 'released_index'] },
  ],
  types: ['erasure-requested', 'legal-hold-release-requested', 'erasure', 'request-rejected', 'request-expired', 'legal-hold-placed', 'legal-hold-released'],
  async derive(client, entries) {
    for (const entry of entries) await STEPS[entry.payload.type]?.(client, entry);
  },
  async finish(client) {
    // When something was decided is the entry's time where nobody wrote it down to the row's own clock.
    await client.query(
      `update request t set requested = r.requested, expires = r.expires, subjects = r.subjects, decided = case when t.decided is null then null else coalesce(r.decided, t.decided) end
         from public.request r where r.log = t.log and r.id = t.id`,
    );
    await client.query(
      `update legal_hold t set subjects = r.subjects, placed = r.placed, released = case when t.released is null then null else coalesce(r.released, t.released) end
         from public.legal_hold r where r.log = t.log and r.id = t.id`,
    );
  },
};

type Step = (client: PoolClient, entry: DerivedEntry) => Promise<void>;

const STEPS: Record<string, Step> = {
  'erasure-requested': async (client, { log, index, time, payload: { principal, body } }) => {
    const { request, subject, reason, citation = null, exemption = null, note = null, recipients = [] } = body;
    const detail = { reason, citation, exemption, note, recipients };
    await client.query(INSERT_REQUEST, [log, index, request, 'erasure', principal, new Date(time + LIFE_MS), JSON.stringify([{ log, subject }]), null, JSON.stringify(detail)]);
    await date(client, 'request', 'requested', log, request, time);
  },
  'legal-hold-release-requested': async (client, { log, index, time, payload: { principal, body } }) => {
    const { request, hold, reason } = body;
    await client.query(INSERT_REQUEST, [log, index, request, 'legal-hold-release', principal, new Date(time + LIFE_MS), '[]', hold, JSON.stringify({ reason })]);
    await date(client, 'request', 'requested', log, request, time);
  },
  erasure: async (client, { log, index, time, payload: { v, principal, body } }) => {
    // Version 1 is the word on a restoration, and decides on no request.
    if (v > 1) await decide(client, { log, index, time, id: body['request'], state: 'executed', decider: principal });
  },
  'request-rejected': async (client, { log, index, time, payload: { principal, body } }) =>
    decide(client, { log, index, time, id: body['request'], state: 'rejected', decider: principal }),
  'request-expired': async (client, { log, index, time, payload: { body } }) =>
    decide(client, { log, index, time, id: body['request'], state: 'expired', decider: null }),
  'legal-hold-placed': async (client, { log, index, time, payload: { principal, body } }) => {
    const { hold, subject, models, from, to, reason, citation = null } = body;
    const subjects = subject === null ? [] : [{ log, subject }];
    await client.query(INSERT_HOLD, [log, index, hold, principal, JSON.stringify(subjects), models, instant(from), instant(to), reason, citation]);
    await date(client, 'legal_hold', 'placed', log, hold, time);
  },
  'legal-hold-released': async (client, { log, index, time, payload: { principal, body } }) => {
    await decide(client, { log, index, time, id: body['request'], state: 'executed', decider: principal });
    await client.query('update legal_hold set released = $2, released_index = $3 where id = $1', [body['hold'], new Date(time), index]);
  },
};

async function decide(client: PoolClient, { log, index, time, id, state, decider }: { log: number; index: number; time: number; id: unknown; state: string; decider: string | null }): Promise<void> {
  await client.query('update request set state = $3, decider = $4, decided = $5, decision_index = $6 where log = $1 and id = $2', [log, id, state, decider, new Date(time), index]);
}

async function date(client: PoolClient, table: 'request' | 'legal_hold', column: 'requested' | 'placed', log: number, id: unknown, time: number): Promise<void> {
  await client.query(`update ${table} set ${column} = $3 where log = $1 and id = $2`, [log, id, new Date(time)]);
}

function instant(text: unknown): number | null {
  return typeof text === 'string' ? Date.parse(text) : null;
}
