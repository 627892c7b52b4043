import { hash } from 'node:crypto';
import { canonicalize } from '../core/canonical-json.ts';
import { MAX_PAYLOAD_BYTES } from '../core/payload.ts';
import { readJson } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { draftEntry } from '../ledger/draft.ts';
import type { EntryDraft } from '../ledger/entry-draft.ts';
import { hmacHex } from '../vault/native-hmac.ts';
import type { PayloadSealer } from '../vault/payload-sealer.ts';
import type { Appender } from './appender.ts';
import { faultsOf, type Prediction } from './prediction.ts';

/** A posted prediction that passed every check: what is kept of it, and what tells the same content from another. */
export interface Prepared {
  prediction: Prediction;
  /** Canonical JSON of the posted record without `trace`. */
  content: string;
  /** Canonical JSON of the payload. */
  payload: string;
  /** Who handed it in. */
  principal: string;
}

/**
 * Reads one posted record: strict JSON, the prediction's form, canonical bytes.
 *
 * @throws Problem `malformed-json`, `invalid-json`, `invalid-record`, `payload-too-large`; `forbidden` where a rule's conditions do not hold for it
 */
export function prepare(bytes: Uint8Array, by: Appender, maxDepth: number): Prepared {
  const prediction = parse(bytes, maxDepth);
  const rule = typeof by.rule === 'string' ? by.rule : by.rule(prediction);
  const { trace, ...rest } = prediction;
  const content = canonicalize(rest);
  const body = trace === undefined ? content : insertTrace(content, prediction.version, trace);
  // RFC 8785 form: the keys of a payload in order, each value canonical.
  const payload = `{"body":${body},"contract":null,"principal":"${by.principal}","rule":"${rule}","type":"prediction","v":1}`;
  // A UTF-16 code unit takes at most three bytes, so nearly every payload need not be measured.
  if (payload.length > MAX_PAYLOAD_BYTES / 3 && Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) {
    throw new Problem('payload-too-large', `A record is at most ${MAX_PAYLOAD_BYTES} bytes in canonical form: hand in large inputs by digest and URI.`);
  }
  return { prediction, content, payload, principal: by.principal };
}

/** Salts, commits to and seals a prepared prediction. */
export function draftPrediction(sealer: PayloadSealer, { prediction, content, payload, principal }: Prepared): EntryDraft {
  const draft = draftEntry(sealer, 'prediction', payload, (salt) => contentDigest(salt, content));
  const { id, model, version, deployment, decision } = prediction;
  draft.prediction = { id, model, version, deployment, outcome: decision?.outcome, principal };
  return draft;
}

/**
 * HMAC-SHA-256(salt, "content" LF hex SHA-256(content)): tells the same content again, and says nothing once the salt is
 * gone. No payload begins like this, so it can never be a commitment.
 */
export function contentDigest(salt: Uint8Array, content: string): Buffer {
  return Buffer.from(hmacHex(salt, Buffer.from(`content\n${hash('sha256', content, 'hex')}`)), 'hex');
}

function parse(bytes: Uint8Array, maxDepth: number): Prediction {
  const record = readJson(bytes, maxDepth);
  const errors = faultsOf(record);
  if (errors.length > 0) throw new Problem('invalid-record', 'The record does not have the form of a prediction; see errors for every place.', { errors });
  return record as unknown as Prediction;
}

/**
 * Puts `trace` back into its place. `version` is the last key of a prediction in canonical order and `trace` the one
 * before it, so the place is a fixed distance from the end; canonicalizing twice would cost as much as all hashing.
 */
function insertTrace(content: string, version: string, trace: string): string {
  const tail = `,"version":${JSON.stringify(version)}}`;
  return `${content.slice(0, -tail.length)},"trace":${JSON.stringify(trace)}${tail}`;
}
