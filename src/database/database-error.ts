/** Every way in which the database, embedded or not, can refuse to open, be backed up or be restored. Documented in docs/errors.md. */
export const DATABASE_ERROR_CODES = [
  'backup-failed',
  'backup-malformed',
  'backup-newer',
  'backup-unreadable',
  'binaries-missing',
  'cluster-broken',
  'cluster-older',
  'cluster-user-missing',
  'data-dir-in-use',
  'data-dir-unreachable',
  'database-newer',
  'database-not-durable',
  'database-not-empty',
  'database-not-utf8',
  'database-read-only',
  'database-too-old',
  'database-unreachable',
  'database-url-malformed',
  'migration-changed',
  'migration-failed',
  'roles-missing',
  'runtime-role-too-strong',
] as const;

export type DatabaseErrorCode = (typeof DATABASE_ERROR_CODES)[number];

/** A refusal by the database layer. The message is one line that says what is wrong and what to do; it holds no secret. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
