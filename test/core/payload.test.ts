import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import type { CoreErrorCode } from '../../src/core/core-error.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { encodePayload, MAX_PAYLOAD_BYTES, type Payload, parsePayload } from '../../src/core/payload.ts';
import { jsonValue } from './json-arbitrary.ts';
import './to-throw-with-code.ts';

function payloadWith(changes: Partial<Payload> = {}): Payload {
  return {
    type: 'prediction',
    v: 1,
    principal: 'p_01JD8Z6T9Q4W5E6R7T8Y9U0I1O',
    rule: 'producers-may-post',
    contract: 'credit-risk@3',
    body: { output: { score: 0.81 }, id: '01J' },
    ...changes,
  };
}

const text = encodePayload(payloadWith());

describe('payloads', () => {
  test('are canonical JSON that reads as the same', () => {
    fc.assert(
      fc.property(jsonValue, fc.option(fc.constant('c@1')), (body, contract) => {
        const payload = payloadWith({ body, contract });
        const json = encodePayload(payload);
        expect(json).toBe(canonicalize({ ...payload }));
        expect(canonicalize({ ...parsePayload(json) })).toBe(json);
      }),
    );
  });

  test.each<[string, Partial<Record<keyof Payload, unknown>>]>([
    ['/type', { type: 'Prediction' }],
    ['/type', { type: null }],
    ['/v', { v: 0 }],
    ['/v', { v: 1.5 }],
    ['/v', { v: '1' }],
    ['/principal', { principal: '' }],
    ['/principal', { principal: {} }],
    ['/rule', { rule: '' }],
    ['/rule', { rule: null }],
    ['/contract', { contract: '' }],
    ['/contract', { contract: 1 }],
  ])('refuse a wrong %s: %j', (at, change) => {
    const wrong = payloadWith(change as Partial<Payload>);
    expect(() => encodePayload(wrong)).toThrowWithCode('payload-malformed', { at });
    expect(() => parsePayload(canonicalize({ ...wrong }))).toThrowWithCode('payload-malformed', { at });
  });

  test.each<[CoreErrorCode, string, string]>([
    ['payload-malformed', '"v":1', '"v":1,"w":1'],
    ['payload-malformed', '"contract":"credit-risk@3",', ''],
    ['payload-malformed', '"v":1', '"v": 1'],
    ['payload-malformed', '"v":1', '"v":1.0'],
    ['payload-malformed', '0.81', '0.810'],
    ['payload-malformed', '"01J"', '"\\u003001J"'],
    ['json-duplicate-key', '"id":"01J"', '"id":"01J","id":"01J"'],
    ['json-unsafe-integer', '0.81', '9007199254740993'],
    ['json-number-not-finite', '0.81', '1e999'],
    ['json-lone-surrogate', '01J', '\\ud800'],
    ['json-prototype-key', '"id"', '"__proto__"'],
    ['json-syntax', '"v":1}', '"v":1}x'],
  ])('refuse with %s: %s become %s', (code, piece, other) => {
    expect(text).toContain(piece);
    expect(() => parsePayload(text.replace(piece, other))).toThrowWithCode(code);
  });

  test.each(['null', '[]', '{}', '"payload"'])('refuse %s', (json) => {
    expect(() => parsePayload(json)).toThrowWithCode('payload-malformed');
  });

  test.each([
    ['one byte a character', 'a'],
    ['two', 'é'],
    ['three', '€'],
    ['four', '😀'],
  ])('are measured in UTF-8 bytes: %s', (_, char) => {
    const room = MAX_PAYLOAD_BYTES - utf8(encodePayload(payloadWith({ body: '' }))).length;
    const size = utf8(char).length;
    const body = char.repeat(Math.floor(room / size)) + 'a'.repeat(room % size);
    const largest = encodePayload(payloadWith({ body }));
    expect(utf8(largest)).toHaveLength(MAX_PAYLOAD_BYTES);
    expect(parsePayload(largest).body).toBe(body);
    expect(() => encodePayload(payloadWith({ body: `${body}a` }))).toThrowWithCode('payload-too-large');
    expect(() => parsePayload(`${largest.slice(0, -1)}a}`)).toThrowWithCode('payload-too-large');
  });

  test('nest as deep as canonical JSON allows, the envelope counted', () => {
    let body: JsonValue = [];
    for (let depth = 1; depth < 63; depth++) body = [body];
    const deepest = encodePayload(payloadWith({ body }));
    expect(parsePayload(deepest).body).toEqual(body);
    expect(() => encodePayload(payloadWith({ body: [body] }))).toThrowWithCode('json-too-deep');
  });
});
