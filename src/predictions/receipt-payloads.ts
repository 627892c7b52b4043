import { canonicalize } from '../core/canonical-json.ts';
import { fromHex, fromUtf8, utf8 } from '../core/bytes.ts';
import { parseEntry } from '../core/entry.ts';
import { parsePayload } from '../core/payload.ts';
import { parseReceipt } from '../core/receipt.ts';
import type { RecoveredPayload } from '../ledger/recover-tail.ts';
import { hmacHex } from '../vault/native-hmac.ts';
import { CONTENT_DIGEST_BYTES, encodeOpening } from '../vault/opening.ts';
import type { PayloadSealer } from '../vault/payload-sealer.ts';
import { contentDigest } from './prepared.ts';
import type { Prediction } from './prediction.ts';

/** Payloads from receipts that somebody kept, sealed anew. A receipt is believed only where its entry's commitment opens. */
export class ReceiptPayloads {
  private readonly sealer: PayloadSealer;
  private readonly byIndex = new Map<number, { salt: string; payload: string }>();

  constructor(sealer: PayloadSealer) {
    this.sealer = sealer;
  }

  /** Takes a receipt, or the answer of a POST that holds one. Others than receipts are passed over. */
  add(text: string): void {
    const answer = JSON.parse(text) as { receipt?: unknown };
    const receipt = parseReceipt(answer.receipt === undefined ? text : JSON.stringify(answer.receipt));
    if (!('salt' in receipt)) return;
    this.byIndex.set(parseEntry(utf8(receipt.entry)).index, { salt: receipt.salt, payload: receipt.payload });
  }

  /** The payload of an entry of the tail; undefined where no receipt opens its commitment. */
  async of(index: number, entry: Uint8Array): Promise<RecoveredPayload | undefined> {
    const found = this.byIndex.get(index);
    if (found === undefined) return undefined;
    const { commitment } = parseEntry(entry);
    const salt = fromHex(found.salt, 32);
    const payload = utf8(found.payload);
    if (hmacHex(salt, payload) !== commitment) return undefined;
    const { type, body, principal } = parsePayload(fromUtf8(payload));
    if (type !== 'prediction') {
      return { ...this.sealer.seal(encodeOpening({ salt, contentDigest: new Uint8Array(CONTENT_DIGEST_BYTES), payload }), commitment), prediction: undefined };
    }
    const { trace: _trace, ...content } = body as unknown as Prediction;
    const digest = contentDigest(salt, canonicalize(content));
    const { id, model, version, deployment, decision } = content;
    const prediction = { id, model, version, deployment: deployment ?? null, outcome: decision?.outcome ?? null, principal };
    return { ...this.sealer.seal(encodeOpening({ salt, contentDigest: digest, payload }), commitment), prediction };
  }
}
