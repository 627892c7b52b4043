import { CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';
import { MAX_JSON_DEPTH } from './json-value.ts';
import { orderKeys } from './key-order.ts';

/**
 * The one text that RFC 8785 (JCS) gives to a value. Its UTF-8 bytes are what the ledger hashes.
 *
 * Takes plain data alone: `undefined`, functions and instances of classes are a caller's mistake, not an input, and
 * throw a TypeError where `JSON.stringify` would drop or rewrite them silently.
 *
 * @throws CoreError `json-number-not-finite`, `json-lone-surrogate`, `json-too-deep` (beyond 64, or a cycle)
 */
export function canonicalize(value: JsonValue): string {
  return write(value, 0);
}

/** The canonical texts of an object's members, by key. */
export interface MemberTexts {
  [key: string]: string;
}

/**
 * The members of an object in canonical form, each by itself: objects that share most of their members are then joined
 * from what is written once. Precondition: the members are as `parseStrictJson` gives them.
 *
 * @throws CoreError as `canonicalize`
 */
export function memberTexts(members: { readonly [key: string]: JsonValue }): MemberTexts {
  const texts: MemberTexts = {};
  for (const key of Object.keys(members)) texts[key] = write(members[key] as JsonValue, 1);
  return texts;
}

/** The canonical object of members in canonical form: of all that `memberTexts` gives, what `canonicalize` writes. */
export function joinMembers(texts: MemberTexts): string {
  const keys = Object.keys(texts);
  if (keys.length === 0) return '{}';
  const { sorted, heads } = orderKeys(keys, writeString);
  let text = '';
  for (let i = 0; i < sorted.length; i++) text += (heads[i] as string) + (texts[sorted[i] as string] as string);
  return `${text}}`;
}

function write(value: JsonValue, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value);
    case 'number':
      if (!Number.isFinite(value)) {
        throw new CoreError('json-number-not-finite', 'JSON has no infinity and no not-a-number');
      }
      // RFC 8785, 3.2.2.3: ECMAScript's Number::toString, which writes -0 as "0".
      return `${value}`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth === MAX_JSON_DEPTH) {
        throw new CoreError('json-too-deep', `nested more than ${MAX_JSON_DEPTH} deep`);
      }
      return Array.isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1);
    default:
      throw new TypeError(`JSON has no ${typeof value}`);
  }
}

// Neither control characters, quotes, backslashes nor surrogates: such a string stands for itself between quotes.
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** The JSON string of `text` by RFC 8785, 3.2.2.2; `JSON.stringify` escapes the same way, lone surrogates apart. */
export function writeString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new CoreError('json-lone-surrogate', 'a string holds half of a surrogate pair');
  return JSON.stringify(text);
}

function writeArray(values: readonly JsonValue[], depth: number): string {
  let text = '[';
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ',';
    // A hole reads as undefined, which `write` refuses.
    text += write(values[i] as JsonValue, depth);
  }
  return `${text}]`;
}

function writeObject(members: { readonly [key: string]: JsonValue }, depth: number): string {
  if (!isPlain(members)) throw new TypeError('only plain objects have a canonical form');
  const keys = Object.keys(members);
  if (keys.length === 0) return '{}';
  const order = orderKeys(keys, writeString);
  let text = '';
  for (let i = 0; i < order.sorted.length; i++) {
    text += order.heads[i] as string;
    text += write(members[order.sorted[i] as string] as JsonValue, depth);
  }
  return `${text}}`;
}

// By the prototype's prototype, so that plain objects of another realm (a worker, a test's VM) count too.
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}
