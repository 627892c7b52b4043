import { expect } from '@jest/globals';
import { CoreError, type CoreErrorCode } from '../../src/core/core-error.ts';

/** Where an error must point, when the test cares. */
interface Place {
  at?: string;
}

declare module 'expect' {
  interface Matchers<R> {
    /** A function that throws, or a promise that `rejects` with, a CoreError of this code (and at this place). */
    toThrowWithCode(code: CoreErrorCode, place?: Place): R;
  }
}

expect.extend({
  toThrowWithCode(received: unknown, code: CoreErrorCode, place: Place = {}) {
    const error = typeof received === 'function' ? thrownBy(received as () => unknown) : received;
    const right = error instanceof CoreError && error.code === code;
    const pass = right && (place.at === undefined || error.at === place.at);
    const wanted = `CoreError ${code}${place.at === undefined ? '' : ` at ${place.at}`}`;
    return { pass, message: () => `expected ${pass ? 'anything but ' : ''}${wanted}, got ${describe(error)}` };
  },
});

const NOTHING = Symbol('nothing thrown');

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return NOTHING;
}

function describe(error: unknown): string {
  if (error === NOTHING) return 'no error';
  if (error instanceof CoreError) return `CoreError ${error.code} at ${error.at}: ${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
