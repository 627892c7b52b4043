import { isDay, luhn, mod11and10, mod97, weighted } from './checksums.ts';
import type { NationalId } from './national-id.ts';

/** Numbers of Europe that are digits alone (those with letters: lettered-ids.ts). */
export const EUROPEAN_IDS: readonly NationalId[] = [
  {
    id: 'de-steuer-id',
    finds: 'German tax identification number (Steuer-ID)',
    checksum: 'ISO/IEC 7064 MOD 11,10, and one digit that is repeated (§ 139b AO)',
    digits: 11,
    shapes: ['2 3 3 3', '2-3-3-3', '3 4 4'],
    alone: true,
    label: /steuer|\bidnr\b|\bid-nr\b|\btin\b/,
    valid: isSteuerId,
  },
  {
    id: 'gb-nhs-number',
    finds: 'NHS number of England, Wales and the Isle of Man',
    checksum: 'mod 11',
    digits: 10,
    shapes: ['3 3 4', '3-3-4'],
    alone: false,
    label: /\bnhs\b|health service/,
    valid: (digits) => !/^(\d)\1{9}$/.test(digits) && (11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === Number(digits.charAt(9)),
  },
  {
    id: 'fr-nir',
    finds: 'French NIR (numéro de sécurité sociale)',
    checksum: '97 − (number mod 97)',
    digits: 15,
    shapes: ['1 2 2 2 3 3 2', '13 2', '1-2-2-2-3-3-2', '1.2.2.2.3.3.2'],
    alone: true,
    label: /\bnir\b|insee|secu|carte vitale/,
    valid: (digits) => /^[1-478]\d\d(?:0[1-9]|1[0-2]|[2-9]\d)/.test(digits) && 97 - mod97(digits.slice(0, 13)) === Number(digits.slice(13)),
  },
  {
    id: 'nl-bsn',
    finds: 'Dutch BSN',
    checksum: 'the eleven test (weights 9 … 2, −1)',
    digits: 9,
    shapes: ['4.2.3'],
    alone: false,
    label: /\bbsn\b|burgerservice|sofi/,
    valid: (digits) => digits !== '000000000' && weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0,
  },
  {
    id: 'pl-pesel',
    finds: 'Polish PESEL',
    checksum: 'mod 10 (weights 1 3 7 9), and a date of birth',
    digits: 11,
    shapes: ['6-5', '6 5'],
    alone: false,
    label: /pesel/,
    valid: (digits) => isDay(Number(digits.slice(2, 4)) % 20, Number(digits.slice(4, 6))) && weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
  },
  {
    id: 'se-personnummer',
    finds: 'Swedish personnummer or samordningsnummer',
    checksum: 'Luhn, and a date of birth',
    digits: 10,
    shapes: ['6-4'],
    alone: false,
    label: /person ?n(?:umme)?r|samordning/,
    valid: isPersonnummer,
  },
  {
    id: 'se-personnummer',
    finds: 'Swedish personnummer or samordningsnummer, with the century',
    checksum: 'Luhn, and a date of birth',
    digits: 12,
    shapes: ['8-4'],
    alone: false,
    label: /person ?n(?:umme)?r|samordning/,
    valid: (digits) => /^(?:18|19|20)/.test(digits) && isPersonnummer(digits.slice(2)),
  },
  {
    id: 'no-fodselsnummer',
    finds: 'Norwegian fødselsnummer or D-number',
    checksum: 'two check digits, mod 11, and a date of birth',
    digits: 11,
    shapes: ['6 5', '6-5'],
    alone: true,
    label: /fodsels|personnummer|\bfnr\b/,
    valid: isFodselsnummer,
  },
  {
    id: 'be-rijksregisternummer',
    finds: 'Belgian national register number',
    checksum: '97 − (number mod 97), and a date of birth',
    digits: 11,
    shapes: ['2.2.2-3.2', '6-3.2', '6 3 2', '2 2 2 3 2'],
    alone: true,
    label: /rijksregister|registre national|\binsz\b|\bniss\b/,
    valid: isRijksregisternummer,
  },
  {
    id: 'ch-ahv',
    finds: 'Swiss AHV number',
    checksum: 'EAN-13, with 756 in front',
    digits: 13,
    shapes: ['3.4.4.2', '3 4 4 2'],
    alone: true,
    label: /\bahv|\bavs\b|sozialversicherung/,
    valid: (digits) => digits.startsWith('756') && weighted(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
  },
  {
    id: 'ro-cnp',
    finds: 'Romanian CNP',
    checksum: 'mod 11 (weights 279146358279), and a date of birth',
    digits: 13,
    shapes: [],
    alone: false,
    label: /\bcnp\b|cod numeric/,
    valid: isCnp,
  },
];

function isSteuerId(digits: string): boolean {
  if (digits.startsWith('0') || !mod11and10(digits)) return false;
  // Ten digits of which one stands there twice or three times (never three in a row), all others at most once.
  const counts = new Map<string, number>();
  for (const digit of digits.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const repeated = [...counts.values()].filter((count) => count > 1);
  return repeated.length === 1 && (repeated[0] as number) <= 3 && !/^\d*(\d)\1\1\d*$/.test(digits.slice(0, 10));
}

function isPersonnummer(digits: string): boolean {
  const day = Number(digits.slice(4, 6));
  return isDay(Number(digits.slice(2, 4)), day > 60 ? day - 60 : day) && luhn(digits);
}

function isFodselsnummer(digits: string): boolean {
  const day = Number(digits.slice(0, 2));
  if (!isDay(Number(digits.slice(2, 4)), day > 40 ? day - 40 : day)) return false;
  return weighted(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 && weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0;
}

function isRijksregisternummer(digits: string): boolean {
  const month = Number(digits.slice(2, 4)) % 20;
  if (!isDay(month, Number(digits.slice(4, 6)))) return false;
  const check = Number(digits.slice(9));
  const number = digits.slice(0, 9);
  return 97 - mod97(number) === check || 97 - mod97(`2${number}`) === check;
}

function isCnp(digits: string): boolean {
  if (!/^[1-9]/.test(digits) || !isDay(Number(digits.slice(3, 5)), Number(digits.slice(5, 7)))) return false;
  const sum = weighted(digits, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
  return (sum === 10 ? 1 : sum) === Number(digits.charAt(12));
}
