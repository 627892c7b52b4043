import type { PoolClient } from 'pg';
import { draftAct, type Actor } from '../access/act.ts';
import type { JsonValue } from '../core/json-value.ts';
import { SYSTEM } from '../ledger/draft.ts';
import type { Log } from '../ledger/log.ts';
import { NoLongerOursError, type EvidenceRow } from './evidence-table.ts';

const SYSTEM_ACTOR: Actor = { principal: SYSTEM, rule: SYSTEM };

/** What came of a bundle. */
export interface Ending {
  readonly outcome: 'made' | 'failed' | 'cancelled' | 'expired';
  readonly made?: { readonly digest: string; readonly length: number; readonly expires: Date; readonly opened: readonly number[] } | undefined;
}

const FROM: Readonly<Record<Ending['outcome'], readonly string[]>> = { made: ['running'], failed: ['waiting', 'running'], cancelled: ['waiting', 'running'], expired: ['made'] };

/** A bundle holds payloads that were erased since it was begun: the certificate does not know of it, so it is made again without them. */
export class ErasedMeanwhileError extends Error {
  override readonly name = 'ErasedMeanwhileError';
}

/**
 * Ends a bundle that was asked for, in the log and in its row at once.
 *
 * @param attempt by which it was made: another's take-over is no end of ours
 * @throws NoLongerOursError, ErasedMeanwhileError, AppendError
 */
export async function endEvidence(log: Log, row: EvidenceRow, { outcome, made }: Ending, actor: Actor = SYSTEM_ACTOR, attempt?: number): Promise<void> {
  const digest = made?.digest ?? row.digest;
  const body: JsonValue = {
    id: row.id, outcome, digest, size: row.size, length: made?.length ?? row.length, expires: (made?.expires ?? row.expires)?.toISOString() ?? null, opened: (made?.opened ?? row.opened).length,
  };
  await log.appendWith(async (client, head) => {
    await close(client, row, { outcome, made, index: head.size, attempt });
    return { drafts: [draftAct(log, actor, { type: 'evidence-ended', v: 1, body })] };
  });
}

async function close(client: PoolClient, { log, id }: EvidenceRow, { outcome, made, index, attempt }: Ending & { index: number; attempt: number | undefined }): Promise<void> {
  if (made !== undefined && made.opened.length > 0) {
    const { rowCount: erased } = await client.query('select from erased where log = $1 and index = any($2::bigint[]) limit 1', [log, made.opened]);
    if (erased !== 0) throw new ErasedMeanwhileError(`payloads that ${id} holds were erased while it was made`);
  }
  const { rowCount } = await client.query(
    `update evidence_job set state = $3, stage = case when $3 = 'made' then 'done' else stage end, ended = clock_timestamp(), ended_index = $4,
            digest = coalesce($5, digest), length = coalesce($6, length), expires = coalesce($7, expires), opened = coalesce($8, opened)
      where log = $1 and id = $2 and state = any($9) and ($10::int is null or attempts = $10)`,
    [log, id, outcome, index, made?.digest ?? null, made?.length ?? null, made?.expires ?? null, made?.opened ?? null, FROM[outcome], attempt ?? null],
  );
  if (rowCount !== 1) throw new NoLongerOursError(`${id} has ended, or another is at it`);
}
