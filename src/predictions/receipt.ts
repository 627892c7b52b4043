import { toHex } from '../core/bytes.ts';
import type { ErasedReceipt, Receipt } from '../core/receipt.ts';
import { formatTlogProof } from '../core/tlog-proof.ts';
import type { Log } from '../ledger/log.ts';
import { absence, openEntry } from './open-entry.ts';

/** The tlog-proof of an entry, under a checkpoint that covers it; one is published when there is none yet. */
export async function proofOf(log: Log, index: number): Promise<string> {
  const checkpoint = await log.publisher.covering(index + 1);
  const path = await log.prover.inclusion(index, checkpoint.size);
  return formatTlogProof({ index, path, checkpoint: checkpoint.note });
}

/** The receipt of an entry (docs/spec/receipt.md). @throws Problem `erased`, `payload-missing` */
export async function receiptOf(log: Log, index: number): Promise<Receipt> {
  const [{ text, opening }, proof] = await Promise.all([openEntry(log, index), proofOf(log, index)]);
  if (opening === undefined) throw await absence(log, index);
  return { entry: text, salt: toHex(opening.salt), payload: Buffer.from(opening.payload).toString('utf8'), proof };
}

/**
 * The receipt of an entry whose payload was erased: it shows by which entry. Undefined where it was not erased, or where a
 * log that succeeds this one erased it: then the receipt of that entry, under that log's key, is what shows it.
 */
export async function erasedReceiptOf(log: Log, index: number): Promise<ErasedReceipt | undefined> {
  const by = (await log.erased.of(index))?.by;
  if (by === undefined || by.log !== log.row.id) return undefined;
  const [{ text }, proof, receipt, indices] = await Promise.all([openEntry(log, index), proofOf(log, index), receiptOf(log, by.index), log.erased.listOf(by)]);
  return { entry: text, proof, erasure: { ...receipt, indices } };
}
