import { luhn, weighted } from './checksums.ts';
import type { NationalId } from './national-id.ts';

/** Numbers of the Americas. */
export const AMERICAN_IDS: readonly NationalId[] = [
  {
    id: 'us-ssn',
    finds: 'United States social security number',
    checksum: 'none: area, group and serial rules of the SSA (no 000, 666, 9xx; no 00; no 0000)',
    digits: 9,
    shapes: ['3-2-4', '3 2 4', '3.2.4'],
    alone: false,
    label: /\bss[n#]|social\W{0,3}sec|\bsoc\W{0,2}sec|\btax ?payer|\btin\b|\bssid\b/,
    valid: (digits) => /^(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}$/.test(digits),
  },
  {
    id: 'us-itin',
    finds: 'United States individual taxpayer identification number',
    checksum: 'none: 9xx and the group ranges of the IRS',
    digits: 9,
    shapes: ['3-2-4', '3 2 4'],
    alone: false,
    label: /\bitin\b|individual tax|\btax ?payer|\btin\b/,
    valid: (digits) => /^9\d\d(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4}$/.test(digits),
  },
  {
    id: 'us-npi',
    finds: 'United States national provider identifier',
    checksum: 'Luhn over 80840 and the number (45 CFR 162.406)',
    digits: 10,
    shapes: [],
    alone: false,
    label: /\bnpi\b|national provider|provider id/,
    valid: (digits) => /^[12]/.test(digits) && luhn(`80840${digits}`),
  },
  {
    id: 'ca-sin',
    finds: 'Canadian social insurance number',
    checksum: 'Luhn',
    digits: 9,
    shapes: ['3-3-3'],
    alone: false,
    label: /\bsin\b|social insurance|\bnas\b/,
    valid: (digits) => !/^[08]/.test(digits) && luhn(digits),
  },
  {
    id: 'br-cpf',
    finds: 'Brazilian CPF',
    checksum: 'two check digits, mod 11',
    digits: 11,
    shapes: ['3.3.3-2'],
    alone: false,
    label: /\bcpf\b|cadastro de pessoa/,
    valid: isCpf,
  },
];

function isCpf(digits: string): boolean {
  if (/^(\d)\1{10}$/.test(digits)) return false;
  const first = (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11 % 10;
  const second = (weighted(digits, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11 % 10;
  return first === Number(digits.charAt(9)) && second === Number(digits.charAt(10));
}
