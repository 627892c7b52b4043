import { toBase64, toHex } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import { writeText } from './file-writer.ts';
import type { GatherState } from './gather.ts';
import type { Making } from './order.ts';

/** Writes `log/`: the checkpoint, the keys, and how earlier checkpoints lead to it. */
export async function writeLogFiles(making: Making, { first, last }: GatherState): Promise<void> {
  const { folder, log, checkpoint } = making;
  await writeText(folder, 'log/checkpoint', checkpoint.note);
  await writeText(folder, 'log/vkeys.json', canonicalize({ keys: log.row.keys.map(({ vkey, firstIndex }) => ({ vkey, firstIndex })) }));
  const lines: string[] = [];
  for (const from of await earlier(making, first, last)) {
    const hashes = await log.prover.consistency(from.size, checkpoint.size);
    lines.push(`${canonicalize({ from: { size: from.size, root: toHex(from.root), note: from.note }, to: { size: checkpoint.size, root: toHex(checkpoint.root) }, hashes: hashes.map(toBase64) })}\n`);
  }
  await writeText(folder, 'log/consistency.jsonl', lines.join(''));
}

/** The last checkpoint at or before the period's first entry, and the first one at or after its end. */
async function earlier({ pool, log, checkpoint }: Making, first: number | null, last: number | null): Promise<{ size: number; root: Buffer; note: string }[]> {
  const { rows } = await pool.query<{ size: number; root: Buffer; note: string }>(
    `select size, root, note from (
       (select size, root, note from checkpoint where log = $1 and size > 0 and size <= $2 and size < $4 order by size desc limit 1)
       union
       (select size, root, note from checkpoint where log = $1 and size > 0 and size >= $3 and size < $4 order by size limit 1)
     ) as found order by size`,
    [log.row.id, first ?? 0, (last ?? checkpoint.size) + 1, checkpoint.size],
  );
  return rows;
}
