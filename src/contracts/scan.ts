import { WORD_BITS, WORDS, wordHash } from './words.ts';

/** What kinds of character a text has: the gate before every family of detectors. */
export const DIGIT = 1;
export const AT = 2;
export const COLON = 4;
export const DOT = 8;
export const LETTER = 16;

/** One pass over a folded text. Flat arrays: objects would cost more than the pass. */
export interface Scan {
  text: string;
  /** DIGIT | AT | …, of the whole text. */
  seen: number;
  /** Runs of digits: start, end, start, end … (ends exclusive). */
  groups: number[];
  /** Words of the dictionary (words.ts): start, end, kinds, start … */
  words: number[];
}

const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  CLASSES[code] = /\d/.test(char) ? DIGIT : /[A-Za-z]/.test(char) ? LETTER : char === '@' ? AT : char === ':' ? COLON : char === '.' ? DOT : 0;
}

/** The class of a unit of a folded text: all that is not ASCII there is a letter. */
export function classOf(code: number): number {
  return code < 128 ? (CLASSES[code] as number) : LETTER;
}

/** Whether the unit at an index is a letter or a digit; false beyond the text's ends. */
export function isWordUnit(text: string, at: number): boolean {
  return at >= 0 && at < text.length && (classOf(text.charCodeAt(at)) & (LETTER | DIGIT)) !== 0;
}

/** Whether the unit at an index is a digit; false beyond the text's ends. */
export function isDigit(text: string, at: number): boolean {
  const code = at >= 0 && at < text.length ? text.charCodeAt(at) : 0;
  return code >= 48 && code < 58;
}

/** Scans a folded text: one loop, each unit seen once. */
export function scan(text: string): Scan {
  const groups: number[] = [];
  const words: number[] = [];
  let seen = 0;
  let before = 0;
  let start = 0;
  let hash = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : 0;
    const kind = code < 128 ? (CLASSES[code] as number) : LETTER;
    if (kind !== before) {
      if (before === DIGIT) groups.push(start, at);
      else if (before === LETTER && WORD_BITS[hash & 0xffff] === 1) addWord(words, text, start, at);
      seen |= kind;
      before = kind;
      start = at;
      hash = 0;
    }
    if (kind === LETTER) hash = wordHash(hash, code);
  }
  return { text, seen, groups, words };
}

const LONGEST_WORD = 24;

function addWord(words: number[], text: string, start: number, end: number): void {
  if (end - start > LONGEST_WORD) return;
  const kinds = WORDS.get(text.slice(start, end).toLowerCase());
  if (kinds !== undefined) words.push(start, end, kinds);
}
