import { utf8, toHex } from './bytes.ts';
import { canonicalize } from './canonical-json.ts';
import { closedObject } from './closed-object.ts';
import { CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';
import { parseIndices, parseReceiptMembers, type Receipt } from './receipt.ts';
import { sha256 } from './sha256.ts';
import { parseStrictJson } from './strict-json.ts';
import { NEVER_PROVED, verifyOpened } from './verify-receipt.ts';
import type { VerifierKey } from './vkey.ts';

const MALFORMED = 'certificate-malformed';
const TYPE = 'prediction-ledger-erasure-certificate';
const KEYS = ['type', 'v', 'request', 'vkey', 'erasure', 'succession', 'irrecoverable', 'ends', 'statement'] as const;

/** What a certificate that holds has shown. */
export interface CertificateReport {
  kind: 'certificate';
  /** The request that was granted, and the entry that erased: leaf index, time, log. */
  request: string;
  index: number;
  time: string;
  origin: string;
  /** Payloads that went: in this log, and in those that it succeeds. */
  erased: number;
  /** From when on no key opens what was erased, as far as this log's own entries show it; null where they do not yet. */
  irrecoverableFrom: string | null;
  proved: string[];
  notProved: string[];
}

interface Part {
  indices: { count: number; digest: string };
  keys: { id: number; epoch: number | null }[];
}

interface Body extends Part {
  request: string;
  succession: (Part & { origin: string })[];
}

/**
 * Verifies an erasure certificate (docs/spec/certificate.md) against the log's key, offline.
 *
 * @throws CoreError `json-*`, `certificate-malformed`, `erasure-unproven`; and as a receipt is refused
 */
export function verifyCertificate(text: string, vkey: VerifierKey): CertificateReport {
  const members = closedObject(parseStrictJson(text), KEYS, MALFORMED);
  if (members.type !== TYPE || members.v !== 1) throw malformed('type and v are those of an erasure certificate, version 1', '/type');
  const { indices, ...receipt } = closedObject(members.erasure, ['entry', 'salt', 'payload', 'proof', 'indices'], MALFORMED, '/erasure');
  const { entry, payload } = verifyOpened(parseReceiptMembers(receipt, '/erasure'), vkey);
  // Version 1 of the type is the service's own word after a restoration, and grants no request.
  if (entry.type !== 'erasure' || payload.v < 2) throw unproven(`entry ${entry.index} grants no erasure`);
  const body = payload.body as unknown as Body;
  if (members.request !== body.request) throw unproven('the entry grants another request');
  let erased = checkList(body.indices, indices, '/erasure/indices');
  const lists = listsOf(members.succession);
  if (lists.length !== body.succession.length) throw unproven('the entry names another number of logs that its log succeeds');
  for (const [i, { origin, indices: stated }] of body.succession.entries()) {
    const list = lists.find((each) => each.origin === origin);
    if (list === undefined) throw unproven(`the list of what was erased in ${origin} is not there`);
    erased += checkList(stated, list.indices, `/succession/${i}/indices`);
  }
  const ends = endsOf(members.ends).map((each) => endOf(each, entry.index, vkey));
  const open = epochsOf(entry.origin, body).filter(({ origin, epoch }) => !ends.some((end) => end.origin === origin && end.epoch === epoch));
  const from = open.length > 0 || ends.length === 0 ? null : ends.map(({ time }) => time).reduce((a, b) => (a > b ? a : b));
  return {
    kind: 'certificate', request: body.request, index: entry.index, time: entry.time, origin: entry.origin, erased, irrecoverableFrom: from,
    proved: [
      `Entry ${entry.index} of ${entry.origin}, timed ${entry.time} by the log, granted the request ${body.request}, and it stands in the tree that the key ${vkey.name}+${toHex(vkey.keyId)} signed.`,
      `It commits to exactly the ${erased} entries that this certificate lists, whose payloads it erased${body.succession.length > 0 ? ', in this log and those that it succeeds' : ''}.`,
      ...ends.map(({ origin, epoch, time }) => `Epoch ${epoch} of the keys of ${origin} ended by an entry of ${time}, after the erasure.`),
      ...(from === null ? [] : [`Every epoch of keys that had wrapped what was erased has ended: irrecoverable from ${from}, as the log states.`]),
    ],
    notProved: [
      ...open.map(({ origin, epoch }) => `That epoch ${epoch} of the keys of ${origin} has ended: until it has, a backup from before the erasure could be opened.`),
      'That keys whose end the log states were destroyed in every copy, and that nobody kept a payload outside of the ledger.',
      'Whom the opaque id stands for: nothing leads to that any more.',
      ...NEVER_PROVED,
    ],
  };
}

/** @returns how many entries it lists */
function checkList(stated: Part['indices'], value: JsonValue, at: string): number {
  const indices = Array.isArray(value) && value.length === 0 ? [] : parseIndices(value, at);
  if (stated.count !== indices.length || stated.digest !== toHex(sha256(utf8(canonicalize(indices))))) throw unproven(`the entry commits to another list than that at ${at}`);
  return indices.length;
}

function listsOf(value: JsonValue): { origin: string; indices: JsonValue }[] {
  if (!Array.isArray(value)) throw malformed('succession is an array', '/succession');
  return value.map((each, i) => {
    const { origin, indices } = closedObject(each, ['origin', 'indices'], MALFORMED, `/succession/${i}`);
    if (typeof origin !== 'string') throw malformed('origin is a string', `/succession/${i}/origin`);
    return { origin, indices };
  });
}

function endsOf(value: JsonValue): Receipt[] {
  if (!Array.isArray(value)) throw malformed('ends is an array', '/ends');
  return value.map((each, i) => parseReceiptMembers(closedObject(each, ['entry', 'salt', 'payload', 'proof'], MALFORMED, `/ends/${i}`), `/ends/${i}`));
}

/** The end of an epoch, where its receipt shows it, behind the erasure. */
function endOf(receipt: Receipt, erasure: number, vkey: VerifierKey): { origin: string; epoch: number; time: string } {
  const { entry, payload } = verifyOpened(receipt, vkey);
  if (entry.type !== 'key-epoch-ended' || entry.index <= erasure) throw unproven(`entry ${entry.index} ends no epoch of keys after the erasure`);
  const { origin, epoch } = payload.body as { origin: string; epoch: number };
  return { origin, epoch, time: entry.time };
}

/** The epochs that had wrapped the keys; 0 where a key is from before there were epochs, whose end no entry shows. */
function epochsOf(own: string, body: Body): { origin: string; epoch: number }[] {
  const all = [{ ...body, origin: own }, ...body.succession].flatMap(({ origin, keys }) => keys.map(({ epoch }) => ({ origin, epoch: epoch ?? 0 })));
  return all.filter(({ origin, epoch }, i) => all.findIndex((each) => each.origin === origin && each.epoch === epoch) === i);
}

function malformed(why: string, at: string): CoreError {
  return new CoreError(MALFORMED, why, at);
}

function unproven(why: string): CoreError {
  return new CoreError('erasure-unproven', `erasure: ${why}`);
}
