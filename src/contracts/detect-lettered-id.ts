import { ibanLength, isIban } from './detect-iban.ts';
import type { Find } from './hit.ts';
import { LETTERED_IDS, type LetteredId } from './lettered-ids.ts';
import { classOf, isWordUnit, LETTER, type Scan } from './scan.ts';

const FROM_LETTER: readonly LetteredId[] = LETTERED_IDS.filter(({ pattern }) => !/^(?:\\d|\[1)/.test(pattern.source));
const FROM_DIGIT: readonly LetteredId[] = LETTERED_IDS.filter((kind) => !FROM_LETTER.includes(kind));
const IBAN = /[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,32}/iy;
const LONGEST_PREFIX = 7;

/** IBANs and personal numbers with letters in them. Tried at each run of digits: at its start, and at the start of the letters before it. */
export function detectLetteredIds({ text, groups }: Scan): Find[] {
  const finds: Find[] = [];
  let next = 0;
  for (let group = 0; group < groups.length; group += 2) {
    const start = groups[group] as number;
    if (start < next) continue;
    const before = lettersBefore(text, start);
    const find = (before < start ? startingWithLetters(text, before) : undefined) ?? startingWithDigits(text, start);
    if (find === undefined) continue;
    finds.push(find);
    next = find.end;
  }
  return finds;
}

/** Where the letters before a run of digits start, one space between at most; the run's own start where there are none or too many. */
function lettersBefore(text: string, start: number): number {
  let from = start;
  if (text.charAt(from - 1) === ' ' || text.charAt(from - 1) === '-') from -= 1;
  const end = from;
  while (from > 0 && start - from <= LONGEST_PREFIX + 1 && classOf(text.charCodeAt(from - 1)) === LETTER) from -= 1;
  if (end - from === 3 && text.charAt(from - 1) === ' ' && classOf(text.charCodeAt(from - 4)) === LETTER) from -= 4;
  return from === end || isWordUnit(text, from - 1) ? start : from;
}

function startingWithLetters(text: string, start: number): Find | undefined {
  const iban = findIban(text, start);
  if (iban !== undefined) return iban;
  return firstOf(FROM_LETTER, text, start);
}

function startingWithDigits(text: string, start: number): Find | undefined {
  return isWordUnit(text, start - 1) ? undefined : firstOf(FROM_DIGIT, text, start);
}

function firstOf(kinds: readonly LetteredId[], text: string, start: number): Find | undefined {
  for (const { id, pattern, valid, checksum } of kinds) {
    pattern.lastIndex = start;
    const match = pattern.exec(text)?.[0];
    if (match === undefined || isWordUnit(text, start + match.length)) continue;
    if (valid(match.replace(/[-. ]/g, '').toUpperCase())) return { detector: id, start, end: start + match.length, sure: checksum?.startsWith('none') ? 2 : 3 };
  }
  return undefined;
}

/** An IBAN ends where its country says, whatever letters and digits follow after a space. */
function findIban(text: string, start: number): Find | undefined {
  const length = ibanLength(text.slice(start, start + 2).toUpperCase());
  if (length === undefined) return undefined;
  IBAN.lastIndex = start;
  const match = IBAN.exec(text)?.[0];
  if (match === undefined) return undefined;
  let units = 0;
  let end = 0;
  for (; end < match.length && units < length; end += 1) if (match.charAt(end) !== ' ' && match.charAt(end) !== '-') units += 1;
  if (units < length || isWordUnit(text, start + end)) return undefined;
  const compact = match.slice(0, end).replace(/[- ]/g, '').toUpperCase();
  return isIban(compact) ? { detector: 'iban', start, end: start + end, sure: 3 } : undefined;
}
