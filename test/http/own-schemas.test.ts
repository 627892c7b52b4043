import { describe, expect, test } from '@jest/globals';
import { OwnSchemas } from '../../src/http/own-schemas.ts';

describe('a schema of our own that is wrong is refused when it is compiled', () => {
  test.each<[string, object]>([
    ['a misspelt word', { type: 'object', propertise: {} }],
    ['a misspelt word further in', { type: 'object', properties: { a: { type: 'string', minLenght: 1 } } }],
    ['no such type', { type: 'text' }],
    ['a length that is a text', { type: 'string', maxLength: '3' }],
    ['required that is one name', { type: 'object', required: 'id' }],
    ['an empty enum', { enum: [] }],
    ['properties that are a list', { type: 'object', properties: ['id'] }],
    ['an unknown format', { type: 'string', format: 'datum' }],
  ])('%s', (_what, schema) => {
    expect(() => new OwnSchemas().compile(schema)).toThrow();
  });
});

test('every error is found, unless the options say otherwise', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'number' } } };
  const faults = (validate: ReturnType<OwnSchemas['compile']>) => (validate({ a: 1, b: 'x' }) ? 0 : validate.errors?.length);
  expect([faults(new OwnSchemas().compile(schema)), faults(new OwnSchemas({ allErrors: false }).compile(schema))]).toEqual([2, 1]);
});
