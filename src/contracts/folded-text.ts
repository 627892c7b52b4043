/** A text in which a digit is 0–9, a hyphen is `-`, a space is a space, and what cannot be seen is gone. */
export interface FoldedText {
  text: string;
  /** For each unit of `text`, where the unit that it came from starts in the original; undefined where both agree. */
  starts: readonly number[] | undefined;
  /** For each unit of `text`, where what it came from ends in the original. */
  ends: readonly number[] | undefined;
}

const NOT_ASCII = /[^\0-\x7f]/;
/** Hyphens and dashes (Unicode's Pd, the minus sign, the Katakana middle line that is typed for one). */
const DASH = /[\p{Pd}\u2212\u30fc]/u;
/** Format characters, joiners, marks and variation selectors: nobody sees them, every pattern would trip over them. */
const UNSEEN = /[\p{Cf}\p{M}\u115f\u1160\u3164\uffa0]/u;
const LETTER = /\p{L}/u;
const DECIMAL = /\p{Nd}/u;
const SPACE = /\p{Zs}/u;
/** Letters that no Unicode normalization takes apart. */
const UNDECOMPOSED: Readonly<Record<string, string>> = { ß: 'ss', ẞ: 'SS', ø: 'o', Ø: 'O', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ð: 'd', Ð: 'D', þ: 'th', Þ: 'Th', æ: 'ae', Æ: 'Ae', œ: 'oe', Œ: 'Oe', ı: 'i', '。': '.', '·': '.', '’': "'", '‘': "'", '´': "'", ʼ: "'" };
/** Stands for what is neither letter, digit, space nor hyphen: a boundary that no pattern takes in. */
const OTHER = '<';

const KNOWN = new Map<number, string>();
const KNOWN_LIMIT = 20_000;

/**
 * Folds a text for the detectors: compatibility forms (NFKC) and accents are undone, decimal digits of every script become 0–9, unseen characters go.
 * Letters of other scripts stay. ASCII texts are returned as they are, without a copy. Linear.
 */
export function fold(text: string): FoldedText {
  if (!NOT_ASCII.test(text)) return { text, starts: undefined, ends: undefined };
  const starts: number[] = [];
  const ends: number[] = [];
  let folded = '';
  let same = true;
  for (let at = 0; at < text.length; ) {
    const point = text.codePointAt(at) ?? 0;
    const size = point > 0xffff ? 2 : 1;
    const to = point < 0x80 ? text.charAt(at) : foldPoint(point);
    for (let unit = 0; unit < to.length; unit += 1) {
      starts.push(at);
      ends.push(at + size);
    }
    if (to.length !== size || size === 2) same = false;
    folded += to;
    at += size;
  }
  return same ? { text: folded, starts: undefined, ends: undefined } : { text: folded, starts, ends };
}

function foldPoint(point: number): string {
  const known = KNOWN.get(point);
  if (known !== undefined) return known;
  const folded = computeFold(String.fromCodePoint(point), point);
  if (KNOWN.size < KNOWN_LIMIT) KNOWN.set(point, folded);
  return folded;
}

function computeFold(char: string, point: number): string {
  if (point >= 0xd800 && point <= 0xdfff) return OTHER;
  if (UNDECOMPOSED[char] !== undefined) return UNDECOMPOSED[char];
  if (UNSEEN.test(char)) return '';
  if (DASH.test(char)) return '-';
  if (SPACE.test(char)) return ' ';
  let folded = '';
  for (const part of char.normalize('NFKC')) folded += foldPart(part);
  return folded;
}

/** One code point that NFKC left. */
function foldPart(part: string): string {
  if (part < '\x80') return part;
  if (DECIMAL.test(part)) return decimal(part);
  if (DASH.test(part)) return '-';
  if (UNDECOMPOSED[part] !== undefined) return UNDECOMPOSED[part];
  if (!LETTER.test(part)) return UNSEEN.test(part) ? '' : OTHER;
  const bare = part.normalize('NFD').replace(/\p{M}/gu, '');
  // Hangul would fall apart into its letters: it stays composed.
  return bare.length === 1 ? bare : part;
}

/** Unicode, section 4.6: digits of a script stand in a run of ten, which starts at a code ending in 0 or in 6. */
function decimal(digit: string): string {
  const point = digit.codePointAt(0) ?? 0;
  const low = point & 15;
  return String(low < 10 && DECIMAL.test(String.fromCodePoint(point - low)) ? low : low - 6);
}
