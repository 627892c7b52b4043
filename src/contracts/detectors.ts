import { cardNumber } from './detect-card-number.ts';
import { detectBirthDates } from './detect-birth-date.ts';
import { detectEmails } from './detect-email.ts';
import { detectColonAddresses, detectHyphenatedMacs, ipv4 } from './detect-ip.ts';
import { detectLabelledNumbers } from './detect-labelled-number.ts';
import { detectLetteredIds } from './detect-lettered-id.ts';
import { nationalId } from './detect-national-id.ts';
import { detectHanNames, detectPersonNames } from './detect-person-name.ts';
import { phone } from './detect-phone.ts';
import { detectPostalAddresses } from './detect-postal-address.ts';
import { detectUrls } from './detect-url.ts';
import { eachWindow, isInUuid } from './digit-windows.ts';
import { detectName } from './field-kind.ts';
import { fieldWords } from './field-words.ts';
import { fold, type FoldedText } from './folded-text.ts';
import { joinFinds, type Find, type Hit } from './hit.ts';
import { AT, COLON, DIGIT, DOT, FOREIGN, HYPHEN, LETTER, scan, type Scan } from './scan.ts';
import { BIRTH, GIVEN, NAMED, NUMBERED, SURNAME, TITLE, UNSURE } from './words.ts';

/** Of an ASCII text: nothing was folded, so nothing has moved. */
const AS_IT_IS: FoldedText = { text: '', starts: undefined, ends: undefined };
/** W3C Trace Context, section 3.2.2: random, and nothing of a person fits in. */
const TRACE_PARENT = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;
const HAN = /\p{Script=Han}/u;

/**
 * What in a text looks like personal data. Pure; linear in the text's length, whatever stands in it.
 *
 * @param fieldName the name of the field (the last part of its path): some names say what the whole value is
 * @returns hits that do not overlap, in order; none where nothing was found
 */
export function detect(text: string, fieldName: string): Hit[] {
  if (text.length < 2) return [];
  const named = detectName(fieldName);
  if (named !== undefined && text.trim() !== '') return [{ detector: named, offset: 0, length: text.length }];
  const raw = scan(text);
  // Nearly every text is ASCII, or has nothing that any detector looks for.
  const folded = (raw.seen & FOREIGN) === 0 ? AS_IT_IS : fold(text);
  const finds = findAll(folded === AS_IT_IS ? raw : scan(folded.text), fieldWords(fieldName));
  return finds.length === 0 ? [] : joinFinds(finds).map((find) => place(find, folded));
}

/**
 * What a number (a JSON number, not a string) looks like: digits that a check or the field's name makes personal. Only whole numbers are looked at.
 *
 * @returns one hit over the whole number as JSON writes it, or none
 */
export function detectNumber(value: number, fieldName: string): Hit[] {
  if (!Number.isSafeInteger(value) || value < 1000) return [];
  const text = String(value);
  const named = detectName(fieldName);
  const detector = named ?? findNumbers(scan(text), fieldWords(fieldName))[0]?.detector;
  return detector === undefined ? [] : [{ detector, offset: 0, length: text.length }];
}

/**
 * What in an identifier (a prediction's id, a parent's, a trace) looks like a person: e-mail addresses, checksummed numbers, and numbers with separators.
 * Names and addresses are not looked for, nor numbers that only a label would tell: an identifier has none.
 */
export function detectInIdentifier(text: string): Hit[] {
  if (TRACE_PARENT.test(text)) return [];
  const folded = fold(text);
  const scanned = scan(folded.text);
  const finds: Find[][] = [];
  if ((scanned.seen & AT) !== 0) finds.push(detectEmails(scanned.text));
  if ((scanned.seen & DIGIT) !== 0) finds.push(findNumbers(scanned, ''), detectLetteredIds(scanned));
  return joinFinds(finds.flat().filter(({ start, end, detector }) => detector === 'email' || !isInUuid(scanned.text, start, end))).map((find) => place(find, folded));
}

function findAll(scanned: Scan, field: string): Find[] {
  const { text, seen, kinds } = scanned;
  // Lists of lists: spread as arguments, the finds of a long text would not fit on the stack.
  const finds: Find[][] = [];
  if ((seen & DIGIT) !== 0) finds.push(findNumbers(scanned, field));
  if ((seen & AT) !== 0) finds.push(detectEmails(text));
  if ((seen & COLON) !== 0) finds.push(detectColonAddresses(text));
  if ((seen & (COLON | DOT)) !== 0) finds.push(detectUrls(text));
  if ((seen & DIGIT) !== 0 && (seen & LETTER) !== 0) {
    finds.push(detectLetteredIds(scanned), detectPostalAddresses(scanned));
    if ((seen & HYPHEN) !== 0) finds.push(detectHyphenatedMacs(text));
    if ((kinds & NUMBERED) !== 0) finds.push(detectLabelledNumbers(scanned));
    if ((kinds & BIRTH) !== 0) finds.push(detectBirthDates(scanned));
  }
  if ((kinds & (GIVEN | UNSURE | SURNAME | TITLE | NAMED)) !== 0) finds.push(detectPersonNames(scanned));
  if ((seen & FOREIGN) !== 0 && HAN.test(text)) finds.push(detectHanNames(text));
  return finds.flat();
}

function findNumbers(scanned: Scan, field: string): Find[] {
  const { text } = scanned;
  return eachWindow(scanned, (window) => {
    const find = cardNumber(window) ?? nationalId(window, text, field) ?? ipv4(window, text, field) ?? phone(window, text, field);
    return find === undefined || isInUuid(text, find.start, find.end) ? undefined : find;
  });
}

function place({ detector, start, end }: Find, { starts, ends }: FoldedText): Hit {
  const offset = starts === undefined ? start : (starts[start] as number);
  const stop = ends === undefined ? end : (ends[end - 1] as number);
  return { detector, offset, length: stop - offset };
}
