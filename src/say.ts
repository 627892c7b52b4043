import { pino } from 'pino';
import type { Settings } from './settings.ts';
import type { Say } from './service.ts';

/** The service's log: JSON lines on standard error. Messages hold no secret and nothing of what is recorded. */
export function createSay(level: Settings['logLevel']): Say {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));
  return (at, message) => logger[at](message);
}
