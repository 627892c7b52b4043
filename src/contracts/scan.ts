import { WORD_BITS, WORDS, wordHash } from './words.ts';

/** What kinds of character a text has: the gate before every family of detectors. */
export const DIGIT = 1;
export const AT = 2;
export const COLON = 4;
export const DOT = 8;
export const LETTER = 16;
export const HYPHEN = 32;
/** Beyond ASCII: the text is to be folded first. */
export const FOREIGN = 64;

/** One pass over a folded text. Flat arrays: objects would cost more than the pass. */
export interface Scan {
  text: string;
  /** DIGIT | AT | …, of the whole text. */
  seen: number;
  /** GIVEN | SURNAME | …, of all the words that were found. */
  kinds: number;
  /** Runs of digits: start, end, start, end … (ends exclusive). */
  groups: number[];
  /** Words of the dictionary (words.ts): start, end, kinds, start … */
  words: number[];
}

const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  CLASSES[code] = /\d/.test(char) ? DIGIT : /[A-Za-z]/.test(char) ? LETTER : char === '@' ? AT : char === ':' ? COLON : char === '.' ? DOT : char === '-' ? HYPHEN : 0;
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

/** Scans a text: one loop, each unit seen once. FOREIGN stands in `seen` where it is not ASCII: then it counts only if it has been folded. */
export function scan(text: string): Scan {
  const groups: number[] = [];
  const words: number[] = [];
  const { length } = text;
  let seen = 0;
  let kinds = 0;
  for (let at = 0; at < length; ) {
    let code = text.charCodeAt(at);
    const kind = code < 128 ? (CLASSES[code] as number) : FOREIGN | LETTER;
    seen |= kind;
    const start = at;
    at += 1;
    if ((kind & LETTER) !== 0) {
      let hash = wordHash(0, code);
      for (; at < length; at += 1) {
        code = text.charCodeAt(at);
        if (code < 128 ? CLASSES[code] !== LETTER : (seen |= FOREIGN) === 0) break;
        hash = wordHash(hash, code);
      }
      if (WORD_BITS[hash & 0xffff] === 1) kinds |= addWord(words, text, start, at);
    } else if (kind === DIGIT) {
      while (at < length && isDigit(text, at)) at += 1;
      groups.push(start, at);
    }
  }
  return { text, seen, kinds, groups, words };
}

const LONGEST_WORD = 24;

/** @returns the word's kinds; 0 where the dictionary has no such word */
function addWord(words: number[], text: string, start: number, end: number): number {
  if (end - start > LONGEST_WORD) return 0;
  const kinds = WORDS.get(text.slice(start, end).toLowerCase());
  if (kinds === undefined) return 0;
  words.push(start, end, kinds);
  return kinds;
}
