import { formatTlogProof } from '../core/tlog-proof.ts';
import type { Log } from '../ledger/log.ts';
import type { ProvenEntry } from './graph.ts';

/** Entries with their proofs, in the order of logs and indices; all of a log's under one checkpoint. @throws AppendError */
export async function proveEntries(stated: ReadonlyMap<Log, ReadonlySet<number>>): Promise<ProvenEntry[]> {
  const proven = await Promise.all([...stated].map(([log, indices]) => proveOfLog(log, [...indices].sort((a, b) => a - b))));
  return proven.flat();
}

async function proveOfLog(log: Log, indices: readonly number[]): Promise<ProvenEntry[]> {
  const [{ rows }, checkpoint] = await Promise.all([
    log.pool.query<{ index: number; bytes: Buffer }>({ name: 'entries-at', text: 'select index, bytes from entry where log = $1 and index = any($2::bigint[]) order by index', values: [log.row.id, indices] }),
    log.publisher.covering((indices.at(-1) ?? 0) + 1),
  ]);
  return Promise.all(rows.map(async ({ index, bytes }) => {
    const path = await log.prover.inclusion(index, checkpoint.size);
    return { log: log.row.origin, index, entry: bytes.toString('utf8'), proof: formatTlogProof({ index, path, checkpoint: checkpoint.note }) };
  }));
}
