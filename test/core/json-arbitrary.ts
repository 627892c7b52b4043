import fc from 'fast-check';
import type { JsonValue } from '../../src/core/json-value.ts';

const wellFormed = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('"', '\\', '/', ':', ',', '{', '[', '\n', '\u0000', 'u', 'd', '8', '😀', 'é') }),
  fc.constantFrom('', 'a', 'b', '1', '10', '__proto', 'constructor', 'prototype', 'toString', 'length'),
);

const safeNumber = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 53), max: 2 ** 53 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e21 }),
  fc.constantFrom(0, -0, 2 ** 53, -(2 ** 53), 1e21, 5e-324, Number.MAX_VALUE),
);

/** Values that the strict parser can give back: well-formed strings, numbers it takes, no prototype keys. */
export const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    wellFormed,
    safeNumber,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(
      // fast-check likes to make `__proto__` of its own accord.
      wellFormed.filter((key) => key !== 'constructor' && key !== '__proto__'),
      tie('value'),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ),
})).value;

/** A JSON text of a value, with blanks and escapes of the writer's choosing. */
export function spelledAtWill(value: JsonValue, choices: Iterator<number>): string {
  const pick = (count: number): number => (choices.next().value as number) % count;
  const blanks = (): string => ['', '', '', ' ', '\n', '\t\r\n  '][pick(6)] as string;
  const string = (text: string): string => {
    let spelled = '"';
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i).toString(16).padStart(4, '0');
      const must = unit < '0020' || text[i] === '"' || text[i] === '\\';
      // A pair is written all raw or all escaped, as raw halves are no text.
      const pair = /^[\ud800-\udbff][\udc00-\udfff]/.test(text.slice(i, i + 2));
      if (must || pick(8) === 0) {
        spelled += `\\u${pick(2) === 0 ? unit : unit.toUpperCase()}`;
        if (pair) spelled += `\\u${text.charCodeAt(++i).toString(16)}`;
      } else {
        spelled += pair ? text.slice(i, ++i + 1) : text[i];
      }
    }
    return `${spelled}"`;
  };
  const write = (item: JsonValue): string => {
    if (typeof item === 'string') return string(item);
    if (typeof item !== 'object' || item === null) return JSON.stringify(item);
    const spaced = (part: string): string => blanks() + part + blanks();
    const parts = Array.isArray(item)
      ? item.map((part) => spaced(write(part)))
      : Object.entries(item).map(([key, part]) => `${spaced(string(key))}:${spaced(write(part))}`);
    const inside = parts.length === 0 ? blanks() : parts.join(',');
    return Array.isArray(item) ? `[${inside}]` : `{${inside}}`;
  };
  return blanks() + write(value) + blanks();
}
