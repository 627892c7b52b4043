import { isDay } from './checksums.ts';
import type { Find } from './hit.ts';
import { BIRTH } from './words.ts';
import type { Scan } from './scan.ts';

const MONTHS = 'jan feb fev mar apr avr abr may mai mag maj jun jul lug ago aug aou sep set oct okt out ott nov dec dez dic gen ene giu mrt maa mei fevrier marz maerz'.split(' ');
const MONTH_FIRST = /([A-Za-z]{3,10})\.? (\d{1,2})(?:st|nd|rd|th)?,? ?(\d{4})/y;
const DAY_FIRST = /(\d{1,2})(?:st|nd|rd|th|er|º|\.)?(?: (?:of |de )?|-)([A-Za-z]{3,10})\.?(?: (?:de )?|,? ?|-)(\d{4})/y;
const NUMERIC = /(\d{4})([-/. ]?)(\d{1,2})\2(\d{1,2})(?!\d)|(\d{1,2})([-/. ])(\d{1,2})\6(\d{4}|\d{2})(?!\d)/y;
const COMPACT = /(?:19|20)\d{6}(?!\d)/y;
const HAN = /(\d{4})年(\d{1,2})月(\d{1,2})日/y;
/** How far after a label the date may stand: `was born in the city of Springfield on 12 March 1980`. */
const REACH = 60;
const FORMS: readonly RegExp[] = [NUMERIC, MONTH_FIRST, DAY_FIRST, COMPACT, HAN];

/** Dates that a label calls a date of birth. Other dates are no hits: a contract says what they are. Linear: 60 units after each label. */
export function detectBirthDates({ text, words }: Scan): Find[] {
  const finds: Find[] = [];
  for (let word = 0; word < words.length; word += 3) {
    if (((words[word + 2] as number) & BIRTH) === 0) continue;
    const find = dateAfter(text, words[word + 1] as number);
    if (find !== undefined && finds.at(-1)?.start !== find.start) finds.push(find);
  }
  return finds;
}

/** The first date that starts within reach. */
function dateAfter(text: string, from: number): Find | undefined {
  const stop = Math.min(text.length, from + REACH);
  for (let at = from; at < stop; at += 1) {
    const end = /[0-9A-Za-z]/.test(text.charAt(at)) && !/[0-9A-Za-z]/.test(text.charAt(at - 1)) ? dateEnd(text, at) : 0;
    if (end > 0) return { detector: 'birth-date', start: at, end, sure: 2 };
  }
  return undefined;
}

/** Where a date that starts at an index ends; 0 where none starts. */
export function dateEnd(text: string, at: number): number {
  for (const form of FORMS) {
    form.lastIndex = at;
    const match = form.exec(text);
    if (match !== null && isDate(form, match)) return at + match[0].length;
  }
  return 0;
}

function isDate(form: RegExp, match: RegExpExecArray): boolean {
  if (form === MONTH_FIRST) return isMonth(match[1]) && Number(match[2]) <= 31;
  if (form === DAY_FIRST) return isMonth(match[2]) && Number(match[1]) <= 31;
  if (form === COMPACT) return isDay(Number(match[0].slice(4, 6)), Number(match[0].slice(6, 8)));
  if (form === HAN) return isDay(Number(match[2]), Number(match[3]));
  const [first, second] = match[1] === undefined ? [Number(match[5]), Number(match[7])] : [Number(match[3]), Number(match[4])];
  return isDay(first, second) || isDay(second, first);
}

function isMonth(word: string | undefined): boolean {
  const lower = word?.toLowerCase() ?? '';
  return MONTHS.some((month) => lower.startsWith(month));
}
