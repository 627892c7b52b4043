import { formatStatement, IN_TOTO_TYPE } from '../core/attestation.ts';
import { toHex, utf8 } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import { formatDsse, preAuthEncoding } from '../core/dsse.ts';
import type { JsonValue } from '../core/json-value.ts';
import type { Receipt } from '../core/receipt.ts';
import { sha256 } from '../core/sha256.ts';
import { formatTlogProof } from '../core/tlog-proof.ts';
import type { Clock } from '../ledger/clock.ts';
import type { Log } from '../ledger/log.ts';
import { receiptOf } from '../predictions/receipt.ts';
import type { BundlePart } from './bundle-part.ts';
import type { EvidenceKeys } from './evidence-key.ts';

/**
 * `attestation.dsse.json`: signs the manifest with the log's evidence key. It stands outside of the digested part, since
 * it holds the time, and, where the key is younger than the range, a proof of its entry under a later checkpoint.
 */
export function attestationPart(log: Log, keys: EvidenceKeys, clock: Clock): BundlePart {
  return async function* attest(_folder, manifest) {
    const key = await keys.of(log);
    const { entry, salt, payload, proof } = await receiptUnder(log, key.index, manifest.log.size);
    const digest = toHex(sha256(utf8(canonicalize(manifest as unknown as JsonValue))));
    const statement = utf8(formatStatement({ manifest: digest, signedAt: new Date(clock.now()).toISOString(), key: { entry, salt, payload, proof } }));
    const signature = key.sign(preAuthEncoding(IN_TOTO_TYPE, statement));
    const envelope = formatDsse({ payloadType: IN_TOTO_TYPE, payload: statement, signatures: [{ keyid: key.keyid, sig: signature }] });
    yield { path: 'attestation.dsse.json', bytes: utf8(envelope) };
  };
}

/** Under the bundle's own checkpoint where that covers the entry: whoever has the key that signed the one can check the other, and it needs no other key of the log. */
async function receiptUnder(log: Log, index: number, size: number): Promise<Receipt> {
  const [receipt, checkpoint] = await Promise.all([receiptOf(log, index), index < size ? log.checkpoints.ofSize(size) : undefined]);
  if (checkpoint === undefined) return receipt;
  return { ...receipt, proof: formatTlogProof({ index, path: await log.prover.inclusion(index, size), checkpoint: checkpoint.note }) };
}
