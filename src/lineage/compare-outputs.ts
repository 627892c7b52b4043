import type { JsonValue } from '../core/json-value.ts';

/**
 * Places at which two values differ, as JSON pointers: numbers by more than the tolerance, relative to the larger of the two
 * where that is above one.
 */
export function differences(recorded: JsonValue | undefined, answered: JsonValue | undefined, tolerance: number, at = ''): string[] {
  if (typeof recorded === 'number' && typeof answered === 'number') {
    return Math.abs(recorded - answered) <= tolerance * Math.max(1, Math.abs(recorded), Math.abs(answered)) ? [] : [at];
  }
  if (Array.isArray(recorded) && Array.isArray(answered)) {
    return Array.from({ length: Math.max(recorded.length, answered.length) }, (_, i) => differences(recorded[i], answered[i], tolerance, `${at}/${i}`)).flat();
  }
  if (isObject(recorded) && isObject(answered)) {
    return [...new Set([...Object.keys(recorded), ...Object.keys(answered)])].flatMap((name) =>
      differences(own(recorded, name), own(answered, name), tolerance, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
    );
  }
  return recorded === answered ? [] : [at];
}

function own(object: { [name: string]: JsonValue }, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
