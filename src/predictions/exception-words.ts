/**
 * What can be out of order with a prediction that was taken in all the same (docs/spec/payloads.md): the closed list, and each
 * word's bit in the read model (`prediction.exceptions`). A bit is never given to another word (32 was one that nothing ever bore).
 */
export const EXCEPTION_BITS = {
  'unknown-version': 1,
  'unapproved-version': 2,
  'rejected-version': 4,
  'withdrawn-version': 8,
  'retired-version': 16,
  'clock-skew': 64,
} as const;

export type ExceptionWord = keyof typeof EXCEPTION_BITS;

/** In the order in which a payload lists them. */
export const EXCEPTION_WORDS = Object.keys(EXCEPTION_BITS) as ExceptionWord[];

/** The words as the read model keeps them; undefined where there are none. */
export function exceptionBits(words: readonly ExceptionWord[]): number | undefined {
  return words.length === 0 ? undefined : words.reduce((bits, word) => bits | EXCEPTION_BITS[word], 0);
}

/** The words of a row of the read model. */
export function exceptionWords(bits: number | null): ExceptionWord[] {
  return EXCEPTION_WORDS.filter((word) => ((bits ?? 0) & EXCEPTION_BITS[word]) !== 0);
}
