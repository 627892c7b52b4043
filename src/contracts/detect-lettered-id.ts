import { ibanLength, isIban } from './detect-iban.ts';
import { isInUuid } from './digit-windows.ts';
import type { Find } from './hit.ts';
import { LETTERED_IDS, type LetteredId } from './lettered-ids.ts';
import { classOf, isWordUnit, LETTER, type Scan } from './scan.ts';

const BY_LETTERS: readonly (readonly LetteredId[])[] = Array.from({ length: 8 }, (_, count) => LETTERED_IDS.filter(({ letters }) => letters.includes(count)));
const NONE: readonly LetteredId[] = [];
const IBAN = /[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,32}/iy;
const LONGEST_PREFIX = 7;
const SPACE = 32;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
/** How long the first run of an id that starts with digits is: `1 85 05 2A`, `12.345.678-Z`, `131052-308T`, `12345678-Z`. */
const LENGTHS = [1, 2, 6, 8];

/** IBANs and personal numbers with letters in them. Tried at each run of digits: at the start of the letters before it, and at its own. */
export function detectLetteredIds({ text, groups }: Scan): Find[] {
  const finds: Find[] = [];
  let next = 0;
  for (let group = 0; group < groups.length; group += 2) {
    const start = groups[group] as number;
    if (start < next) continue;
    const find = fromLetters(text, start) ?? (mayStart(text, start, groups[group + 1] as number) ? firstOf(BY_LETTERS[0] ?? NONE, text, start) : undefined);
    if (find === undefined) continue;
    finds.push(find);
    next = find.end;
  }
  return finds;
}

/** An id whose letters stand before a run of digits, with one space or hyphen between at most. */
function fromLetters(text: string, digits: number): Find | undefined {
  const before = text.charCodeAt(digits - 1);
  const end = before === SPACE || before === MINUS ? digits - 1 : digits;
  let from = end;
  while (from > 0 && end - from < LONGEST_PREFIX && classOf(text.charCodeAt(from - 1)) === LETTER) from -= 1;
  const letters = end - from;
  if (letters === 0 || letters === LONGEST_PREFIX || isWordUnit(text, from - 1)) return undefined;
  // `RSS MRA 85T10 A562S`: the first three letters of a codice fiscale stand apart.
  if (letters === 3) return text.charCodeAt(from - 1) === SPACE ? firstOf(BY_LETTERS[3] ?? NONE, text, Math.max(0, from - 4)) : undefined;
  const iban = letters === 2 && end === digits ? findIban(text, from) : undefined;
  return iban ?? firstOf(BY_LETTERS[letters] ?? NONE, text, from);
}

/** Whether an id that starts with digits may start with this run: a letter, or a separator of such an id, follows it. */
function mayStart(text: string, start: number, end: number): boolean {
  if (isWordUnit(text, start - 1)) return false;
  const after = text.charCodeAt(end);
  return classOf(after) === LETTER || ((after === MINUS || after === PLUS || after === POINT || after === SPACE) && LENGTHS.includes(end - start));
}

function firstOf(kinds: readonly LetteredId[], text: string, start: number): Find | undefined {
  for (const { id, pattern, valid, checksum } of kinds) {
    if (isWordUnit(text, start - 1)) continue;
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
  // Four groups of a UUID are as long as an IBAN of Andorra.
  return isIban(compact) && !isInUuid(text, start, start + end) ? { detector: 'iban', start, end: start + end, sure: 3 } : undefined;
}
