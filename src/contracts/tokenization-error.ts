/** Why a value cannot be put into the form that its contract asks for. */
export const TOKENIZATION_ERROR_CODES = ['not-a-zip', 'not-a-date', 'not-an-age', 'not-a-number', 'not-text', 'not-in-a-band'] as const;

export type TokenizationErrorCode = (typeof TOKENIZATION_ERROR_CODES)[number];

/** A value does not fit the mode that its contract names. The message never repeats the value. */
export class TokenizationError extends Error {
  override readonly name = 'TokenizationError';
  readonly code: TokenizationErrorCode;

  constructor(code: TokenizationErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
