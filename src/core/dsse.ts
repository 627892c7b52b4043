import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, fromBase64, fromUtf8, toBase64, utf8 } from './bytes.ts';
import { canonicalize } from './canonical-json.ts';
import { closedObject } from './closed-object.ts';
import { CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';
import { parseStrictJson } from './strict-json.ts';

/** What is signed, with its signatures (DSSE 1.0, envelope.md). `keyid` is a hint and never authenticated. */
export interface DsseEnvelope {
  payloadType: string;
  payload: Uint8Array;
  signatures: { keyid: string; sig: Uint8Array }[];
}

const MALFORMED = 'dsse-malformed';

/** Pre-authentication encoding (DSSE 1.0, protocol.md): the bytes that are signed, which no other format's message can be. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

/** The envelope's JSON text, canonical (RFC 8785). */
export function formatDsse({ payloadType, payload, signatures }: DsseEnvelope): string {
  return canonicalize({
    payload: toBase64(payload),
    payloadType,
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) })),
  });
}

/** Takes an envelope apart; nothing of it is verified. @throws CoreError `json-*`, `dsse-malformed` with `at` = JSON pointer */
export function parseDsse(text: string): DsseEnvelope {
  const { payload, payloadType, signatures } = closedObject(parseStrictJson(text), ['payload', 'payloadType', 'signatures'], MALFORMED);
  if (typeof payloadType !== 'string' || payloadType === '') throw malformed('payloadType is a string, not empty', '/payloadType');
  if (!Array.isArray(signatures) || signatures.length === 0) throw malformed('signatures is an array, not empty', '/signatures');
  return { payloadType, payload: decode(payload, '/payload'), signatures: signatures.map(parseSignature) };
}

function parseSignature(value: JsonValue, i: number): DsseEnvelope['signatures'][number] {
  const at = `/signatures/${i}`;
  const { keyid, sig } = closedObject(value, ['keyid', 'sig'], MALFORMED, at);
  if (typeof keyid !== 'string') throw malformed('keyid is a string', `${at}/keyid`);
  return { keyid, sig: decode(sig, `${at}/sig`) };
}

/**
 * The payload of an envelope that this Ed25519 key (32 bytes) signed.
 *
 * @throws CoreError `dsse-malformed` for another type of payload, `dsse-signature-invalid`
 */
export function openDsse({ payloadType, payload, signatures }: DsseEnvelope, type: string, publicKey: Uint8Array): string {
  if (payloadType !== type) throw malformed(`the payload is not ${type}`, '/payloadType');
  const message = preAuthEncoding(payloadType, payload);
  // zip215: false is the strict check of RFC 8032 §5.1.7, as for checkpoints.
  const signed = signatures.some(({ sig }) => sig.length === 64 && ed25519.verify(sig, message, publicKey, { zip215: false }));
  if (!signed) throw new CoreError('dsse-signature-invalid', 'the key did not sign this envelope');
  return fromUtf8(payload);
}

function decode(value: JsonValue, at: string): Uint8Array {
  if (typeof value !== 'string') throw malformed('expected padded base64', at);
  try {
    return fromBase64(value);
  } catch {
    throw malformed('expected padded base64', at);
  }
}

function malformed(why: string, at: string): CoreError {
  return new CoreError(MALFORMED, `not a DSSE envelope: ${why}`, at);
}
