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
import { predictionRow } from './prediction-row.ts';

/** Payloads from receipts that somebody kept, sealed anew. A receipt is believed only where its entry's commitment opens. */
export class ReceiptPayloads {
  private readonly vault: LogVault;
  private readonly lastErasure: number;
  private readonly byIndex = new Map<number, { salt: string; payload: string }>();
  /** Payloads that were not taken back, because somebody who cannot be told from their data subject was erased since. */
  withheld = 0;

  /** @param lastErasure time of the last erasure of keys that the database does not hold, ms since 1970: whose they were nobody can tell */
  constructor(vault: LogVault, lastErasure = -Infinity) {
    this.vault = vault;
    this.lastErasure = lastErasure;
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
    const { commitment, time } = parseEntry(entry);
    const salt = fromHex(found.salt, 32);
    const payload = utf8(found.payload);
    if (hmacHex(salt, payload) !== commitment) return undefined;
    const { type, body, principal, contract } = parsePayload(fromUtf8(payload));
    const { subject } = body as unknown as Prediction;
    const prediction = type === 'prediction' ? predictionRow(body, principal, contract) : undefined;
    const posted = digestOfPosted(body as unknown as KeptPrediction, type, salt);
    const opening = encodeOpening({ salt, contentDigest: posted ?? new Uint8Array(CONTENT_DIGEST_BYTES), payload });
    const sealed = await this.seal(type === 'prediction' ? subject : undefined, { commitment, time: Date.parse(time) }, opening);
    return sealed && { ...sealed, prediction, confirmed: type !== 'prediction' || posted !== undefined };
  }

  /**
   * Under the data subject's key where that is still there, so that an erasure finds it; otherwise under one of its own.
   * Undefined where the subject may have been erased since: what was erased does not come back by a receipt.
   */
  private async seal(subject: string | undefined, entry: { commitment: string; time: number }, opening: Uint8Array): Promise<Pick<RecoveredPayload, 'draft' | 'subject'> | undefined> {
    const shared = subject === undefined ? undefined : await this.vault.keyOfSubject(subject);
    if (shared !== undefined) return { draft: { key: shared.id, sealed: shared.seal('payload', entry.commitment, opening) } };
    if (subject !== undefined && this.lastErasure >= entry.time) {
      this.withheld += 1;
      return undefined;
    }
    const { key, row } = this.vault.ownKey();
    const draft = { key: key.id, sealed: key.seal('payload', entry.commitment, opening), ...(row !== undefined && { ownKey: row }) };
    return { draft, subject: subject === undefined ? undefined : fromHex(subject.slice('sub_'.length), SUBJECT_BYTES) };
  }
}

const SUBJECT_BYTES = 12;

/** A prediction as a payload keeps it. */
type KeptPrediction = Prediction & { handling?: JsonValue; exceptions?: JsonValue };

/**
 * Where what is kept is what was posted, its digest: a retry finds it. Where a token, an opaque id or less of a value took
 * the place of something, nobody can tell what was posted, and the first retry that agrees in all else shows it (`confirm-retry.ts`).
 */
function digestOfPosted(body: KeptPrediction, type: string, salt: Uint8Array): Uint8Array | undefined {
  if (type !== 'prediction' || body.subject !== undefined || body.handling !== undefined) return undefined;
  // What the service found out of order was not posted.
  const { trace: _trace, exceptions: _exceptions, ...content } = body;
  return contentDigest(salt, canonicalize({ ...content }));
}
