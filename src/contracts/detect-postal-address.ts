import type { Find } from './hit.ts';
import { isDigit, type Scan } from './scan.ts';
import { STREET } from './words.ts';

/** `742 Evergreen Terrace`: up to four words between number and street. Looked for before the street's word. */
const NUMBER_FIRST = /(?<![\w.,$€£-])\d{1,5}[A-Za-z]?,? (?:bis |ter )?(?:[NSEW]\.? |(?:North|South|East|West) )?(?:[\p{Lu}\d][\p{L}\d'.-]{0,20} ){1,4}$/u;
/** `12 rue de la Paix`, `Calle Mayor 5`: the street's word first. */
const ROMANCE = /^(?:rue|allee|chemin|impasse|quai|calle|avenida|plaza|paseo|via|viale|piazza|corso|rua|travessa|avenue|boulevard|place)$/i;
const FOLLOWING = /(?: (?:de|du|des|la|le|les|del|della|dei|di|da|do|dos|das|l'|d'|los|las)){0,3}(?: ?\p{Lu}[\p{L}'-]{0,20}){1,4},? ?(?:n[ºo°.]{0,2} ?)?(\d{1,4}[a-z]?\b)?/uy;
const NUMBER_BEFORE = /(?<![\w.,$€£-])\d{1,4}(?: ?(?:bis|ter|[a-z]))?,? $/;
const PO_BOX = /\b(?:p\.? ?o\.? |post ?office )$/i;
const BOX_NUMBER = / ?#? ?\d{1,6}\b/y;
/** The rest of an American or British address, after the street. */
const REST = /\.?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|#)\.? ?[\w-]{1,6})?(?:,? \p{Lu}[\p{L}'. -]{1,30}?)?(?:,? [A-Z]{2})?,? \d{5}(?:-\d{4})?\b/uy;
/** `Hauptstraße 12`, `Keizersgracht 4`: the word that a house number follows. */
const COMPOUND = /(?:^|[^\p{L}])(\p{Lu}[\p{L}-]{1,30}?(?:strasse|straat|gasse|allee|platz|weg|laan|gracht|plein|str\.?|gatan|vagen|gade|vej))\.? $/u;
const HOUSE = /\d{1,4} ?[a-z]?(?![\d\p{L}.])(?:,? \d{4,5} \p{Lu}[\p{L}-]{1,30})?/uy;
const STATES = 'AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR';
const CITY_AND_STATE = new RegExp(String.raw`(?:\p{Lu}[\p{L}'.-]{1,20} ){0,2}\p{Lu}[\p{L}'.-]{1,20},? (?:${STATES}) $`, 'u');
const UK_POSTCODE = /(?<![A-Za-z0-9])(?:[A-Z]{1,2}\d[A-Z\d]?) (\d)[ABD-HJLNP-UW-Z]{2}(?![A-Za-z0-9])/y;
const LOOK_BACK = 80;

/** Postal addresses, by what they are made of: a guess. Bounded looks around the words for streets and around house numbers and ZIP codes: linear. */
export function detectPostalAddresses(scanned: Scan): Find[] {
  return [...byStreetWord(scanned), ...byNumber(scanned)];
}

function byStreetWord({ text, words }: Scan): Find[] {
  const finds: Find[] = [];
  for (let word = 0; word < words.length; word += 3) {
    if (((words[word + 2] as number) & STREET) === 0) continue;
    const find = around(text, words[word] as number, words[word + 1] as number);
    if (find !== undefined) finds.push(find);
  }
  return finds;
}

function around(text: string, start: number, end: number): Find | undefined {
  const before = text.slice(Math.max(0, start - LOOK_BACK), start);
  const name = text.slice(start, end);
  if (/^box$/i.test(name)) {
    const box = PO_BOX.exec(before);
    return box === null ? undefined : ended(start - before.length + box.index, matchEnd(BOX_NUMBER, text, end));
  }
  const numbered = NUMBER_FIRST.exec(before);
  if (numbered !== null) return ended(start - before.length + numbered.index, restEnd(text, end));
  if (!ROMANCE.test(name)) return undefined;
  FOLLOWING.lastIndex = end;
  const following = FOLLOWING.exec(text);
  const house = NUMBER_BEFORE.exec(before);
  if (following === null || (house === null && following[1] === undefined)) return undefined;
  return ended(house === null ? start : start - before.length + house.index, end + following[0].trimEnd().length);
}

function restEnd(text: string, end: number): number {
  return matchEnd(REST, text, end) || end;
}

function matchEnd(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  return match === null ? 0 : from + match[0].length;
}

function ended(start: number, end: number): Find | undefined {
  return end === 0 ? undefined : { detector: 'postal-address', start, end, sure: 1 };
}

function byNumber({ text, groups }: Scan): Find[] {
  const finds: Find[] = [];
  for (let group = 0; group < groups.length; group += 2) {
    const start = groups[group] as number;
    const length = (groups[group + 1] as number) - start;
    const find = length <= 5 ? atNumber(text, start, length) : undefined;
    if (find !== undefined) finds.push(find);
  }
  return finds;
}

function atNumber(text: string, start: number, length: number): Find | undefined {
  if (length <= 2 && /[A-Z]/.test(text.charAt(start - 1))) return postcode(text, start);
  if (text.charAt(start - 1) !== ' ') return undefined;
  const from = Math.max(0, start - LOOK_BACK);
  const before = text.slice(from, start);
  if (length === 5) {
    const city = CITY_AND_STATE.exec(before);
    const plus4 = text.charAt(start + 5) === '-' && isDigit(text, start + 9) ? 5 : 0;
    return city === null ? undefined : { detector: 'postal-address', start: from + city.index, end: start + 5 + plus4, sure: 1 };
  }
  const compound = length <= 4 ? COMPOUND.exec(before) : null;
  if (compound === null) return undefined;
  const end = matchEnd(HOUSE, text, start);
  return end === 0 ? undefined : { detector: 'postal-address', start: from + before.lastIndexOf(compound[1] as string), end, sure: 1 };
}

function postcode(text: string, digit: number): Find | undefined {
  for (let start = digit - 1; start >= Math.max(0, digit - 2); start -= 1) {
    const end = matchEnd(UK_POSTCODE, text, start);
    if (end > 0) return { detector: 'postal-address', start, end, sure: 1 };
  }
  return undefined;
}
