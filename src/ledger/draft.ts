import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { hmacHex } from '../vault/native-hmac.ts';
import { CONTENT_DIGEST_BYTES, SALT_BYTES, type PayloadSealer } from '../vault/payload-sealer.ts';
import { randomBytes } from '../vault/random-bytes.ts';
import type { EntryDraft } from './entry-draft.ts';

/** Who is named where the system itself acts: it needs no rule to. */
export const SYSTEM = 'system';

/** An entry's payload before it is sealed; see docs/spec/payloads.md for each type's body. */
export interface SystemPayload {
  type: string;
  v: number;
  body: JsonValue;
}

const NOTHING_POSTED = new Uint8Array(CONTENT_DIGEST_BYTES);

/** Salts, commits to and seals a payload's canonical bytes. */
export function draftEntry(sealer: PayloadSealer, type: string, payload: Uint8Array, salt: Uint8Array, contentDigest: Uint8Array): EntryDraft {
  const commitment = hmacHex(salt, payload);
  return { type, commitment, ...sealer.seal({ salt, contentDigest, payload }, commitment) };
}

/** An entry by which the system records its own change of state. */
export function draftSystemEntry(sealer: PayloadSealer, { type, v, body }: SystemPayload): EntryDraft {
  const payload = canonicalize({ type, v, principal: SYSTEM, rule: SYSTEM, contract: null, body });
  return draftEntry(sealer, type, Buffer.from(payload), randomBytes(SALT_BYTES), NOTHING_POSTED);
}
