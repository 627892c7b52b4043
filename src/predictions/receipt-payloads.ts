import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { fromHex, fromUtf8, utf8 } from '../core/bytes.ts';
import { parseEntry } from '../core/entry.ts';
import { parsePayload } from '../core/payload.ts';
import { parseReceipt } from '../core/receipt.ts';
import type { RecoveredPayload } from '../ledger/recover-tail.ts';
import { hmacHex } from '../vault/native-hmac.ts';
import { CONTENT_DIGEST_BYTES, encodeOpening } from '../vault/opening.ts';
import type { LogVault } from '../vault/log-vault.ts';
import { contentDigest } from './prepared.ts';
import type { Prediction } from './prediction.ts';

/** Payloads from receipts that somebody kept, sealed anew. A receipt is believed only where its entry's commitment opens. */
export class ReceiptPayloads {
  private readonly vault: LogVault;
  private readonly byIndex = new Map<number, { salt: string; payload: string }>();

  constructor(vault: LogVault) {
    this.vault = vault;
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
    const { id, model, version, deployment, decision, subject } = body as unknown as Prediction;
    const prediction =
      type === 'prediction' ? { id, model, version, deployment: deployment ?? null, outcome: decision?.outcome ?? null, principal } : undefined;
    const opening = encodeOpening({ salt, contentDigest: digestOfPosted(body as unknown as KeptPrediction, type, salt), payload });
    return { draft: await this.seal(type === 'prediction' ? subject : undefined, commitment, opening), prediction };
  }

  /** Under the data subject's key where that is still there, so that an erasure finds it; otherwise under one of its own. */
  private async seal(subject: string | undefined, commitment: string, opening: Uint8Array): Promise<RecoveredPayload['draft']> {
    const shared = subject === undefined ? undefined : await this.vault.keyOfSubject(subject);
    if (shared !== undefined) return { key: shared.id, sealed: shared.seal('payload', commitment, opening) };
    const { key, row } = this.vault.ownKey();
    return { key: key.id, sealed: key.seal('payload', commitment, opening), ...(row !== undefined && { ownKey: row }) };
  }
}

/** A prediction as a payload keeps it. */
type KeptPrediction = Prediction & { handling?: JsonValue };

/**
 * Where what is kept is what was posted, its digest: a retry finds it. Where a token, an opaque id or less of a value took
 * the place of something, nobody can tell what was posted any more, and a retry will be a conflict.
 */
function digestOfPosted(body: KeptPrediction, type: string, salt: Uint8Array): Uint8Array {
  if (type !== 'prediction' || body.subject !== undefined || body.handling !== undefined) return new Uint8Array(CONTENT_DIGEST_BYTES);
  const { trace: _trace, ...content } = body;
  return contentDigest(salt, canonicalize({ ...content }));
}
