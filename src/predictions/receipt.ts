import { toHex } from '../core/bytes.ts';
import type { Receipt } from '../core/receipt.ts';
import { formatTlogProof } from '../core/tlog-proof.ts';
import type { Log } from '../ledger/log.ts';
import { openEntry, payloadMissing } from './open-entry.ts';

/** The tlog-proof of an entry, under a checkpoint that covers it; one is published when there is none yet. */
export async function proofOf(log: Log, index: number): Promise<string> {
  const checkpoint = await log.publisher.covering(index + 1);
  const path = await log.prover.inclusion(index, checkpoint.size);
  return formatTlogProof({ index, path, checkpoint: checkpoint.note });
}

/** The receipt of an entry (docs/spec/receipt.md). @throws Problem `payload-missing` */
export async function receiptOf(log: Log, index: number): Promise<Receipt> {
  const [{ text, opening }, proof] = await Promise.all([openEntry(log, index), proofOf(log, index)]);
  if (opening === undefined) throw payloadMissing(index);
  return { entry: text, salt: toHex(opening.salt), payload: Buffer.from(opening.payload).toString('utf8'), proof };
}
