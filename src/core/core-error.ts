/** Every way in which bytes handed to `core` can be refused. Stable: documented in docs/errors.md. */
export const CORE_ERROR_CODES = [
  'json-syntax',
  'json-duplicate-key',
  'json-unsafe-integer',
  'json-number-not-finite',
  'json-lone-surrogate',
  'json-too-deep',
  'json-prototype-key',
  'encoding-hex',
  'encoding-base64',
  'encoding-utf8',
  'entry-malformed',
  'entry-not-canonical',
  'entry-too-large',
  'payload-malformed',
  'payload-too-large',
  'commitment-mismatch',
  'chain-broken',
  'time-went-backwards',
  'origin-mismatch',
  'proof-malformed',
  'inclusion-invalid',
  'consistency-invalid',
  'root-mismatch',
  'size-mismatch',
  'tile-path-malformed',
  'tile-malformed',
  'bundle-malformed',
  'note-malformed',
  'note-unsigned',
  'note-signature-invalid',
  'vkey-malformed',
  'checkpoint-malformed',
  'receipt-malformed',
  'erasure-unproven',
  'certificate-malformed',
  'zip-malformed',
  'dsse-malformed',
  'dsse-signature-invalid',
  'attestation-malformed',
  'evidence-key-unproven',
  'evidence-malformed',
  'evidence-file-missing',
  'evidence-file-added',
  'evidence-file-changed',
  'evidence-contradiction',
  'evidence-row-mismatch',
  'evidence-total-mismatch',
  'evidence-sample-mismatch',
  'evidence-verdict-mismatch',
  'hash-implementation-wrong',
] as const;

export type CoreErrorCode = (typeof CORE_ERROR_CODES)[number];

/** A refusal by `core`. `at` names the place: a JSON pointer, a line, a byte offset or a leaf index, as the message says. */
export class CoreError extends Error {
  override readonly name = 'CoreError';
  readonly code: CoreErrorCode;
  readonly at: string | undefined;

  constructor(code: CoreErrorCode, message: string, at?: string) {
    super(message);
    this.code = code;
    this.at = at;
  }
}
