import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKey } from '../../src/access/api-key.ts';
import { PROBLEMS } from '../../src/http/problem.ts';
import { prediction } from './prediction.ts';
import { head, sendRaw } from './raw-http.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

let service: TestService;
let sizeBefore: number;
beforeAll(async () => {
  service = await startTestService();
  sizeBefore = Number((await service.call('GET', '/v1/log', 'auditor')).json['size']);
});
afterAll(() => service.close());

/** Whether an answer is a problem document of that code, with its status and title. */
function expectProblem(answer: Answer, code: keyof typeof PROBLEMS): void {
  const [status, title] = PROBLEMS[code];
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([status, 'application/problem+json; charset=utf-8', 'no-store']);
  expect(answer.json).toMatchObject({ type: `urn:prediction-ledger:problem:${code}`, title, status, code, detail: expect.any(String) });
}

describe('keys', () => {
  const wellFormed = makeKey('producer').key;
  test.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['no scheme', 'KEY'],
    ['the scheme alone', 'Bearer'],
    ['the scheme and a blank', 'Bearer '],
    ['another scheme', 'Basic KEY'],
    ['a scheme that only begins so', 'BearerKEY'],
    ['a key that nobody has', `Bearer ${wellFormed}`],
    ['a key without its end', 'Bearer KEY-1'],
    ['a key with something behind it', 'Bearer KEY x'],
    ['two keys', 'Bearer KEY, Bearer KEY'],
    ['a key in quotes', 'Bearer "KEY"'],
    ['SQL', `Bearer ' or '1'='1`],
    ['ten thousand characters', `Bearer ${'x'.repeat(10_000)}`],
  ])('%s is 401', async (_what, header) => {
    const key = service.keys['producer'] ?? '';
    const authorization = header?.replaceAll('KEY-1', key.slice(0, -1)).replaceAll('KEY', key);
    for (const [method, path] of [['GET', '/v1/log'], ['POST', '/v1/predictions']] as const) {
      const body = method === 'POST' ? prediction('unauthenticated-1') : undefined;
      expectProblem(await service.call(method, path, undefined, body, authorization === undefined ? {} : { authorization }), 'unauthenticated');
    }
  });

  test('the scheme is read in any case (RFC 9110, section 11.1)', async () => {
    for (const scheme of ['bearer', 'BEARER', 'Bearer ']) {
      expect((await service.call('GET', '/v1/log', undefined, undefined, { authorization: `${scheme} ${service.keys['auditor'] ?? ''}` })).status).toBe(200);
    }
  });

  test('nobody without a right to append makes the service read a body', async () => {
    for (const [key, status] of [[makeKey('producer').key, 401], [service.keys['auditor'], 403]] as const) {
      for (const path of ['/v1/predictions', '/v1/predictions/batch']) {
        // The body never comes, and yet the answer does.
        const answer = await sendRaw(service.url, head('POST', path, { Authorization: `Bearer ${key ?? ''}`, 'Content-Type': 'application/json', 'Content-Length': 1000, Connection: 'close' }));
        expect(answer.status).toBe(status);
      }
    }
  });

  test('a key in the URL is not looked at', async () => {
    expectProblem(await service.call('GET', `/v1/log?key=${service.keys['auditor'] ?? ''}`), 'unauthenticated');
  });
});

describe('content types', () => {
  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', 'application/json+x', 'application', 'json', '*/*', ';', 'application/xml'])(
    '%s is 415',
    async (type) => {
      for (const path of ['/v1/predictions', '/v1/predictions/batch']) {
        expectProblem(await service.call('POST', path, 'producer', JSON.stringify(prediction('type-1')), { 'content-type': type }), 'unsupported-media-type');
      }
    },
  );

  test('none at all is 415 with a body, and 400 without one', async () => {
    const fields = { Authorization: `Bearer ${service.keys['producer'] ?? ''}`, Connection: 'close' };
    for (const path of ['/v1/predictions', '/v1/predictions/batch']) {
      expect((await sendRaw(service.url, head('POST', path, { ...fields, 'Content-Length': 2 }), '{}')).status).toBe(415);
      expect((await sendRaw(service.url, head('POST', path, { ...fields, 'Content-Length': 0 }))).status).toBe(400);
      expect((await sendRaw(service.url, head('POST', path, fields))).status).toBe(400);
    }
  });

  test('lines are for batches', async () => {
    expectProblem(await service.call('POST', '/v1/predictions', 'producer', JSON.stringify(prediction('lines-1')), { 'content-type': 'application/x-ndjson' }), 'unsupported-media-type');
  });

  test('a packed body is 415, however well it is packed', async () => {
    expectProblem(await service.call('POST', '/v1/predictions', 'producer', JSON.stringify(prediction('gzip-1')), { 'content-type': 'application/json', 'content-encoding': 'gzip' }), 'unsupported-media-type');
  });

  test.each(['application/json; charset=utf-8', 'application/json;charset=UTF-8', 'Application/JSON', 'application/json; odata=none'])('%s is taken', async (type) => {
    const bad = await service.call('POST', '/v1/predictions', 'producer', '{}', { 'content-type': type });
    expectProblem(bad, 'invalid-record');
  });
});

describe('methods and paths', () => {
  test.each([
    ['PUT', '/v1/predictions', 'GET, HEAD, POST'],
    ['PATCH', '/v1/predictions/a', 'GET, HEAD'],
    ['DELETE', '/v1/predictions/a', 'GET, HEAD'],
    ['OPTIONS', '/v1/predictions', 'GET, HEAD, POST'],
    ['OPTIONS', '/logs/default/checkpoint', 'GET, HEAD'],
    ['POST', '/logs/default/tile/0/000', 'GET, HEAD'],
    ['POST', '/v1/log', 'GET, HEAD'],
    ['DELETE', '/v1/log/entries/0', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    // An id like any other, which is read and not written.
    ['GET', '/v1/predictions/batch', undefined],
  ])('%s %s', async (method, path, allow) => {
    const answer = await service.call(method, path, 'auditor');
    expectProblem(answer, allow === undefined ? 'not-found' : 'method-not-allowed');
    expect(answer.headers.get('allow')).toBe(allow ?? null);
  });

  test.each(['/', '/v1', '/v1/', '/v1/predictions/', '/v1/predictions/a/', '/v1/predictions/a/b', '/V1/log', '/v1//log', '/v1/log/', '/v2/log', '/logs', '/logs/', '/logs/default', '/.git/config', '/metrics/x', '/docs-json', '/favicon.ico', '/health'])(
    '%s is 404, also with a body',
    async (path) => {
      expectProblem(await service.call('GET', path, 'auditor'), 'not-found');
      expectProblem(await service.call('POST', path, 'producer', prediction('path-1')), 'not-found');
    },
  );

  test.each(['/v1/predictions/%', '/v1/predictions/%zz', '/v1/predictions/%ff', '/v1/predictions/%ed%a0%80', '/logs/%c0%af/checkpoint'])('%s is 400', async (path) => {
    const answer = await sendRaw(service.url, head('GET', path, { Authorization: `Bearer ${service.keys['auditor'] ?? ''}`, Connection: 'close' }));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([400, expect.objectContaining({ code: 'bad-request' })]);
    expect(answer.head).toMatch(/x-content-type-options: nosniff/i);
  });

  test('HEAD says what GET would, without a body', async () => {
    const answer = await service.call('HEAD', '/v1/log', 'auditor');
    expect([answer.status, answer.bytes.length]).toEqual([200, 0]);
    expect((await service.call('HEAD', '/v1/log')).status).toBe(401);
  });
});

describe('the query of a list', () => {
  const SQL = ["'", "' or '1'='1", "'; drop table entry; --", '\\', '%', '$1', '1) or (1=1', '" or ""="'];
  test('SQL in any filter is text like any other, or not of the right form', async () => {
    for (const name of ['model', 'version', 'decision', 'deployment']) {
      for (const value of SQL) {
        const answer = await service.call('GET', `/v1/predictions?from=2020-01-01T00:00:00Z&${name}=${encodeURIComponent(value)}`, 'auditor');
        expect([answer.status, answer.json]).toEqual([200, { items: [] }]);
      }
    }
    for (const name of ['from', 'to', 'order', 'cursor', 'limit']) {
      for (const value of SQL) expectProblem(await service.call('GET', `/v1/predictions?${name}=${encodeURIComponent(value)}`, 'auditor'), 'invalid-query');
    }
  });

  test.each([
    'modle=x', 'MODEL=x', 'offset=1', 'model[]=x', 'model.x=1', 'q', '=x',
    'model=a&model=b', 'limit=1&limit=2', 'cursor=1&cursor=1', 'order=asc&order=desc', 'from=2026-01-01&from=2026-01-02',
    'model=', `model=${'x'.repeat(129)}`, `decision=${'x'.repeat(257)}`, 'model=%00', 'model=a%0ab', 'decision=%7f', 'deployment=%c2%80',
    'limit=0', 'limit=-1', 'limit=1.5', 'limit=1e2', 'limit=', 'limit=9999999', 'limit=NaN', 'limit=%D9%A1',
    'cursor=-1', 'cursor=x', 'cursor=', 'cursor=01', 'cursor=1.0', 'cursor=9007199254740993', 'cursor=1%00',
    'order=ASC', 'order=', 'order=asc;',
    'from=yesterday', 'from=', 'from=0', 'from=1700000000000', 'from=2026', 'from=2026-01', 'from=2026-W05', 'from=2026-001', 'from=20260101', 'from=2026-02-30', 'from=2026-13-01',
    'from=2026-01-01T00:00:00', 'from=2026-01-01T25:00:00Z', 'from=2026-01-01T00:00:60Z', 'from=2026-01-01T00:00:00+01:00', 'from=2026-02-30T00:00:00Z', 'to=%2B010000-01-01T00:00:00Z', 'to=-000001-01-01', 'to=2026-01-01T00:00:00Z%00',
  ])('?%s is 422 and names the parameter', async (query) => {
    const answer = await service.call('GET', `/v1/predictions?${query}`, 'auditor');
    expectProblem(answer, 'invalid-query');
    const [name = ''] = query.split('=');
    expect(answer.json['errors']).toEqual(expect.arrayContaining([{ at: name, code: expect.any(String), detail: expect.any(String) }]));
    for (const { detail } of answer.json['errors'] as { detail: string }[]) expect(detail).not.toContain('xxxx');
  });

  test('__proto__ and the like change nothing', async () => {
    for (const name of ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', '__proto__[model]', 'constructor.prototype.x']) {
      expect([200, 422]).toContain((await service.call('GET', `/v1/predictions?${name}=polluted`, 'auditor')).status);
    }
    expect(({} as Record<string, unknown>)['model']).toBeUndefined();
  });
});

test('after all of it nothing was taken in, the log verifies, and no request was an incident', async () => {
  const { entries } = await verifiedLog(service);
  // What was forbidden to somebody who is known leaves a trace.
  const traces = entries.filter((entry) => /"type":"access-(decision|totals)"/.test(Buffer.from(entry).toString()));
  expect(entries).toHaveLength(sizeBefore + traces.length);
  expect(service.said).toEqual([]);
});
