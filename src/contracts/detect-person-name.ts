import type { Find } from './hit.ts';
import type { Scan } from './scan.ts';
import { GIVEN, NAMED, SURNAME, TITLE, UNSURE } from './words.ts';

/** One to three further capitalised words (initials and particles among them) on the same line. */
const MORE = /(?:[ -](?:(?:van|von|de|del|della|der|den|di|da|dos|du|la|le|bin|ibn|al|el|ter|zu)[ -]){0,2}\p{Lu}(?:[\p{L}'-]{1,30}|\.(?= ))){1,3}/uy;
const AFTER_LABEL = /(?: ?is)? ?[:=#]\s{0,3}(\p{Lu}[\p{L}'.-]{0,30}(?:,? \p{Lu}[\p{L}'.-]{0,30}){0,3})/uy;
const AFTER_TITLE = /\.?[ ](\p{Lu}[\p{L}'-]{1,30}(?:[ -]\p{Lu}[\p{L}'.-]{0,30}){0,2})/uy;
const NEXT_WORD = /^(?:,? |-)(?:\p{Lu}\. )?$/u;
const HAN_LABELLED = /(?:姓名|患者|病人|客户)[:: ]{1,3}(\p{Script=Han}{2,4})|(\p{Script=Han}{2,4})(?:先生|女士|小姐)/gu;
const NO_NAME_AFTER = /^(?:and|or|the|of|in|on|at|to|was|is|has|had)$/i;

/**
 * Names of persons: a title or label before capitalised words; a given name of the dictionary with what follows it; given name and surname
 * beside each other in any case and order. A surname alone is not found. Linear.
 */
export function detectPersonNames({ text, words }: Scan): Find[] {
  const finds: Find[] = [];
  let past = 0;
  for (let word = 0; word < words.length; word += 3) {
    const start = words[word] as number;
    if (start < past) continue;
    const find = findAt(text, words, word);
    if (find === undefined) continue;
    finds.push(find);
    past = find.end;
  }
  return finds;
}

function findAt(text: string, words: readonly number[], word: number): Find | undefined {
  const [start, end, kinds] = [words[word] as number, words[word + 1] as number, words[word + 2] as number];
  if (!standsAlone(text, start, end)) return undefined;
  if ((kinds & NAMED) !== 0) {
    const find = after(AFTER_LABEL, text, end);
    if (find !== undefined) return find;
  }
  if ((kinds & TITLE) !== 0 && isCapital(text, start)) {
    const find = after(AFTER_TITLE, text, end);
    if (find !== undefined) return find;
  }
  if ((kinds & (GIVEN | UNSURE | SURNAME)) === 0) return undefined;
  return pair(text, words, word) ?? ((kinds & GIVEN) !== 0 && isCapital(text, start) ? single(text, start, end) : undefined);
}

/** Not a part of an identifier, a model's name, a path or an address: `bert-base`, `anna_2`, `mario.rossi@`. */
function standsAlone(text: string, start: number, end: number): boolean {
  return !/[\w@./\\#-]/.test(text.charAt(start - 1)) && !/[\w@/\\]/.test(text.charAt(end)) && !/^[.-][\p{L}\d]/u.test(text.slice(end, end + 2).replace(/^-\p{Lu}/u, ''));
}

function isCapital(text: string, at: number): boolean {
  const char = text.charAt(at);
  return char !== char.toLowerCase();
}

/** What a title or a label is followed by. */
function after(pattern: RegExp, text: string, from: number): Find | undefined {
  pattern.lastIndex = from;
  const match = pattern.exec(text);
  const name = match?.[1]?.replace(/[.-]+$/, '');
  if (match === null || name === undefined || name.length < 2 || NO_NAME_AFTER.test(name)) return undefined;
  const start = from + match[0].indexOf(match[1] as string);
  return { detector: 'person-name', start, end: start + name.length, sure: 1 };
}

/** Given name and surname beside each other, in either order: both of the dictionary, so that their case does not matter. */
function pair(text: string, words: readonly number[], word: number): Find | undefined {
  const [start, end, kinds] = [words[word] as number, words[word + 1] as number, words[word + 2] as number];
  const next = word + 3;
  if (next >= words.length) return undefined;
  const [nextStart, nextEnd, nextKinds] = [words[next] as number, words[next + 1] as number, words[next + 2] as number];
  if (nextStart - end > 5 || !NEXT_WORD.test(text.slice(end, nextStart))) return undefined;
  const comma = text.charAt(end) === ',';
  const given = (kinds & (GIVEN | UNSURE)) !== 0 && (nextKinds & SURNAME) !== 0 && !comma;
  const family = (kinds & SURNAME) !== 0 && (nextKinds & (GIVEN | UNSURE)) !== 0 && (comma || isCapital(text, start));
  if (!given && !family) return undefined;
  // Two words that are both words of the language (`will price`, `may wood`) count as a name when they are written like one.
  if (((kinds | nextKinds) & GIVEN) === 0 && !(isCapital(text, start) && isCapital(text, nextStart))) return undefined;
  return { detector: 'person-name', start, end: moreEnd(text, nextEnd), sure: 1 };
}

/** A given name that is nothing else, with the capitalised words after it. */
function single(text: string, start: number, end: number): Find {
  return { detector: 'person-name', start, end: moreEnd(text, end), sure: 1 };
}

function moreEnd(text: string, end: number): number {
  MORE.lastIndex = end;
  const more = MORE.exec(text)?.[0].replace(/[.-]+$/, '') ?? '';
  return end + more.length;
}

/** Names in Han characters, where a label or a form of address says so. */
export function detectHanNames(text: string): Find[] {
  return [...text.matchAll(HAN_LABELLED)].map((match) => {
    const name = (match[1] ?? match[2]) as string;
    const start = match.index + match[0].indexOf(name);
    return { detector: 'person-name', start, end: start + name.length, sure: 1 };
  });
}
