import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { captureOutput } from './captured-output.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

/** Stands in every bad record; must never come back, nor into a log line. */
const CANARY = 'canary-7f3a';

let service: TestService;
let output: ReturnType<typeof captureOutput>;
let sizeBefore: number;
const answers: Answer[] = [];

const sizeOf = async (): Promise<number> => Number((await service.call('GET', '/v1/log', 'auditor')).json['size']);

beforeAll(async () => {
  output = captureOutput();
  service = await startTestService();
  sizeBefore = await sizeOf();
});
afterAll(async () => {
  await service.close();
  output.stop();
});

const post = async (body: string | Uint8Array): Promise<Answer> => {
  const answer = await service.call('POST', '/v1/predictions', 'producer', body, { 'content-type': 'application/json' });
  answers.push(answer);
  return answer;
};

const HEAD = '{"id":"bad-1","model":"m","version":"1","inputs":{"x":';
/** A record whose `inputs.x` is this raw JSON text, good but for that. */
const withInput = (raw: string): string => `${HEAD}${raw}},"output":{}}`;
/** The offset of the nth character of that text. */
const inInput = (n: number): string => String(HEAD.length + n);
const nested = (levels: number, open: string, close: string): string => `${open.repeat(levels)}"${CANARY}"${close.repeat(levels)}`;
const bytes = (before: string, hex: string, after: string): Buffer => Buffer.concat([Buffer.from(before), Buffer.from(hex, 'hex'), Buffer.from(after)]);

describe('text that is not JSON is 400 malformed-json, with its offset', () => {
  test.each([
    ['nothing', '', '0'],
    ['white space', ' \r\n\t', '4'],
    ['words', CANARY, '0'],
    ['no end', `{"id":"${CANARY}"`, '19'],
    ['a comma too many', `{"id":"${CANARY}",}`, '20'],
    ['two records', `{"id":"${CANARY}"}{}`, '20'],
    ['single quotes', `{'id':'${CANARY}'}`, '1'],
    ['a comment', `{"id":"${CANARY}" /* x */}`, '20'],
    ['NaN', withInput(`NaN,"y":"${CANARY}"`), inInput(0)],
    ['Infinity', withInput('-Infinity'), inInput(0)],
    ['undefined', withInput('undefined'), inInput(0)],
    ['hexadecimal', withInput('0x10'), inInput(1)],
    ['a leading zero', withInput('012'), inInput(1)],
    ['a leading plus', withInput('+1'), inInput(0)],
    ['no digits behind the point', withInput('1.'), inInput(1)],
    ['a raw line break in a string', withInput(`"${CANARY}\n"`), inInput(12)],
    ['a raw NUL in a string', withInput(`"${CANARY}\0"`), inInput(12)],
    ['no such escape', withInput(String.raw`"\x41${CANARY}"`), inInput(2)],
    ['half an escape', withInput(String.raw`"\u12"`), inInput(3)],
    ['a byte order mark', `\ufeff{"id":"${CANARY}"}`, '0'],
    ['a no-break space', `\u00a0{"id":"${CANARY}"}`, '0'],
  ])('%s', async (_what, body, offset) => {
    const { status, json, headers } = await post(body);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(json).toMatchObject({ type: 'urn:prediction-ledger:problem:malformed-json', status: 400, code: 'malformed-json', detail: expect.any(String) });
    expect(json['errors']).toEqual([{ at: offset, code: 'json-syntax', detail: expect.stringContaining(`offset ${offset}`) }]);
  });

  test.each([
    ['a lone byte', bytes(`{"id":"${CANARY}`, 'ff', '"}')],
    ['an overlong slash', bytes(`{"id":"${CANARY}`, 'c0af', '"}')],
    ['a surrogate in UTF-8', bytes(`{"id":"${CANARY}`, 'eda080', '"}')],
    ['beyond Unicode', bytes(`{"id":"${CANARY}`, 'f4908080', '"}')],
    ['a cut sequence', bytes(`{"id":"${CANARY}"}`, 'e282', '')],
    ['UTF-16', Buffer.from(`{"id":"${CANARY}"}`, 'utf16le')],
    ['Latin-1', Buffer.from(`{"id":"${CANARY}ä"}`, 'latin1')],
  ])('invalid UTF-8: %s', async (what, body) => {
    const { status, json } = await post(body);
    expect([status, json['code']]).toEqual([400, 'malformed-json']);
    // UTF-16 of ASCII is valid UTF-8, full of NULs.
    expect(json['errors']).toMatchObject([{ code: what === 'UTF-16' ? 'json-syntax' : 'encoding-utf8' }]);
  });
});

describe('JSON that cannot be kept exactly is 422 invalid-json, with its place', () => {
  test.each([
    ['1e400', withInput('1e400'), 'json-number-not-finite', '/inputs/x'],
    ['-1e400', withInput('[0,-1e400]'), 'json-number-not-finite', '/inputs/x/1'],
    ['a long integer', withInput('9007199254740993'), 'json-unsafe-integer', '/inputs/x'],
    ['a long negative integer', withInput('-9007199254740993'), 'json-unsafe-integer', '/inputs/x'],
    ['a long integer with a fraction', withInput('9007199254740993.0'), 'json-unsafe-integer', '/inputs/x'],
    ['an integer of 20 digits', withInput('12345678901234567890'), 'json-unsafe-integer', '/inputs/x'],
    ['a high surrogate', withInput(String.raw`"${CANARY}\ud800"`), 'json-lone-surrogate', '/inputs/x'],
    ['a low surrogate', withInput(String.raw`"\udc00${CANARY}"`), 'json-lone-surrogate', '/inputs/x'],
    ['surrogates in the wrong order', withInput(String.raw`"\udc00\ud800"`), 'json-lone-surrogate', '/inputs/x'],
    ['a surrogate in a key', withInput(String.raw`{"\ud83d":"${CANARY}"}`), 'json-lone-surrogate', '/inputs/x'],
    ['a key twice at the top', `{"id":"${CANARY}","id":"${CANARY}"}`, 'json-duplicate-key', '/id'],
    ['a key twice, spelled otherwise', String.raw`{"id":"${CANARY}","\u0069d":"${CANARY}"}`, 'json-duplicate-key', '/id'],
    ['a key twice below', withInput(`{"a":{"b":"${CANARY}","b":"${CANARY}"}}`), 'json-duplicate-key', '/inputs/x/a/b'],
    ['a key twice in an array', withInput(`[{},{"b":1,"b":"${CANARY}"}]`), 'json-duplicate-key', '/inputs/x/1/b'],
    ['__proto__ at the top', `{"__proto__":{"id":"${CANARY}"},"id":"a"}`, 'json-prototype-key', '/__proto__'],
    ['__proto__ below', withInput(`{"__proto__":"${CANARY}"}`), 'json-prototype-key', '/inputs/x/__proto__'],
    ['__proto__, escaped', withInput(String.raw`{"\u005f_proto__":"${CANARY}"}`), 'json-prototype-key', '/inputs/x/__proto__'],
    ['constructor.prototype', withInput(`{"constructor":{"prototype":{"x":"${CANARY}"}}}`), 'json-prototype-key', '/inputs/x/constructor/prototype'],
    ['33 levels', withInput(nested(31, '[', ']')), 'json-too-deep', `/inputs/x${'/0'.repeat(30)}`],
    ['10,000 arrays', withInput(nested(10_000, '[', ']')), 'json-too-deep', `/inputs/x${'/0'.repeat(30)}`],
    ['10,000 objects', withInput(nested(10_000, '{"a":', '}')), 'json-too-deep', `/inputs/x${'/a'.repeat(30)}`],
    ['100,000 arrays without an end', '['.repeat(100_000), 'json-too-deep', '/0'.repeat(32)],
  ])('%s', async (_what, body, code, at) => {
    const { status, json } = await post(body);
    expect([status, json['code']]).toEqual([422, 'invalid-json']);
    expect(json['errors']).toEqual([{ at, code, detail: expect.any(String) }]);
  });

  test('a place with a very long key is cut short', async () => {
    const { text, json } = await post(withInput(`{"${'k'.repeat(100_000)}":1e400}`));
    expect(json['code']).toBe('invalid-json');
    expect(text.length).toBeLessThan(2000);
  });

  test('keys of objects that JavaScript has, but JSON does not mind, are kept', async () => {
    const inputs = JSON.parse('{"constructor":0,"prototype":1,"toString":2,"hasOwnProperty":3,"then":4,"toJSON":5,"length":6}') as object;
    const body = JSON.stringify(prediction('keys-1', { inputs }));
    expect((await service.call('POST', '/v1/predictions', 'producer', body, { 'content-type': 'application/json' })).status).toBe(201);
    expect((await service.call('GET', '/v1/predictions/keys-1', 'auditor')).json['prediction']).toMatchObject({ inputs });
  });
});

test('after all of it only the one good record is in, the log verifies, and no value was repeated anywhere', async () => {
  const { entries } = await verifiedLog(service, { atLeast: sizeBefore + 2 });
  // The record, and the trace of its reading.
  expect(entries).toHaveLength(sizeBefore + 2);
  expect(answers.length).toBeGreaterThan(50);
  for (const { text, status } of answers) {
    expect(status).toBeLessThan(500);
    expect(text).not.toContain('canary');
  }
  expect(`${service.said.join('\n')}${output.text()}`).not.toContain('canary');
  expect(service.said).toEqual([]);
});
