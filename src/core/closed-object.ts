import type { CoreErrorCode } from './core-error.ts';
import { CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';

/**
 * `value`, known to be an object with these keys and no other.
 *
 * @throws CoreError with `code`, `at` the JSON pointer of the first key that is missing; extra keys are not repeated
 */
export function closedObject<K extends string>(
  value: JsonValue,
  keys: readonly K[],
  code: CoreErrorCode,
): Record<K, JsonValue> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CoreError(code, `expected an object with ${keys.join(', ')}`, '');
  }
  for (const key of keys) {
    if (!Object.hasOwn(value, key)) throw new CoreError(code, `${key} is missing`, `/${key}`);
  }
  if (Object.keys(value).length !== keys.length) throw new CoreError(code, `expected only ${keys.join(', ')}`, '');
  return value as Record<K, JsonValue>;
}
