import { isDay, luhn, mod11and2, verhoeff } from './checksums.ts';
import type { NationalId } from './national-id.ts';

/** Numbers of Asia and Africa that are digits alone. */
export const ASIAN_AND_AFRICAN_IDS: readonly NationalId[] = [
  {
    id: 'in-aadhaar',
    finds: 'Indian Aadhaar number',
    checksum: 'Verhoeff',
    digits: 12,
    shapes: ['4 4 4', '4-4-4'],
    alone: false,
    label: /aad?ha+r|\buid(?:ai)?\b/,
    valid: (digits) => /^[2-9]/.test(digits) && verhoeff(digits),
  },
  {
    id: 'cn-resident-id',
    finds: 'Chinese resident identity number',
    checksum: 'ISO/IEC 7064 MOD 11-2 (GB 11643), and a date of birth',
    digits: 18,
    shapes: ['6 8 4', '6-8-4'],
    alone: true,
    label: /身份证|resident id|id card/,
    valid: isResidentId,
  },
  {
    id: 'kr-rrn',
    finds: 'Korean resident registration number',
    checksum: 'none since 2020: a date of birth and the century digit',
    digits: 13,
    shapes: ['6-7'],
    alone: false,
    label: /주민|resident reg|\brrn\b/,
    valid: (digits) => isDay(Number(digits.slice(2, 4)), Number(digits.slice(4, 6))) && /^\d{6}[1-8]/.test(digits),
  },
  {
    id: 'za-id',
    finds: 'South African identity number',
    checksum: 'Luhn, and a date of birth',
    digits: 13,
    shapes: ['6 4 3', '6 4 2 1'],
    alone: false,
    label: /\bsa id\b|identity number|\brsa id\b/,
    valid: (digits) => isDay(Number(digits.slice(2, 4)), Number(digits.slice(4, 6))) && /^\d{10}[0-2][89]/.test(digits) && luhn(digits),
  },
];

/** @param text 17 digits and a check character (0–9, X) */
export function isResidentId(text: string): boolean {
  return /^[1-9]\d{5}(?:18|19|20)/.test(text) && isDay(Number(text.slice(10, 12)), Number(text.slice(12, 14))) && mod11and2(text);
}
