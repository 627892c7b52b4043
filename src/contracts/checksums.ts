/** Luhn, ISO/IEC 7812-1 annex B. @param digits ASCII digits, the check digit last */
export function luhn(digits: string): boolean {
  let sum = 0;
  let double = false;
  for (let at = digits.length - 1; at >= 0; at -= 1) {
    const digit = digits.charCodeAt(at) - 48;
    sum += double ? (digit > 4 ? 2 * digit - 9 : 2 * digit) : digit;
    double = !double;
  }
  return sum % 10 === 0;
}

/** The remainder by 97 of digits and letters (A = 10 … Z = 35), as ISO/IEC 7064 MOD 97-10 and IBAN (ISO 13616) take it. */
export function mod97(text: string): number {
  let remainder = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    remainder = code < 58 ? (remainder * 10 + code - 48) % 97 : (remainder * 100 + (code | 32) - 87) % 97;
  }
  return remainder;
}

/** The sum of each digit times its weight. */
export function weighted(digits: string, weights: readonly number[]): number {
  let sum = 0;
  for (const [at, weight] of weights.entries()) sum += (digits.charCodeAt(at) - 48) * weight;
  return sum;
}

/** ISO/IEC 7064 MOD 11,10 (the German Steuer-ID). The check digit stands last. */
export function mod11and10(digits: string): boolean {
  let product = 10;
  for (let at = 0; at < digits.length - 1; at += 1) {
    const sum = (digits.charCodeAt(at) - 48 + product) % 10 || 10;
    product = (2 * sum) % 11;
  }
  return (product + digits.charCodeAt(digits.length - 1) - 48) % 10 === 1;
}

/** ISO/IEC 7064 MOD 11-2 (China's GB 11643). The check character, 0–9 or X, stands last. */
export function mod11and2(text: string): boolean {
  let remainder = 0;
  for (let at = 0; at < text.length - 1; at += 1) remainder = ((remainder + text.charCodeAt(at) - 48) * 2) % 11;
  const check = text.charAt(text.length - 1).toUpperCase();
  return (remainder + (check === 'X' ? 10 : Number(check))) % 11 === 1;
}

/** The dihedral group of order 10 (J. Verhoeff, 1969), rows of its multiplication. */
const DIHEDRAL = ['0123456789', '1234067895', '2340178956', '3401289567', '4012395678', '5987604321', '6598710432', '7659821043', '8765932104', '9876543210'];
const PERMUTED = ['0123456789', '1576283094', '5803796142', '8916043527', '9453126870', '4286573901', '2793806415', '7046913258'];

/** Verhoeff (Aadhaar). The check digit stands last. */
export function verhoeff(digits: string): boolean {
  let state = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits.charAt(digits.length - 1 - at));
    const permuted = Number(PERMUTED[at % 8]?.charAt(digit));
    state = Number(DIHEDRAL[state]?.charAt(permuted));
  }
  return state === 0;
}

const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a month (1–12) has such a day. The 29th of February counts in every year: ids with two-digit years do not say which. */
export function isDay(month: number, day: number): boolean {
  return day >= 1 && day <= (MONTH_DAYS[month - 1] ?? 0);
}
