import type { Pool, PoolClient } from 'pg';
import type { EntryDraft } from '../ledger/entry-draft.ts';

/** What a follow-up's row says beside its place and time. */
export interface FollowUpColumns {
  kind: 'outcome' | 'review' | 'correction' | 'replay';
  /** The teller's own id. */
  id: string;
  /** Where the prediction stands: the log's number, and the index there. */
  ofLog: number;
  ofIndex: number;
  /** Who told it: opaque id. */
  principal: string;
  /** Of a review or a replay; null once its payload is erased. */
  verdict: string | null;
}

/** A row of the read model of follow-ups. */
export interface FollowUpRow extends FollowUpColumns {
  /** Where its entry stands. */
  log: number;
  index: number;
  /** Entry time, ms since 1970. */
  time: number;
}

const COLUMNS = 'log, index, kind, id, of_log as "ofLog", of_index as "ofIndex", time, principal, verdict';

/** Follow-ups by kind and id, in any of these logs. */
export async function findFollowUps(client: Pool | PoolClient, logs: readonly number[], wanted: readonly Pick<FollowUpColumns, 'kind' | 'id'>[]): Promise<FollowUpRow[]> {
  const { rows } = await client.query<FollowUpRow>({
    name: 'find-follow-ups',
    text: `select ${COLUMNS} from unnest($2::text[], $3::text[]) as w(wanted_kind, wanted_id) join follow_up on log = any($1::int[]) and kind = wanted_kind and id = wanted_id`,
    values: [logs, wanted.map(({ kind }) => kind), wanted.map(({ id }) => id)],
  });
  return rows;
}

/**
 * What was told of one prediction, oldest first.
 *
 * @param after the place to go on behind
 */
export async function followUpsOf(pool: Pool, of: { log: number; index: number }, limit: number, after = { log: 0, index: -1 }): Promise<FollowUpRow[]> {
  const { rows } = await pool.query<FollowUpRow>({
    name: 'follow-ups-of',
    text: `select ${COLUMNS} from follow_up where of_log = $1 and of_index = $2 and (log, index) > ($3, $4) order by log, index limit $5`,
    values: [of.log, of.index, after.log, after.index, limit],
  });
  return rows;
}

/** What a follow-up's entry writes beside itself. The time is the entry's: the head has it from the same transaction. */
export function followedUp({ kind, id, ofLog, ofIndex, principal, verdict }: FollowUpColumns): Required<Pick<EntryDraft, 'also'>> {
  return {
    also: {
      text: `insert into follow_up (log, index, kind, id, of_log, of_index, time, principal, verdict)
        select $1::int, $2::bigint, $3, $4, $5::int, $6::bigint, time, $7, $8 from log_head where log = $1::int`,
      values: [kind, id, ofLog, ofIndex, principal, verdict],
    },
  };
}
