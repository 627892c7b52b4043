import { fromUtf8, utf8 } from './bytes.ts';
import { canonicalize, writeString } from './canonical-json.ts';
import { closedObject } from './closed-object.ts';
import { CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';
import { parseStrictJson } from './strict-json.ts';
import { isIndex } from './subtree.ts';
import { isTimestamp } from './timestamp.ts';
import { isKeyName } from './vkey.ts';

/** The leaf's content; docs/spec says what each member means. Hashes are 64 lower-case hexadecimal digits. */
export interface Entry {
  v: 1;
  /** The log's name, also the name of its key. */
  origin: string;
  /** The leaf index, from 0. */
  index: number;
  /** `YYYY-MM-DDTHH:MM:SS.sssZ`. */
  time: string;
  type: string;
  commitment: string;
  policy: string;
  /** Leaf hash of the entry before; `ZERO_HASH_HEX` at index 0. */
  prev: string;
}

/** `prev` of the first entry. */
export const ZERO_HASH_HEX = '0'.repeat(64);
/** Entry bundles give each length 16 bits (c2sp.org/tlog-tiles). */
export const MAX_ENTRY_BYTES = 65_535;
// In the order of their canonical form (RFC 8785, 3.2.3).
const KEYS = ['commitment', 'index', 'origin', 'policy', 'prev', 'time', 'type', 'v'] as const;
// Twice as fast as a pattern of what is right.
const NOT_HEX = /[^0-9a-f]/;
const TYPE = /^[a-z][a-z0-9-]{0,63}$/;
// Printable ASCII without '+', '"' and '\': a key name that is its own JSON.
const SIMPLE_ORIGIN = /^[!#-*,-[\]-~]+$/;

/** Whether a text can name a type of entry and payload. */
export function isTypeName(text: string): boolean {
  return TYPE.test(text);
}

/**
 * The leaf's bytes: the entry's canonical JSON (RFC 8785) in UTF-8.
 *
 * @throws CoreError `entry-malformed` with `at` = JSON pointer, `entry-too-large`
 */
export function encodeEntry(entry: Entry): Uint8Array {
  checkMembers(entry);
  const { commitment, index, origin, policy, prev, time, type } = entry;
  const bytes = utf8(
    `{"commitment":"${commitment}","index":${index},"origin":${writeString(origin)},"policy":"${policy}",` +
      `"prev":"${prev}","time":"${time}","type":"${type}","v":1}`,
  );
  checkSize(bytes);
  return bytes;
}

// Every entry whose origin needs no escape looks like this.
const TEMPLATE = new RegExp(
  '^\\{"commitment":"([0-9a-f]{64})","index":(0|[1-9][0-9]{0,15}),"origin":"([!#-*,-[\\]-~]+)",' +
    '"policy":"([0-9a-f]{64})","prev":"([0-9a-f]{64})","time":"([^"]{24})","type":"([a-z][a-z0-9-]{0,63})","v":1\\}$',
);
type Captures = [string, string, string, string, string, string, string, string];

/**
 * The entry in a leaf's bytes, which must be exactly what `encodeEntry` writes for it.
 *
 * @throws CoreError `entry-too-large`, `encoding-utf8`, `json-*`, `entry-malformed` (`at` = JSON pointer),
 * `entry-not-canonical`
 */
export function parseEntry(bytes: Uint8Array): Entry {
  checkSize(bytes);
  const text = fromUtf8(bytes);
  return parseTemplate(text) ?? parseExactly(text);
}

/** The entry when the text has the common form; undefined leaves the judgement to `parseExactly`. */
function parseTemplate(text: string): Entry | undefined {
  const match = TEMPLATE.exec(text);
  if (match === null) return undefined;
  const [, commitment, digits, origin, policy, prev, time, type] = match as unknown as Captures;
  const index = Number(digits);
  if (!isIndex(index) || !isTimestamp(time)) return undefined;
  return { v: 1, origin, index, time, type, commitment, policy, prev };
}

function parseExactly(text: string): Entry {
  const members = closedObject(parseStrictJson(text), KEYS, 'entry-malformed');
  const entry = checkMembers(members);
  if (canonicalize(members) !== text) {
    throw new CoreError('entry-not-canonical', 'an entry is the canonical JSON (RFC 8785) of itself');
  }
  return entry;
}

function checkMembers(members: Entry | Record<keyof Entry, JsonValue>): Entry {
  const { commitment, index, origin, policy, prev, time, type, v } = members;
  if (v !== 1) throw malformed('v', 'is 1');
  if (typeof origin !== 'string' || !(SIMPLE_ORIGIN.test(origin) || isKeyName(origin))) {
    throw malformed('origin', 'is not empty and has no white space, control characters or +');
  }
  if (typeof index !== 'number' || !isIndex(index)) throw malformed('index', 'is an integer from 0 to 2^53 - 1');
  if (typeof time !== 'string' || !isTimestamp(time)) {
    throw malformed('time', 'is a real time written YYYY-MM-DDTHH:MM:SS.sssZ');
  }
  if (typeof type !== 'string' || !isTypeName(type)) throw malformed('type', 'is lower-case words joined by hyphens');
  checkHash('commitment', commitment);
  checkHash('policy', policy);
  checkHash('prev', prev);
  return members as Entry;
}

function checkHash(name: keyof Entry, value: JsonValue): void {
  if (typeof value !== 'string' || value.length !== 64 || NOT_HEX.test(value)) {
    throw malformed(name, 'is 64 lower-case hexadecimal digits');
  }
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length > MAX_ENTRY_BYTES) {
    throw new CoreError('entry-too-large', `an entry has at most ${MAX_ENTRY_BYTES} bytes, not ${bytes.length}`);
  }
}

function malformed(name: keyof Entry, rule: string): CoreError {
  return new CoreError('entry-malformed', `${name} ${rule}`, `/${name}`);
}
