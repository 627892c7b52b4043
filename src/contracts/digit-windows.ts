import type { Find } from './hit.ts';
import { classOf, isDigit, isWordUnit, LETTER, type Scan } from './scan.ts';

/** Digits that may be one number: one run, or runs between which stands one separator each. */
export interface DigitWindow {
  /** The digits alone. */
  digits: string;
  /** How they are grouped: `3-2-4`; `9` where nothing separates them. */
  shape: string;
  start: number;
  end: number;
}

const LONGEST = 20;
const MOST_GROUPS = 8;
const FEWEST_APART = 7;

/**
 * Tries each number that a text may hold, longest first, and goes on after what was taken. At most 8 windows start at a run, each of at most 20 digits: linear.
 *
 * @param find what a window is, if it is anything
 */
export function eachWindow({ text, groups }: Scan, find: (window: DigitWindow) => Find | undefined): Find[] {
  const finds: Find[] = [];
  const windows: DigitWindow[] = [];
  for (let group = 0; group < groups.length; ) {
    const start = groups[group] as number;
    const apart = apartEnd(text, groups, group);
    const count = !isOpenBefore(text, start) ? 0 : apart > group ? windowsApart(text, groups, group, apart, windows) : windowsFrom(text, groups, group, windows);
    let taken: Find | undefined;
    for (let at = count - 1; at >= 0 && taken === undefined; at -= 1) taken = find(windows[at] as DigitWindow);
    group = Math.max(group + 2, apart);
    if (taken === undefined) continue;
    finds.push(taken);
    while (group < groups.length && (groups[group] as number) < taken.end) group += 2;
  }
  return finds;
}

/** Where digits written one by one (`4 1 1 1 …`) end, as an index into the runs; the run's own index where they are not written so. */
function apartEnd(text: string, groups: readonly number[], first: number): number {
  let group = first;
  while (group < groups.length && (groups[group + 1] as number) - (groups[group] as number) === 1) {
    const at = groups[group] as number;
    group += 2;
    if (groups[group] !== at + 2 || (text.charAt(at + 1) !== ' ' && text.charAt(at + 1) !== '-')) break;
  }
  return group - first >= 2 * FEWEST_APART ? group : first;
}

/** Digits written one by one are one number, or none: their parts are not tried. */
function windowsApart(text: string, groups: readonly number[], first: number, past: number, windows: DigitWindow[]): number {
  const start = groups[first] as number;
  const end = groups[past - 1] as number;
  if ((past - first) / 2 > LONGEST || isWordUnit(text, end)) return 0;
  const spaced = text.slice(start, end);
  windows[0] = { digits: spaced.replace(/\D/g, ''), shape: spaced.replace(/\d/g, '1'), start, end };
  return 1;
}

/** Fills `windows` with those that start at a run; says how many. */
function windowsFrom(text: string, groups: readonly number[], first: number, windows: DigitWindow[]): number {
  let digits = '';
  let shape = '';
  let count = 0;
  const start = groups[first] as number;
  for (let group = first; group < groups.length && group < first + 2 * MOST_GROUPS; group += 2) {
    const from = groups[group] as number;
    const end = groups[group + 1] as number;
    if (digits.length + end - from > LONGEST) break;
    digits += text.slice(from, end);
    shape += String(end - from);
    if (digits.length >= 4 && !isWordUnit(text, end) && text.charCodeAt(end) !== 95) {
      windows[count] = { digits, shape, start, end };
      count += 1;
    }
    const separator = group + 2 < groups.length ? separatorOf(text, end, groups[group + 2] as number) : '';
    if (separator === '') break;
    shape += separator;
  }
  return count;
}

/** One separator, as one character; empty where what stands between is none. */
function separatorOf(text: string, from: number, to: number): string {
  if (to - from === 1) {
    const char = text.charAt(from);
    return char === '-' || char === '.' || char === '/' || char === ' ' ? char : char === '\t' || char === '\n' || char === ')' ? ' ' : '';
  }
  if (to - from > 3) return '';
  const between = text.slice(from, to).trim();
  // `(415) 555-0132`, `+49 (0) 30 123456`
  if (between === ')' || between === '(') return ' ';
  return between === '' ? ' ' : between === '-' || between === '/' || between === '.' ? between : '';
}

/**
 * Whether a number may start here: not inside a word, nor among the decimals of another. A word of three letters or more is a label that
 * stuck (`SSN123456789`) unless all its letters are hexadecimal ones.
 */
function isOpenBefore(text: string, start: number): boolean {
  if (start === 0) return true;
  const before = text.charCodeAt(start - 1);
  if (before === 46 || before === 44) return !isDigit(text, start - 2);
  if (classOf(before) !== LETTER) return true;
  let from = start - 1;
  let hexadecimal = true;
  while (from >= 0 && start - from <= 16 && classOf(text.charCodeAt(from)) === LETTER) {
    const lower = text.charCodeAt(from) | 32;
    if (lower < 97 || lower > 102) hexadecimal = false;
    from -= 1;
  }
  return start - 1 - from >= 3 && start - from <= 16 && !hexadecimal && !isWordUnit(text, from);
}

const UUID_LENGTH = 36;
const UUID = /(?<![0-9a-z])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-z])/gi;

/** Whether a stretch of a text stands in a UUID: its digits are random, and some of them look like numbers of other kinds. */
export function isInUuid(text: string, start: number, end: number): boolean {
  if (text.length < UUID_LENGTH) return false;
  const from = Math.max(0, start - UUID_LENGTH - 1);
  for (const match of text.slice(from, end + UUID_LENGTH + 1).matchAll(UUID)) {
    const at = from + match.index;
    if (at <= start && end <= at + UUID_LENGTH) return true;
  }
  return false;
}
