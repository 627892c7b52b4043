import { hash } from 'node:crypto';
import { canonicalize, joinMembers, memberTexts, writeString, type MemberTexts } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { MAX_PAYLOAD_BYTES } from '../core/payload.ts';
import { readJson } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';
import { draftEntry } from '../ledger/draft.ts';
import type { EntryDraft } from '../ledger/entry-draft.ts';
import type { Serving } from '../models/serving.ts';
import { BLOCK_BYTES, hmacInPlace } from '../vault/native-hmac.ts';
import type { LogVault, SealingKey } from '../vault/log-vault.ts';
import type { Original } from '../vault/original.ts';
import { tokenize } from '../vault/tokenize.ts';
import { faultsOf, type Prediction } from './prediction.ts';
import { linksOf } from './links.ts';

type JsonObject = { [name: string]: JsonValue };

/** A posted prediction that has the right form: what is kept of it, and what tells the same content from another. */
export interface Posted {
  prediction: Prediction;
  /** Canonical JSON of the posted record without `trace`. */
  content: string;
  /** Its members as they were posted, in canonical form. */
  members: MemberTexts;
}

/** Under which authority a prediction is taken in. */
export interface Intake {
  /** Opaque id of who hands it in. */
  principal: string;
  /** The rule that lets them. */
  rule: string;
  /** `name@version` of the contract that governs it. */
  contract: string | null;
  /** What tokens take the place of. */
  originals: readonly Original[];
  /** What was done to its values, for the payload. */
  handling: JsonValue | undefined;
  /** The members in which something was done to it; the others are as they were posted. */
  touched: readonly string[];
  /** How its model version stands, at the vault version of the log or later. */
  serving: Serving;
  /** Whether it still does, at a later one, or at a time in ms since 1970. */
  stays: (vault: number, time?: number) => boolean | Promise<boolean>;
}

/** The model version stands otherwise than when the prediction was judged: it is to be judged anew. Nothing was taken in. */
export class ServingChangedError extends Error {
  override readonly name = 'ServingChangedError';
}

/**
 * Reads one posted record: strict JSON, the prediction's form, canonical bytes.
 *
 * @throws Problem `malformed-json`, `invalid-json`, `invalid-record`, `payload-too-large`
 */
export function readPosted(bytes: Uint8Array, maxDepth: number): Posted {
  const prediction = parse(bytes, maxDepth);
  const members = memberTexts(prediction as unknown as JsonObject);
  const { trace: _trace, ...rest } = members;
  const content = joinMembers(rest);
  checkSize(content);
  return { prediction, content, members };
}

/**
 * Makes a judged prediction into an entry's draft: the data subject's opaque id in the place of the reference, tokens in the
 * place of originals, then canonical bytes, salt, commitment and seal. At once where the subject and its tokens are known.
 *
 * @throws Problem `payload-too-large`
 */
export function draftPrediction(vault: LogVault, posted: Posted, intake: Intake): EntryDraft | Promise<EntryDraft> {
  const { version } = vault;
  const { subject: reference } = posted.prediction;
  if (reference === undefined) {
    const { key, row } = vault.ownKey();
    return draftUnder(vault, key, version, posted, intake, row);
  }
  const key = vault.subjectKey(reference);
  return key instanceof Promise
    ? key.then((found) => draftUnder(vault, found, version, posted, intake, undefined))
    : draftUnder(vault, key, version, posted, intake, undefined);
}

function draftUnder(vault: LogVault, key: SealingKey, version: number, posted: Posted, intake: Intake, ownKey: EntryDraft['ownKey']): EntryDraft | Promise<EntryDraft> {
  const finish = (originals: Uint8Array | undefined): EntryDraft => {
    const { prediction, content } = posted;
    const payload = payloadText(posted, key.subject, intake);
    const draft = draftEntry(key, version, { type: 'prediction', payload, digestOf: (salt) => contentDigest(salt, content), originals });
    if (ownKey !== undefined) draft.ownKey = ownKey;
    const { id, model, version: modelVersion, deployment, decision, purpose } = prediction;
    const { serving, stays } = intake;
    draft.prediction = { id, model, version: modelVersion, deployment, outcome: decision?.outcome, principal: intake.principal, exceptions: serving.bits, contract: intake.contract ?? undefined, purpose, ...linksOf(prediction) };
    draft.until = serving.until;
    draft.stays = stays;
    draft.again = async (time) => {
      if (!(await stays(vault.version, time))) throw new ServingChangedError();
      return draftPrediction(vault, posted, intake);
    };
    return draft;
  };
  const originals = tokenize(vault, key, intake.originals);
  return originals instanceof Promise ? originals.then(finish) : finish(originals);
}

function payloadText(posted: Posted, subject: string | undefined, { principal, rule, contract, handling, touched, serving }: Intake): string {
  // What was written for the content stands, but where the contract has changed something.
  const body = { ...posted.members };
  for (const name of touched) {
    const value = (posted.prediction as unknown as { [name: string]: JsonValue | undefined })[name];
    if (value === undefined) Reflect.deleteProperty(body, name);
    else body[name] = canonicalize(value);
  }
  if (subject !== undefined) body['subject'] = writeString(subject);
  if (handling !== undefined) body['handling'] = canonicalize(handling);
  if (serving.text !== undefined) body['exceptions'] = serving.text;
  // RFC 8785 form: the keys of a payload in order, each value canonical.
  const payload = `{"body":${joinMembers(body)},"contract":${JSON.stringify(contract)},"principal":"${principal}","rule":"${rule}","type":"prediction","v":3}`;
  checkSize(payload);
  return payload;
}

/** A UTF-16 code unit takes at most three bytes, so nearly no text need be measured. */
function checkSize(text: string): void {
  if (text.length > MAX_PAYLOAD_BYTES / 3 && Buffer.byteLength(text) > MAX_PAYLOAD_BYTES) {
    throw new Problem('payload-too-large', `A record is at most ${MAX_PAYLOAD_BYTES} bytes in canonical form: hand in large inputs by digest and URI.`);
  }
}

const PREFIX = 'content\n';
// Synchronous, so one scratch serves all.
const digested = Buffer.alloc(BLOCK_BYTES + PREFIX.length + 64);
digested.write(PREFIX, BLOCK_BYTES);

/**
 * HMAC-SHA-256(salt, "content" LF hex SHA-256(content)): tells the same content again, and says nothing once the salt is
 * gone. No payload begins like this, so it can never be a commitment.
 */
export function contentDigest(salt: Uint8Array, content: string): Buffer {
  digested.write(hash('sha256', content, 'hex'), BLOCK_BYTES + PREFIX.length, 'latin1');
  const digest = Buffer.from(hmacInPlace(salt, digested, digested.length), 'hex');
  digested.fill(0, 0, BLOCK_BYTES);
  return digest;
}

function parse(bytes: Uint8Array, maxDepth: number): Prediction {
  const record = readJson(bytes, maxDepth);
  const errors = faultsOf(record);
  if (errors.length > 0) throw new Problem('invalid-record', 'The record does not have the form of a prediction; see errors for every place.', { errors });
  return record as unknown as Prediction;
}
