/** Codes of what is kept outside of the database to be applied after a restoration. Each has its meaning and mend in docs/errors.md. */
export const JOURNAL_ERROR_CODES = ['journal-unavailable', 'journal-broken', 'key-export-broken'] as const;

export type JournalErrorCode = (typeof JOURNAL_ERROR_CODES)[number];

/** The message names the file or table and the line, and repeats nothing that stands there. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
