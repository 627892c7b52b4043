import type { CoreErrorCode } from './core-error.ts';
import { CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';

/**
 * `value`, known to be an object with these keys and no other.
 *
 * @param at the JSON pointer of `value`
 * @throws CoreError with `code`, `at` the pointer of the first key that is missing; extra keys are not repeated
 */
export function closedObject<K extends string>(
  value: JsonValue,
  keys: readonly K[],
  code: CoreErrorCode,
  at = '',
): Record<K, JsonValue> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CoreError(code, `expected an object with ${keys.join(', ')}`, at);
  }
  for (const key of keys) {
    if (!Object.hasOwn(value, key)) throw new CoreError(code, `${key} is missing`, `${at}/${key}`);
  }
  if (Object.keys(value).length !== keys.length) throw new CoreError(code, `expected only ${keys.join(', ')}`, at);
  return value as Record<K, JsonValue>;
}
