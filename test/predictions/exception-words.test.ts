import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EXCEPTION_BITS, EXCEPTION_WORDS, exceptionBits, exceptionWords } from '../../src/predictions/exception-words.ts';

test('the words are those of the payload’s schema, in its order', () => {
  const { properties } = JSON.parse(readFileSync('docs/spec/schemas/prediction-v3.json', 'utf8')) as { properties: { exceptions: { items: { enum: string[] } } } };
  expect(EXCEPTION_WORDS).toEqual(properties.exceptions.items.enum);
});

test('each word has a bit of its own', () => {
  const bits = Object.values(EXCEPTION_BITS);
  expect(new Set(bits).size).toBe(bits.length);
  expect(bits.every((bit) => Number.isInteger(Math.log2(bit)))).toBe(true);
});

test('what the read model keeps gives the words back', () => {
  fc.assert(fc.property(fc.subarray(EXCEPTION_WORDS), (words) => {
    expect(exceptionWords(exceptionBits(words) ?? null)).toEqual(words);
  }));
  expect(exceptionBits([])).toBeUndefined();
});
