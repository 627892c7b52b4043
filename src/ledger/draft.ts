import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { hmacInPlace } from '../vault/native-hmac.ts';
import { CONTENT_DIGEST_BYTES, SALT_BYTES } from '../vault/opening.ts';
import type { LogVault, SealingKey } from '../vault/log-vault.ts';
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

/** What an entry is drafted from. */
export interface Draftable {
  type: string;
  /** Canonical text. */
  payload: string;
  /** Gives the digest of the posted content under the entry's salt, 32 bytes. */
  digestOf?: ((salt: Uint8Array) => Uint8Array) | undefined;
  /** What the payload's tokens stand for. */
  originals?: Uint8Array | undefined;
}

/**
 * Salts, commits to and seals a payload.
 *
 * @param version the vault's version from before the key was asked for
 */
export function draftEntry(key: SealingKey, version: number, { type, payload, digestOf, originals }: Draftable): EntryDraft {
  if (scratch.length < HEAD_BYTES + payload.length * 3) scratch = Buffer.alloc(HEAD_BYTES + payload.length * 3);
  const end = HEAD_BYTES + scratch.write(payload, HEAD_BYTES);
  const salt = randomBytes(SALT_BYTES);
  const commitment = hmacInPlace(salt, scratch, end);
  scratch.set(salt, 0);
  scratch.set(digestOf?.(salt) ?? NOTHING_POSTED, SALT_BYTES);
  const sealed = key.seal('payload', commitment, scratch.subarray(0, end));
  scratch.fill(0, 0, end); // neither salt nor payload stays here while the process is idle
  return { type, commitment, key: key.id, sealed, vault: version, ...(originals !== undefined && { originals: key.seal('originals', commitment, originals) }) };
}

/** An entry whose payload has a key of its own. */
export function draftOwnEntry(vault: LogVault, from: Draftable): EntryDraft {
  const { key, row } = vault.ownKey();
  const draft = draftEntry(key, vault.version, from);
  if (row !== undefined) draft.ownKey = row;
  draft.again = () => draftOwnEntry(vault, from);
  return draft;
}

/** An entry by which the system records its own change of state. */
export function draftSystemEntry(vault: LogVault, { type, v, body }: SystemPayload): EntryDraft {
  return draftOwnEntry(vault, { type, payload: canonicalize({ type, v, principal: SYSTEM, rule: SYSTEM, contract: null, body }) });
}
