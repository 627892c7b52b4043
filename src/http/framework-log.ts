import type { LoggerService } from '@nestjs/common';

/** Nest's own words in the service's one log, in its one form; what it has to say of a normal start is nobody's concern. */
export function frameworkLog(say: (level: 'warn' | 'error', message: string) => void): LoggerService {
  return {
    log: () => undefined,
    warn: (message: unknown) => say('warn', String(message)),
    error: (message: unknown) => say('error', String(message)),
  };
}
