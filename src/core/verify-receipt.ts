import { equalBytes, fromHex, toHex, utf8 } from './bytes.ts';
import { canonicalize } from './canonical-json.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { commitment, SALT_BYTES } from './commitment.ts';
import { CoreError } from './core-error.ts';
import { type Entry, parseEntry } from './entry.ts';
import { verifyInclusion } from './inclusion-proof.ts';
import type { JsonValue } from './json-value.ts';
import { leafHash } from './merkle-tree.ts';
import { type Payload, parsePayload } from './payload.ts';
import type { ErasedReceipt, Erasure, Receipt } from './receipt.ts';
import { sha256 } from './sha256.ts';
import { parseTlogProof } from './tlog-proof.ts';
import type { VerifierKey } from './vkey.ts';

/** What a receipt that holds has shown, and what no receipt can show. */
export interface ReceiptReport {
  kind: 'receipt' | 'erased' | 'proof';
  /** The entry's leaf index, time, type and log. */
  index: number;
  time: string;
  type: string;
  origin: string;
  /** Entries under the checkpoint that proves it. */
  treeSize: number;
  /** Leaf index and time of the entry that erased its payload. */
  erasure?: { index: number; time: string };
  /** Sentences, fit to be shown. */
  proved: string[];
  notProved: string[];
}

/** An entry with the checkpoint that holds it. */
interface ProvedEntry {
  entry: Entry;
  checkpoint: Checkpoint;
}

/** Types of the entries by which payloads go: on request, or because their time is over. */
const AUTHORITIES: readonly string[] = ['erasure', 'disposition'];

export const NEVER_PROVED = [
  'That the log shows everyone the same tree: no witness cosignatures were checked.',
  'That every prediction was logged, or anything else about other entries: verify the whole log for what it holds.',
  'That the clock of the log was right.',
];

/**
 * Verifies a receipt against the log's key, offline: entry, commitment, payload, then the proof of the entry.
 *
 * @param receipt as `parseReceipt` gave it
 * @throws CoreError at the first thing that fails, with a message that begins with the receipt's member; what fails in
 *   the erasure of an erased receipt is `erasure-unproven`
 */
export function verifyReceipt(receipt: Receipt | ErasedReceipt, vkey: VerifierKey): ReceiptReport {
  if ('erasure' in receipt) return verifyErased(receipt, vkey);
  const { entry, checkpoint } = verifyOpened(receipt, vkey);
  return {
    ...summary('receipt', entry, checkpoint),
    proved: [
      ...entryProved(entry, checkpoint, vkey),
      'The payload and salt in this receipt are, byte for byte, those that the entry committed to.',
    ],
    notProved: ['That what the producer wrote in the payload is true.', ...NEVER_PROVED],
  };
}

/**
 * Verifies the proof of an entry whose payload is not at hand.
 *
 * @param entry the leaf's exact text
 * @param proof the text of a tlog-proof
 * @throws CoreError at the first thing that fails, with a message that begins with "entry" or "proof"
 */
export function verifyEntryProof(entry: string, proof: string, vkey: VerifierKey): ReceiptReport {
  const proved = verifyProof(parsePart(entry), proof, entry, vkey);
  return {
    ...summary('proof', proved.entry, proved.checkpoint),
    proved: entryProved(proved.entry, proved.checkpoint, vkey),
    notProved: ['What the payload says, or that there still is one.', ...NEVER_PROVED],
  };
}

function verifyErased(receipt: ErasedReceipt, vkey: VerifierKey): ReceiptReport {
  const { entry, checkpoint } = verifyProof(parsePart(receipt.entry), receipt.proof, receipt.entry, vkey);
  const by = verifyErasure(receipt.erasure, entry.index, vkey);
  return {
    ...summary('erased', entry, checkpoint),
    erasure: { index: by.index, time: by.time },
    proved: [
      ...entryProved(entry, checkpoint, vkey),
      `Its payload was erased with authority: entry ${by.index} of the same log, of type ${by.type}, timed ${by.time}, ` +
        `commits to a list of ${receipt.erasure.indices.length} erased entries that holds this one.`,
    ],
    notProved: [
      'What the payload said.',
      'That no copy of the payload is left anywhere outside of the ledger.',
      ...NEVER_PROVED,
    ],
  };
}

/** Verifies a receipt with its payload; gives what it holds. @throws CoreError */
export function verifyOpened(receipt: Receipt, vkey: VerifierKey): ProvedEntry & { payload: Payload } {
  const entry = parsePart(receipt.entry);
  const committed = within('salt', () => commitment(fromHex(receipt.salt, SALT_BYTES), utf8(receipt.payload)));
  if (!equalBytes(committed, fromHex(entry.commitment))) {
    throw new CoreError('commitment-mismatch', 'the entry did not commit to this payload under this salt');
  }
  const payload = within('payload', () => parsePayload(receipt.payload));
  if (payload.type !== entry.type) {
    throw new CoreError('payload-malformed', `payload: of type ${payload.type} in an entry of ${entry.type}`, '/type');
  }
  return { ...verifyProof(entry, receipt.proof, receipt.entry, vkey), payload };
}

function parsePart(entry: string): Entry {
  return within('entry', () => parseEntry(utf8(entry)));
}

/** Verifies that the log signed a tree that holds the entry, whose exact text is `text`. */
function verifyProof(entry: Entry, proofText: string, text: string, vkey: VerifierKey): ProvedEntry {
  return within('proof', () => {
    const proof = parseTlogProof(proofText);
    if (proof.index !== entry.index) {
      const why = `it is of leaf ${proof.index}, the entry says that it is ${entry.index}`;
      throw new CoreError('inclusion-invalid', why, String(proof.index));
    }
    const checkpoint = openCheckpoint(proof.checkpoint, vkey);
    if (entry.origin !== checkpoint.origin) {
      const why = `the entry is of ${entry.origin}, the checkpoint of ${checkpoint.origin}`;
      throw new CoreError('origin-mismatch', why);
    }
    const { size, root } = checkpoint;
    verifyInclusion({ index: proof.index, size, leaf: leafHash(utf8(text)), path: proof.path, root });
    return { entry, checkpoint };
  });
}

/** The entry that erased entry `index`, when it is proved that it did. */
function verifyErasure(erasure: Erasure, index: number, vkey: VerifierKey): Entry {
  try {
    const { entry, payload } = verifyOpened(erasure, vkey);
    if (!AUTHORITIES.includes(entry.type)) throw unproven(`entry ${entry.index} is of type ${entry.type}, not ${AUTHORITIES.join(' or ')}`);
    // What was erased was there before: nobody holds an authority to erase what is yet to come.
    if (entry.index <= index) throw unproven(`erasure ${entry.index} does not come after entry ${index}`);
    checkIndices(payload.body, erasure.indices);
    if (!erasure.indices.includes(index)) throw unproven(`entry ${index} is not in the list of erased entries`);
    return entry;
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new CoreError('erasure-unproven', `erasure: ${error.message}`, error.at);
  }
}

/** Checks the list against the erasure's body, which holds `indices: {count, digest}`, and other members as it likes. */
function checkIndices(body: JsonValue, indices: number[]): void {
  const stated = memberOf(body, 'indices');
  if (memberOf(stated, 'count') !== indices.length) throw unproven('its payload states another count of indices');
  if (memberOf(stated, 'digest') !== toHex(sha256(utf8(canonicalize(indices))))) {
    throw unproven('its payload commits to another list of indices');
  }
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function unproven(why: string): CoreError {
  return new CoreError('erasure-unproven', why);
}

/** Runs a check and puts the name of the member that it is about before its error. */
function within<T>(member: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    throw new CoreError(error.code, `${member}: ${error.message}`, error.at);
  }
}

function summary(kind: ReceiptReport['kind'], entry: Entry, checkpoint: Checkpoint) {
  const { index, time, type, origin } = entry;
  return { kind, index, time, type, origin, treeSize: checkpoint.size };
}

function entryProved(entry: Entry, checkpoint: Checkpoint, vkey: VerifierKey): string[] {
  return [
    `The key ${vkey.name}+${toHex(vkey.keyId)} signed a checkpoint of this log over ${checkpoint.size} entries.`,
    `Entry ${entry.index} of type ${entry.type}, timed ${entry.time} by the log, is one of them, unchanged.`,
  ];
}
