import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { hmacInPlace } from '../vault/native-hmac.ts';
import { CONTENT_DIGEST_BYTES, SALT_BYTES } from '../vault/opening.ts';
import type { PayloadSealer } from '../vault/payload-sealer.ts';
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
const HEAD_BYTES = SALT_BYTES + CONTENT_DIGEST_BYTES;
const FIRST_CAPACITY = 16 * 1024;

// The payload is written once, behind room for 64 bytes: first the block that an HMAC needs before its message, then,
// in the same place, the salt and content digest that are sealed with it. Synchronous, so one scratch serves all.
let scratch = Buffer.alloc(FIRST_CAPACITY);

/**
 * Salts, commits to and seals a payload.
 *
 * @param payload canonical text
 * @param digestOf gives the digest of the posted content under the entry's salt, 32 bytes
 */
export function draftEntry(sealer: PayloadSealer, type: string, payload: string, digestOf?: (salt: Uint8Array) => Uint8Array): EntryDraft {
  if (scratch.length < HEAD_BYTES + payload.length * 3) scratch = Buffer.alloc(HEAD_BYTES + payload.length * 3);
  const end = HEAD_BYTES + scratch.write(payload, HEAD_BYTES);
  const salt = randomBytes(SALT_BYTES);
  const commitment = hmacInPlace(salt, scratch, end);
  scratch.set(salt, 0);
  scratch.set(digestOf?.(salt) ?? NOTHING_POSTED, SALT_BYTES);
  const { key, sealed } = sealer.seal(scratch.subarray(0, end), commitment);
  scratch.fill(0, 0, end); // neither salt nor payload stays here while the process is idle
  return { type, commitment, key, sealed };
}

/** An entry by which the system records its own change of state. */
export function draftSystemEntry(sealer: PayloadSealer, { type, v, body }: SystemPayload): EntryDraft {
  return draftEntry(sealer, type, canonicalize({ type, v, principal: SYSTEM, rule: SYSTEM, contract: null, body }));
}
