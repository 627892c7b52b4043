const KNOWN = new Map<string, string>();
const KNOWN_LIMIT = 10_000;
const LONGEST_NAME = 128;
const LOOK_BACK = 48;
/** Numbers among numbers: no label is there to be found. */
const NO_WORD = /^[\d\s.,/+()-]*$/;

/** A field's name as words between spaces: `customerSSN` and `customer_ssn` both read ` customer ssn `. */
export function fieldWords(name: string): string {
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  const words = ` ${name
    .slice(0, LONGEST_NAME)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/[^\p{L}\d]+/gu, ' ')
    .toLowerCase()
    .trim()} `;
  // Names are the sender's where a contract lets unknown fields in: what is remembered is bounded.
  if (KNOWN.size < KNOWN_LIMIT) KNOWN.set(name, words);
  return words;
}

/** Whether the field's words, or the text shortly before an index, name what a label names. Bounded: 48 units are looked at. */
export function isLabelled(text: string, start: number, field: string, label: RegExp): boolean {
  if (label.test(field)) return true;
  if (start < 2) return false;
  const before = text.slice(Math.max(0, start - LOOK_BACK), start);
  return !NO_WORD.test(before) && label.test(`${before.toLowerCase()} `);
}
