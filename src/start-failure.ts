/** What mends a start that the operating system refused, by the call that it refused. */
const MENDS: Readonly<Record<string, string>> = {
  listen: 'set HOST to an address of this machine and PORT to a free port',
  getaddrinfo: 'set HOST to an address of this machine',
  mkdir: 'set DATA_DIR to a folder that can be written',
};

/**
 * Why the service does not start: one line that says what is wrong and how to mend it. A stack, and so more than one
 * line, stands there only where nobody foresaw the error.
 */
export function refusalToStart(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('syscall' in error && typeof error.syscall === 'string') {
    const mend = MENDS[error.syscall];
    return mend === undefined ? error.message : `${error.message}: ${mend}`;
  }
  // Our own errors have names of their own.
  const isForeseen = error.name !== 'Error' && error.name !== 'TypeError';
  return isForeseen ? error.message : (error.stack ?? error.message);
}
