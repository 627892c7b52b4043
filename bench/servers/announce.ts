/** What a server process tells the bench that started it. */
export interface ServerMessage {
  port: number;
  /** The key that producers send, where the server checks one. */
  key?: string;
  /** The key that may list and read, likewise. */
  auditorKey?: string;
}

/** Tells the bench where to send the load, and closes when the bench asks (SIGTERM) or is gone. */
export function announce(message: ServerMessage, close: () => Promise<void>): void {
  const end = (): void => void close().then(() => process.exit(0));
  process.once('SIGTERM', end).once('disconnect', () => process.exit(1));
  process.send?.(message);
}
