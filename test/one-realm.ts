import { types } from 'node:util';

// Jest runs test files in a realm of their own, whose Error is not the one that Node's errors inherit from. In
// production there is one realm, and `error instanceof Error` is true of both.
Object.defineProperty(Error, Symbol.hasInstance, {
  value(this: unknown, value: unknown): boolean {
    return (this === Error && types.isNativeError(value)) || Function.prototype[Symbol.hasInstance].call(this, value);
  },
});
