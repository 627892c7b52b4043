import { isDay, mod97 } from './checksums.ts';
import { isResidentId } from './national-ids-asia-africa.ts';

/** One kind of personal number that has letters in it. */
export interface LetteredId {
  id: string;
  finds: string;
  checksum?: string;
  /** How many letters it starts with. */
  letters: readonly number[];
  /** Sticky: tried where a token starts; bounded. */
  pattern: RegExp;
  /** @param compact upper case, without spaces and hyphens */
  valid(compact: string): boolean;
}

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';
const HETU_LETTERS = '0123456789ABCDEFHJKLMNPRSTUVWXY';

/** Every kind of national id with letters. */
export const LETTERED_IDS: readonly LetteredId[] = [
  {
    id: 'gb-nino',
    letters: [2],
    finds: 'UK national insurance number',
    checksum: 'none: the prefixes and suffixes that HMRC gives out',
    pattern: /[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d\d){3} ?[A-D]/iy,
    valid: (compact) => !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(compact),
  },
  {
    id: 'it-codice-fiscale',
    letters: [3, 6],
    finds: 'Italian codice fiscale',
    checksum: 'mod 26 (D.M. 23 December 1976), and a date of birth',
    pattern: /[A-Z]{3} ?[A-Z]{3} ?[\dLMNP-V]{2}[A-EHLMPRST][\dLMNP-V]{2} ?[A-Z][\dLMNP-V]{3}[A-Z]/iy,
    valid: isCodiceFiscale,
  },
  { id: 'es-nie', letters: [1], finds: 'Spanish NIE', checksum: 'mod 23', pattern: /[XYZ][- ]?\d{7}[- ]?[A-Z]/iy, valid: (compact) => isDni(`${'XYZ'.indexOf(compact.charAt(0))}${compact.slice(1)}`) },
  { id: 'es-dni', letters: [0], finds: 'Spanish DNI', checksum: 'mod 23', pattern: /\d{2}\.?\d{3}\.?\d{3}[- ]?[A-Z]/iy, valid: isDni },
  {
    id: 'fr-nir',
    letters: [0],
    finds: 'French NIR of a birth in Corsica (2A, 2B)',
    checksum: '97 − (number mod 97), 2A as 19 and 2B as 18',
    pattern: /[1-478] ?\d\d ?\d\d ?2[AB] ?\d{3} ?\d{3} ?\d\d/iy,
    valid: (compact) => 97 - mod97(compact.slice(0, 13).replace('2A', '19').replace('2B', '18')) === Number(compact.slice(13)),
  },
  { id: 'cn-resident-id', letters: [0], finds: 'Chinese resident identity number that ends in X', checksum: 'ISO/IEC 7064 MOD 11-2', pattern: /[1-9]\d{16}X/iy, valid: isResidentId },
  {
    id: 'fi-hetu',
    letters: [0],
    finds: 'Finnish personal identity code',
    checksum: 'mod 31, and a date of birth',
    pattern: /\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]/iy,
    valid: isHetu,
  },
  { id: 'sg-nric', letters: [1], finds: 'Singaporean NRIC or FIN', checksum: 'mod 11', pattern: /[STFGM]\d{7}[A-Z]/iy, valid: isNric },
  { id: 'in-pan', letters: [5], finds: 'Indian permanent account number of a person', checksum: 'none: the form, with P for a person', pattern: /[A-Z]{3}P[A-Z]\d{4}[A-Z]/y, valid: () => true },
  { id: 'mx-curp', letters: [4], finds: 'Mexican CURP', checksum: 'mod 10, and a date of birth', pattern: /[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{2}[B-DF-HJ-NP-TV-Z]{3}[A-Z\d]\d/iy, valid: isCurp },
];

function isDni(compact: string): boolean {
  return DNI_LETTERS.charAt(Number(compact.slice(0, 8)) % 23) === compact.charAt(8);
}

/** Values of the characters in odd places (the first is odd), for 0–9 and A–Z. */
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

function isCodiceFiscale(compact: string): boolean {
  let sum = 0;
  for (let at = 0; at < 15; at += 1) {
    const code = compact.charCodeAt(at);
    const value = code < 58 ? code - 48 : code - 65;
    sum += at % 2 === 0 ? (ODD[value] as number) : value;
  }
  // Omocodia: where two persons would have the same code, letters stand for digits.
  const day = Number(compact.slice(9, 11).replace(/[A-Z]/g, (letter) => String('LMNPQRSTUV'.indexOf(letter))));
  return sum % 26 === compact.charCodeAt(15) - 65 && (day > 40 ? day <= 71 : day >= 1 && day <= 31);
}

function isHetu(compact: string): boolean {
  const number = Number(compact.slice(0, 6) + compact.slice(-4, -1));
  return isDay(Number(compact.slice(2, 4)), Number(compact.slice(0, 2))) && HETU_LETTERS.charAt(number % 31) === compact.slice(-1);
}

function isNric(compact: string): boolean {
  const kind = compact.charAt(0);
  let sum = kind === 'T' || kind === 'G' ? 4 : kind === 'M' ? 3 : 0;
  for (const [at, weight] of [2, 7, 6, 5, 4, 3, 2].entries()) sum += Number(compact.charAt(at + 1)) * weight;
  const letters = kind === 'S' || kind === 'T' ? 'JZIHGFEDCBA' : kind === 'M' ? 'XWUTRQPNJLK' : 'XWUTRQPNMLK';
  return letters.charAt(sum % 11) === compact.charAt(8);
}

const CURP_VALUES = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ';

function isCurp(compact: string): boolean {
  let sum = 0;
  for (let at = 0; at < 17; at += 1) sum += CURP_VALUES.indexOf(compact.charAt(at)) * (18 - at);
  return isDay(Number(compact.slice(6, 8)), Number(compact.slice(8, 10))) && (10 - (sum % 10)) % 10 === Number(compact.charAt(17));
}
