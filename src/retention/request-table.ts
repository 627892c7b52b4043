import type { Pool, PoolClient } from 'pg';
import type { JsonValue } from '../core/json-value.ts';
import type { SubjectTarget } from './subject-targets.ts';

export type RequestKind = 'erasure' | 'legal-hold-release';
export type RequestState = 'pending' | 'rejected' | 'expired' | 'executed';

/** Something that a second person has to agree to. It holds no reference to a data subject. */
export interface RequestRow {
  id: string;
  number: number;
  kind: RequestKind;
  state: RequestState;
  requester: string;
  requested: Date;
  requestIndex: number;
  expires: Date;
  subjects: SubjectTarget[];
  hold: string | null;
  detail: { [name: string]: JsonValue };
  decider: string | null;
  decided: Date | null;
  decisionIndex: number | null;
}

const COLUMNS = `id, number, kind, state, requester, requested, request_index as "requestIndex", expires, subjects, hold, detail, decider, decided,
  decision_index as "decisionIndex"`;

/** Written with the entry that asks for it: $1 the log, $2 the entry's index. */
export const INSERT_REQUEST = `
insert into request (log, id, kind, requester, request_index, expires, subjects, hold, detail)
values ($1, $3, $4, $5, $2, $6, $7, $8, $9)`;

export async function readRequest(pool: Pool | PoolClient, log: number, id: string): Promise<RequestRow | undefined> {
  const { rows } = await pool.query<RequestRow>(`select ${COLUMNS} from request where log = $1 and id = $2`, [log, id]);
  return rows[0];
}

/** Locks it until the transaction's end: whoever comes second finds it decided. */
export async function lockRequest(client: PoolClient, log: number, id: string): Promise<RequestRow | undefined> {
  const { rows } = await client.query<RequestRow>(`select ${COLUMNS} from request where log = $1 and id = $2 for update`, [log, id]);
  return rows[0];
}

/** A page, newest first. @param behind the id of the last one of the page before */
export async function listRequests(pool: Pool, log: number, filter: { state?: RequestState | undefined; behind: string | undefined; limit: number }): Promise<RequestRow[]> {
  const { rows } = await pool.query<RequestRow>(
    `select ${COLUMNS} from request
      where log = $1 and ($2::text is null or state = $2) and ($3::text is null or number < (select number from request where log = $1 and id = $3)) order by number desc limit $4`,
    [log, filter.state ?? null, filter.behind ?? null, filter.limit],
  );
  return rows;
}

/** Precondition: it is locked and pending. */
export async function closeRequest(client: PoolClient, log: number, id: string, by: { state: RequestState; decider: string | null; index: number }): Promise<void> {
  await client.query('update request set state = $3, decider = $4, decided = clock_timestamp(), decision_index = $5 where log = $1 and id = $2', [log, id, by.state, by.decider, by.index]);
}
