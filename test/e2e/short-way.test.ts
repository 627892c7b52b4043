import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { prediction } from './prediction.ts';
import { head, openSocket, readAnswer } from './raw-http.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ MAX_BODY_BYTES: '4096' });
  // Known before the first test: the guard answers without asking the database.
  await service.call('POST', '/v1/predictions', 'producer', prediction('known'));
});
afterAll(() => service.close());

// An empty query is unusual enough for the long way, and means the same.
const WAYS = { short: '/v1/predictions', long: '/v1/predictions?' };

describe('both ways give the same answer to', () => {
  const bodies: [string, string | undefined, unknown, Record<string, string>][] = [
    ['what was taken in before', 'producer', prediction('known'), {}],
    ['the id with other content', 'producer', prediction('known', { version: '9' }), {}],
    ['no prediction', 'producer', { model: 'm' }, {}],
    ['what is not JSON', 'producer', '{"id":', { 'content-type': 'application/json' }],
    ['an integer that a double cannot hold, in text beyond ASCII', 'producer', '{"id":"ü","model":9007199254740993}', { 'content-type': 'application/json' }],
    ['an empty body', 'producer', '', { 'content-type': 'application/json; charset=utf-8' }],
    ['too large a body', 'producer', prediction('large', { inputs: { text: 'x'.repeat(5000) } }), {}],
    ['a coding', 'producer', prediction('coded'), { 'content-encoding': 'gzip' }],
    ['another media type', 'producer', '{}', { 'content-type': 'text/plain' }],
    ['nobody', undefined, prediction('nobody'), {}],
    ['an unknown key', 'pl_00000000_nobody', prediction('unknown'), {}],
    ['a role that may not append', 'auditor', prediction('auditor'), {}],
  ];

  test.each(bodies)('%s', async (_what, by, body, fields) => {
    const short = await service.call('POST', WAYS.short, by, body, fields);
    expect(shown(short)).toEqual(shown(await service.call('POST', WAYS.long, by, body, fields)));
    expect(short.headers.get('cache-control')).toBe('no-store');
  });

  test('a new prediction', async () => {
    const [short, long] = [await service.call('POST', WAYS.short, 'producer', prediction('new-a')), await service.call('POST', WAYS.long, 'producer', prediction('new-b'))];
    const places = [short, long].map(({ json: { index } }) => Number(index));
    expect(places).toEqual([places[0], Number(places[0]) + 1]);
    const alike = ({ headers, status, json }: Answer): unknown => ({ status, fields: [...headers].filter(([name]) => name !== 'date'), members: Object.keys(json) });
    expect(alike(short)).toEqual(alike(long));
  });
});

describe('a connection that is read without Node gives the same answer, byte for byte, to', () => {
  test.each<[string, string | undefined, string]>([
    ['what was taken in before', 'producer', JSON.stringify(prediction('known'))],
    ['the id with other content', 'producer', JSON.stringify(prediction('known', { version: '9' }))],
    ['no prediction, beyond ASCII', 'producer', '{"môdel":"m"}'],
    ['what is not JSON', 'producer', '{"id":'],
    ['too large a body', 'producer', JSON.stringify(prediction('large', { inputs: { text: 'x'.repeat(5000) } }))],
    ['nobody', undefined, JSON.stringify(prediction('nobody'))],
    ['a role that may not append', 'auditor', JSON.stringify(prediction('auditor'))],
  ])('%s', async (_what, by, body) => {
    const [plain, node] = [await first(by, body, {}), await first(by, body, { 'X-Odd': '1' })];
    expect(plain).toMatch(/^HTTP\/1\.1 [2-5]\d\d [A-Z]/);
    expect(plain).toBe(node);
  });
});

/** The first answer on a connection, but its date; a second request ends it. */
async function first(by: string | undefined, body: string, fields: Record<string, string>): Promise<string> {
  const socket = await openSocket(service.url);
  const answer = readAnswer(socket);
  const key = by === undefined ? 'pl_00000000_nobody' : service.keys[by];
  socket.write(head('POST', WAYS.short, { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...fields }) + body);
  // Sent along, the second request would give the connection to Node.
  await once(socket, 'data');
  socket.write(head('GET', '/health/live', { Connection: 'close' }));
  const { all } = await answer;
  return all.slice(0, all.indexOf('HTTP/1.1', 1)).replace(/^date: .*$/im, '');
}

test('a body that comes in pieces is one body; requests sent ahead are answered in order', async () => {
  const socket = await openSocket(service.url);
  const answer = readAnswer(socket);
  const bodies = ['pieces-1', 'pieces-2'].map((id) => JSON.stringify(prediction(id)));
  const fields = { Authorization: `Bearer ${service.keys['producer']}`, 'Content-Type': 'application/json' };
  for (const [i, body] of bodies.entries()) {
    const bytes = Buffer.from(body);
    socket.write(head('POST', WAYS.short, { ...fields, 'Content-Length': bytes.length, ...(i === 1 && { Connection: 'close' }) }));
    for (let at = 0; at < bytes.length; at += 100) {
      socket.write(bytes.subarray(at, at + 100));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  const { all } = await answer;
  expect(all.match(/HTTP\/1\.1 201/g)).toHaveLength(2);
  expect(all.indexOf('pieces-1')).toBeLessThan(all.indexOf('pieces-2'));
});

test('a client that leaves in the middle of its body, or before its answer, harms nobody', async () => {
  const body = JSON.stringify(prediction('left'));
  const fields = { Authorization: `Bearer ${service.keys['producer']}`, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  for (const sent of [body.slice(0, 20), body]) {
    const socket = await openSocket(service.url);
    await new Promise((resolve) => socket.write(head('POST', WAYS.short, fields) + sent, resolve));
    socket.destroy();
  }
  expect((await service.call('POST', WAYS.short, 'producer', prediction('after'))).status).toBe(201);
  expect(service.said).toEqual([]);
});

function shown({ status, headers, text }: Answer): unknown {
  return { status, text, fields: Object.fromEntries([...headers].filter(([name]) => name !== 'date')) };
}
