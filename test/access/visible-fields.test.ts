import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { VisibleFields } from '../../src/access/visible-fields.ts';
import type { JsonValue } from '../../src/core/json-value.ts';

const RECORD = {
  id: 'a',
  inputs: { age: 41, ssn: '1', 'a.b': 1, address: { zip: '10115', street: 'x' } },
  output: { score: 0.5 },
  features: [{ view: 'v', asOf: 't' }, { view: 'w' }, 'x'],
};

describe('a path', () => {
  test('covers what is nested in it, and not what only begins like it', () => {
    expect(new VisibleFields(undefined, ['inputs.address']).of(RECORD)).toEqual({
      value: { ...RECORD, inputs: { age: 41, ssn: '1', 'a.b': 1 } },
      withheld: ['inputs.address'],
    });
    expect(new VisibleFields(undefined, ['inputs.addr', 'input', 'inputs.ss']).of(RECORD)).toEqual({ value: RECORD, withheld: [] });
  });

  test('that allows shows only what it covers, and names the rest', () => {
    expect(new VisibleFields(['id', 'inputs.address.zip', 'features.view'], []).of(RECORD)).toEqual({
      value: { id: 'a', inputs: { address: { zip: '10115' } }, features: [{ view: 'v' }, { view: 'w' }, null] },
      withheld: ['inputs.age', 'inputs.ssn', 'inputs.a.b', 'inputs.address.street', 'output', 'features.asOf', 'features'],
    });
  });

  test('that denies wins over one that allows, whichever is longer', () => {
    expect(new VisibleFields(['inputs'], ['inputs.address.zip']).of({ inputs: RECORD.inputs }).value).toEqual({ inputs: { ...RECORD.inputs, address: { street: 'x' } } });
    expect(new VisibleFields(['inputs.address.zip'], ['inputs']).of({ inputs: RECORD.inputs })).toEqual({ value: {}, withheld: ['inputs'] });
  });

  test('that allows is not a name with dots in it; one that denies is that, too', () => {
    expect(new VisibleFields(['inputs.a.b'], []).of({ inputs: { 'a.b': 1, a: { b: 2, c: 3 } } }).value).toEqual({ inputs: { a: { b: 2 } } });
    expect(new VisibleFields(undefined, ['inputs.a']).of({ inputs: { 'a.b': 1, a: { b: 2 } } }).value).toEqual({ inputs: {} });
  });

  test('of a name that objects inherit is a name like the others', () => {
    const sent = JSON.parse('{"inputs":{"__proto__":{"x":1},"constructor":2}}') as Record<string, JsonValue>;
    const { value } = new VisibleFields(undefined, ['inputs.constructor']).of(sent);
    expect(JSON.stringify(value)).toBe('{"inputs":{"__proto__":{"x":1}}}');
  });
});

test('nothing is withheld by the one that sees everything, and nothing shown by the one that sees nothing', () => {
  expect(VisibleFields.all.everything).toBe(true);
  expect(VisibleFields.all.of(RECORD)).toEqual({ value: RECORD, withheld: [] });
  expect(VisibleFields.none.everything).toBe(false);
  expect(VisibleFields.none.of(RECORD)).toEqual({ value: {}, withheld: ['id', 'inputs', 'output', 'features'] });
  for (const fields of [new VisibleFields(['id'], []), new VisibleFields(undefined, ['id'])]) expect(fields.everything).toBe(false);
});

test('property: each leaf is there exactly where its path is allowed and not denied, and the record is not changed', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'));
  const { record } = fc.letrec<{ record: JsonValue }>((tie) => ({
    record: fc.oneof({ maxDepth: 3 }, fc.constant('leaf'), fc.dictionary(name, tie('record'), { minKeys: 1, noNullPrototype: true }) as fc.Arbitrary<JsonValue>),
  }));
  fc.assert(
    fc.property(fc.option(fc.array(path, { maxLength: 3 }), { nil: undefined }), fc.array(path, { maxLength: 3 }), record, (allowed, denied, value) => {
      const whole = { root: value };
      const text = JSON.stringify(whole);
      const prefixed = (paths: readonly string[]): string[] => paths.map((each) => `root.${each}`);
      const fields = new VisibleFields(allowed && prefixed(allowed), prefixed(denied));
      const seen = leaves(fields.of(whole).value);
      const within = (leaf: string, paths: readonly string[]): boolean => paths.some((each) => `${leaf}.`.startsWith(`${each}.`));
      const expected = leaves(whole).filter((leaf) => (allowed === undefined || within(leaf, prefixed(allowed))) && !within(leaf, prefixed(denied)));
      // Withheld besides: a leaf where a path goes on below it, which the record does not.
      const beyond = (leaf: string): boolean => prefixed(denied).some((each) => each.startsWith(`${leaf}.`));
      expect(seen).toEqual(expected.filter((leaf) => !beyond(leaf)));
      expect(JSON.stringify(whole)).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

function leaves(value: JsonValue, path: readonly string[] = []): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path.join('.')];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, [...path, name]));
}
