import { describe, expect, test } from '@jest/globals';
import { predictionTemplate } from '../../bench/prediction-template.ts';
import { appendRequests, readRequests } from '../../bench/requests.ts';
import { ulid } from '../../bench/ulid.ts';

interface Posted {
  id: string;
  subject: string;
  inputs: Record<string, unknown>;
}

/** Head and body of a request, whose Content-Length must be true. */
function takeApart(request: Buffer): { head: string; body: string } {
  const [head = '', body = ''] = request.toString('latin1').split('\r\n\r\n');
  expect(head).toContain(`Content-Length: ${body.length}`);
  return { head, body };
}

describe('ulid', () => {
  test('has 26 letters of Crockford\u2019s base 32 and sorts by time', () => {
    expect(ulid(0)).toMatch(/^0{10}[0-9A-HJKMNP-TV-Z]{16}$/);
    expect(ulid(281_474_976_710_655)).toMatch(/^7Z{9}/);
    expect(ulid(1_700_000_000_000) < ulid(1_700_000_000_001)).toBe(true);
  });

  test('is never the same twice', () => {
    const now = Date.now();
    expect(new Set(Array.from({ length: 100_000 }, () => ulid(now))).size).toBe(100_000);
  });
});

describe('the posted prediction', () => {
  test('has 1,271 bytes, 30 inputs and the four personal strings', () => {
    const { bytes, personalAt } = predictionTemplate(new Date());
    expect(bytes.length).toBe(1271);
    expect(Object.keys((JSON.parse(bytes.toString()) as Posted).inputs)).toHaveLength(30);
    expect(personalAt).toHaveLength(4);
  });
});

describe('append requests', () => {
  test('are posts with a true length, a key and another id each time', () => {
    const requests = appendRequests('/v1/predictions', 'the-key', 1, 'recurring');
    const ids = Array.from({ length: 50 }, () => {
      const { head, body } = takeApart(requests.next());
      expect(head).toMatch(/^POST \/v1\/predictions HTTP\/1\.1\r\n/);
      expect(head).toContain('Authorization: Bearer the-key');
      const { id } = JSON.parse(body) as Posted;
      expect(requests.idOf(0)).toBe(id);
      return id;
    });
    expect(new Set(ids).size).toBe(50);
  });

  test('hold a whole batch as NDJSON', () => {
    const requests = appendRequests('/v1/predictions/batch', 'the-key', 100, 'recurring');
    const { head, body } = takeApart(requests.next());
    expect(head).toContain('Content-Type: application/x-ndjson');
    const lines = body.trimEnd().split('\n').map((line) => JSON.parse(line) as Posted);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(100);
    expect(lines.map((_, record) => requests.idOf(record))).toEqual(lines.map(({ id }) => id));
  });

  test('come from a thousand subjects, or from a new one each', () => {
    const subjects = (kind: 'recurring' | 'new'): Set<string> => {
      const requests = appendRequests('/', '', 100, kind);
      const posted = Array.from({ length: 200 }, () => takeApart(requests.next()).body.trimEnd().split('\n')).flat();
      return new Set(posted.map((line) => (JSON.parse(line) as Posted).subject));
    };
    // Of 1,000 subjects, some e^-20 are missed by 20,000 draws.
    expect(subjects('recurring').size).toBe(1000);
    expect(subjects('new').size).toBe(20_000);
  });

  test('differ in their personal strings', () => {
    const requests = appendRequests('/', '', 1, 'recurring');
    const [one, other] = [0, 1].map(() => (JSON.parse(takeApart(requests.next()).body) as Posted).inputs);
    for (const name of ['name', 'email', 'phone', 'iban']) expect(one?.[name]).not.toBe(other?.[name]);
  });
});

describe('read requests', () => {
  test('get each of the paths', () => {
    const requests = readRequests(['/a', '/b'], 'the-key');
    const lines = Array.from({ length: 100 }, () => requests.next().toString('latin1').split('\r\n')[0]);
    expect(new Set(lines)).toEqual(new Set(['GET /a HTTP/1.1', 'GET /b HTTP/1.1']));
  });

  test('want a path', () => {
    expect(() => readRequests([], 'the-key')).toThrow('no path');
  });
});
