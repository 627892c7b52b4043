import type { EvidenceRow } from './evidence-table.ts';

/** A bundle that was asked for, as callers see it. */
export function shownEvidence(row: EvidenceRow): object {
  const { id, framework, nonce, receipts, principal, requested, request_index, size, state, stage, entries, rows, bytes, ended, ended_index, digest, length, expires } = row;
  return {
    id, framework, from: new Date(row.from_time).toISOString(), to: new Date(row.to_time).toISOString(), nonce, receipts, requester: principal, requested: requested.toISOString(), entry: request_index,
    state, progress: { stage, entries, of: size, rows, bytes },
    ...(size !== null && { size }), ...(digest !== null && { digest }), ...(length !== null && { length }), ...(expires !== null && { expires: expires.toISOString() }),
    ...(ended !== null && { ended: ended.toISOString(), endedBy: ended_index }),
  };
}
