import { JsonReader } from './json-reader.ts';
import type { JsonValue } from './json-value.ts';
import { MAX_JSON_DEPTH } from './json-value.ts';

/** What one caller takes. */
export interface JsonLimits {
  /** How deep arrays and objects may nest: 1 to 64. */
  maxDepth: number;
}

const DEFAULT_LIMITS: JsonLimits = { maxDepth: MAX_JSON_DEPTH };
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const TWO_TO_53 = 2 ** 53;

/**
 * The value of a JSON text (RFC 8259), refused where it could mean two things or could not be written back the same.
 *
 * `JSON.parse` does the reading; one walk over the value and one count over the text decide whether it can be trusted.
 * On any doubt the exact reader decides and says where. Both accept the same texts (a property in the tests).
 *
 * @throws CoreError `json-syntax` (`at` = offset), and with `at` = JSON pointer: `json-duplicate-key`,
 * `json-unsafe-integer`, `json-number-not-finite`, `json-lone-surrogate`, `json-too-deep`, `json-prototype-key`
 */
export function parseStrictJson(text: string, limits: JsonLimits = DEFAULT_LIMITS): JsonValue {
  const maxDepth = Math.min(limits.maxDepth, MAX_JSON_DEPTH);
  const value = parseUndoubted(text, maxDepth);
  return value === undefined ? new JsonReader(text, maxDepth).read() : value;
}

/** The value when nothing about the text is in doubt; undefined says nothing about it. */
function parseUndoubted(text: string, maxDepth: number): JsonValue | undefined {
  // `JSON.parse` takes any depth, at a price: a megabyte of brackets costs it as much as ten of records.
  if (!text.isWellFormed() || nestsDeeper(text, maxDepth)) return undefined;
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
  // In well-formed text only numbered escapes can leave half a surrogate pair.
  const strings = countStrings(value, text.includes('\\u'));
  // Of two equal keys `JSON.parse` keeps one, so then the value holds fewer strings than the text.
  return strings * 2 === countQuotes(text) ? value : undefined;
}

/** Whether a JSON text nests deeper than `max`; of another text, whether it does so before it goes wrong. */
function nestsDeeper(text: string, max: number): boolean {
  if (opensAtMost(text, max)) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) {
      do i = text.indexOf('"', i + 1);
      while (i >= 0 && isEscaped(text, i));
      if (i < 0) return false;
    } else if (char === OPEN_OBJECT || char === OPEN_ARRAY) {
      if (++depth > max) return true;
    } else if (char === CLOSE_OBJECT || char === CLOSE_ARRAY) {
      depth -= 1;
    }
  }
  return false;
}

/** Whether at most `max` brackets open in the text, in strings or not. */
function opensAtMost(text: string, max: number): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let i = text.indexOf(bracket); i >= 0; i = text.indexOf(bracket, i + 1)) if (++count > max) return false;
  }
  return true;
}

/** The quotes that begin or end strings in a JSON text. */
function countQuotes(text: string): number {
  let count = 0;
  for (let i = text.indexOf('"'); i >= 0; i = text.indexOf('"', i + 1)) if (!isEscaped(text, i)) count += 1;
  return count;
}

function isEscaped(text: string, quote: number): boolean {
  let start = quote;
  while (text.charCodeAt(start - 1) === BACKSLASH) start -= 1;
  return (quote - start) % 2 === 1;
}

/** The strings in a value, its keys among them; NaN where a key, a number or a string needs the exact reader. */
function countStrings(value: JsonValue, checkHalves: boolean): number {
  if (typeof value === 'string') return checkHalves && !value.isWellFormed() ? NaN : 1;
  if (typeof value === 'number') return value < TWO_TO_53 && value > -TWO_TO_53 ? 0 : NaN;
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) count += countStrings(value[i] as JsonValue, checkHalves);
    return count;
  }
  const keys = Object.keys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    if (key === '__proto__' || key === 'constructor' || (checkHalves && !key.isWellFormed())) return NaN;
    count += countStrings(value[key] as JsonValue, checkHalves);
  }
  return count + keys.length;
}
