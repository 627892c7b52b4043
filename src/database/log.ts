/** Where this layer says what it does. Lines hold no secret and no data of a log. */
export type Log = (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;
