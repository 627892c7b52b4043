import { utf8 } from './bytes.ts';
import { canonicalize } from './canonical-json.ts';
import { closedObject } from './closed-object.ts';
import { CoreError } from './core-error.ts';
import { isTypeName } from './entry.ts';
import type { JsonValue } from './json-value.ts';
import { parseStrictJson } from './strict-json.ts';

/** Largest payload in UTF-8 bytes; what is larger goes into a payload by digest and URI. */
export const MAX_PAYLOAD_BYTES = 262_144;

/** What an entry commits to. `docs/spec/payloads.md` gives each type and version its body. */
export interface Payload {
  /** As in the entry. */
  type: string;
  /** The version of the body's schema, from 1. */
  v: number;
  /** Random opaque id of who acted. */
  principal: string;
  /** The policy rule that let them. */
  rule: string;
  /** The data contract that the body was held to, where there is one. */
  contract: string | null;
  body: JsonValue;
}

const KEYS = ['body', 'contract', 'principal', 'rule', 'type', 'v'] as const;

/**
 * The payload's canonical JSON (RFC 8785), whose UTF-8 bytes are what an entry commits to.
 *
 * @throws CoreError `payload-malformed` (`at` = JSON pointer), `payload-too-large`, and as `canonicalize`
 */
export function encodePayload(payload: Payload): string {
  const { type, v, principal, rule, contract, body } = payload;
  const text = canonicalize({ ...checkMembers({ type, v, principal, rule, contract, body }) });
  checkSize(text);
  return text;
}

/**
 * The payload in a text, which must be exactly what `encodePayload` writes for it.
 *
 * @throws CoreError `payload-too-large`, `json-*`, `payload-malformed` (`at` = JSON pointer)
 */
export function parsePayload(text: string): Payload {
  checkSize(text);
  const members = closedObject(parseStrictJson(text), KEYS, 'payload-malformed');
  const payload = checkMembers(members);
  if (canonicalize(members) !== text) {
    throw new CoreError('payload-malformed', 'a payload is the canonical JSON (RFC 8785) of itself', '');
  }
  return payload;
}

function checkMembers(members: Record<keyof Payload, JsonValue>): Payload {
  const { type, v, principal, rule, contract, body } = members;
  if (typeof type !== 'string' || !isTypeName(type)) throw malformed('type', 'is lower-case words joined by hyphens');
  if (typeof v !== 'number' || !Number.isSafeInteger(v) || v < 1) throw malformed('v', 'is an integer from 1');
  if (typeof principal !== 'string' || principal === '') throw malformed('principal', 'is a string, not empty');
  if (typeof rule !== 'string' || rule === '') throw malformed('rule', 'is a string, not empty');
  if (contract !== null && (typeof contract !== 'string' || contract === '')) {
    throw malformed('contract', 'is null or a string, not empty');
  }
  return { type, v, principal, rule, contract, body };
}

function checkSize(text: string): void {
  // UTF-8 has one to three bytes for each UTF-16 code unit, so the bytes need counting in a narrow band only.
  if (text.length * 3 <= MAX_PAYLOAD_BYTES) return;
  if (text.length > MAX_PAYLOAD_BYTES || utf8(text).length > MAX_PAYLOAD_BYTES) {
    throw new CoreError('payload-too-large', `a payload has at most ${MAX_PAYLOAD_BYTES} bytes`);
  }
}

function malformed(name: keyof Payload, rule: string): CoreError {
  return new CoreError('payload-malformed', `${name} ${rule}`, `/${name}`);
}
