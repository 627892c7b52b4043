import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { fastify, type FastifyInstance } from 'fastify';
import type { Caller } from '../../src/access/caller.ts';
import { readPlainConnections } from '../../src/http/plain-connection.ts';
import { readUsualHead } from '../../src/http/request-head.ts';
import { head, openSocket, readAnswer } from '../e2e/raw-http.ts';

const URL_PATH = '/v1/predictions';
const KEEP_ALIVE_MS = 400;
const FIELDS = { 'Content-Type': 'application/json', Authorization: 'Bearer k' };
let server: FastifyInstance;
let url: string;
/** How long an answer takes, in ms. */
let delay = 0;
/** The bodies that were answered here. */
const answered: string[] = [];

/** A server whose answers say which way a request came. */
async function start(): Promise<FastifyInstance> {
  const instance = fastify({ logger: false, forceCloseConnections: 'idle' });
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  instance.post(URL_PATH, async (request, reply) => {
    await sleep(delay);
    return reply.send(`<node ${String(request.body)}>`);
  });
  const answer = async (_caller: Caller, body: Buffer): Promise<{ status: number; text: string }> => {
    await sleep(delay);
    answered.push(body.toString());
    return { status: 201, text: body.toString() === 'big' ? 'x'.repeat(20_000_000) : `<plain ${body.toString()}>` };
  };
  const admit = (request: { caller?: Caller }): true => {
    request.caller = { decided: true } as Caller;
    return true;
  };
  readPlainConnections(instance, { url: URL_PATH, maxBodyBytes: 1000, admit, answer, sourceOf: () => '', fields: [], say: () => undefined }, KEEP_ALIVE_MS);
  await instance.listen({ host: '127.0.0.1', port: 0 });
  return instance;
}
const urlOf = (instance: FastifyInstance): string => `http://127.0.0.1:${String((instance.server.address() as { port: number }).port)}`;

beforeAll(async () => {
  server = await start();
  url = urlOf(server);
});
afterAll(() => server.close());

const request = (body: string, fields: Record<string, string> = {}): string => head('POST', URL_PATH, { ...FIELDS, ...fields, 'Content-Length': Buffer.byteLength(body) }) + body;
const answers = (all: string): string[] => [...all.matchAll(/<[^>]*>/g)].map(([text]) => text);

async function exchange(...pieces: string[]): Promise<string[]> {
  const socket = await openSocket(url);
  const answer = readAnswer(socket);
  for (const piece of pieces) {
    socket.write(piece);
    await sleep(15);
  }
  return answers((await answer).all);
}

async function expectSoon(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(10);
  expect(holds()).toBe(true);
}

describe('a connection', () => {
  test('is read here while its requests are the usual ones, and by Node from the first other one on', async () => {
    expect(await exchange(request('1'), request('2'), request('3', { 'X-Odd': '1' }), request('4'), request('5', { Connection: 'close' }))).toEqual(['<plain 1>', '<plain 2>', '<node 3>', '<node 4>', '<node 5>']);
  });

  test.each<[string, string[]]>([
    ['in two pieces', [request('ab').slice(0, -1), 'b']],
    ['in its head', [request('ab').slice(0, 30), request('ab').slice(30)]],
    ['with a chunked body', [`${head('POST', URL_PATH, { ...FIELDS, 'Transfer-Encoding': 'chunked' })}2\r\nab\r\n0\r\n\r\n`]],
    ['with a query', [request('ab').replace(URL_PATH, `${URL_PATH}?`)]],
    ['of another version', [request('ab').replace('HTTP/1.1', 'HTTP/1.0')]],
    ['with a field twice', [request('ab', { Accept: '*/*', accept: '*/*' })]],
    ['without a credential', [head('POST', URL_PATH, { 'Content-Type': 'application/json', 'Content-Length': 2 }) + 'ab']],
  ])('is Node’s when a request comes %s', async (_what, pieces) => {
    expect(await exchange(...pieces, request('c', { Connection: 'close' }))).toEqual(expect.arrayContaining(['<node ab>']));
  });

  test('does not hear who reads no answer, until the answers have left', async () => {
    const socket = await openSocket(url);
    socket.write(request('big'));
    await expectSoon(() => answered.includes('big'));
    socket.write(request('after'));
    await sleep(100);
    expect(answered).not.toContain('after');
    const all = readAnswer(socket);
    await expectSoon(() => answered.includes('after'));
    socket.end();
    expect(answers((await all).all)).toEqual(['<plain after>']);
  });

  test('gives every answer in order, whatever its requests are and however they are cut', async () => {
    const one = fc.record({ body: fc.stringMatching(/^[a-z]{1,40}$/), odd: fc.boolean(), cut: fc.array(fc.nat(200), { maxLength: 3 }), wait: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 6 }), fc.constantFrom(0, 5), async (requests, ms) => {
        delay = ms;
        const socket = await openSocket(url);
        const answer = readAnswer(socket);
        let sent = '';
        for (const [i, { body, odd, cut, wait }] of requests.entries()) {
          sent += request(body, { ...(odd && { 'X-Odd': '1' }), ...(i === requests.length - 1 && { Connection: 'close' }) });
          for (const length of cut) {
            socket.write(sent.slice(0, length));
            sent = sent.slice(length);
            await sleep(1);
          }
          if (!wait) continue;
          socket.write(sent);
          sent = '';
          await sleep(2);
        }
        socket.write(sent);
        const got = answers((await answer).all);
        expect(got.map((text) => text.replace(/<\w+ /, '<'))).toEqual(requests.map(({ body }) => `<${body}>`));
        expect(got.map((text) => text.slice(1, 5)).join(' ')).toMatch(/^(plai ?)*(node ?)*$/);
      }),
      { numRuns: 60 },
    );
    delay = 0;
  });

  test('that says nothing at first is Node’s, and one that is idle is ended', async () => {
    const late = await openSocket(url);
    const answer = readAnswer(late);
    await sleep(1100);
    late.write(request('late'));
    late.write(request('end', { Connection: 'close' }));
    expect(answers((await answer).all)).toEqual(['<node late>', '<node end>']);
    const idle = await openSocket(url);
    const ended = readAnswer(idle);
    idle.write(request('once'));
    const { all, ms } = await ended;
    expect(answers(all)).toEqual(['<plain once>']);
    expect(ms).toBeGreaterThanOrEqual(KEEP_ALIVE_MS - 50);
  });

  test('ends with the answer that is owed when the service closes, and at once where none is', async () => {
    const closing = await start();
    const [busy, idle] = [await openSocket(urlOf(closing)), await openSocket(urlOf(closing))];
    const [owed, none] = [readAnswer(busy), readAnswer(idle)];
    idle.write(request('before'));
    await sleep(50);
    delay = 100;
    busy.write(request('owed'));
    await sleep(30);
    await closing.close();
    delay = 0;
    const { all } = await owed;
    expect(answers(all)).toEqual(['<plain owed>']);
    expect(all).toContain('Connection: close');
    expect(answers((await none).all)).toEqual(['<plain before>']);
  });

  test('whose client is gone before its answer, or stops sending, harms nobody', async () => {
    delay = 30;
    const gone = await openSocket(url);
    gone.write(request('gone'));
    await sleep(10);
    gone.destroy();
    const half = await openSocket(url);
    const answer = readAnswer(half);
    half.end(request('half'));
    expect(answers((await answer).all)).toEqual(['<plain half>']);
    delay = 0;
  });
});

describe('the head of a request', () => {
  const usual = request('ab').split('\r\n\r\n')[0] as string;
  const line = `POST ${URL_PATH} HTTP/1.1`;

  test('is read where it is plain', () => {
    expect(readUsualHead(usual, line)).toEqual({ length: 2, headers: { host: 'localhost', 'content-type': 'application/json', authorization: 'Bearer k', 'content-length': '2' } });
  });

  test.each<[string, string, string]>([
    ['another method', 'POST', 'PUT'],
    ['no host', 'Host: localhost\r\n', ''],
    ['two hosts', 'Host: localhost', 'Host: localhost\r\nHost: localhost'],
    ['two lengths', 'Content-Length: 2', 'Content-Length: 2\r\nContent-Length: 2'],
    ['a list of lengths', 'Content-Length: 2', 'Content-Length: 2, 2'],
    ['a signed length', 'Content-Length: 2', 'Content-Length: +2'],
    ['a length with a zero before', 'Content-Length: 2', 'Content-Length: 02'],
    ['no length', '\r\nContent-Length: 2', ''],
    ['a blank before the colon', 'Content-Length: 2', 'Content-Length : 2'],
    ['a tab', 'Content-Length: 2', 'Content-Length:\t2'],
    ['a folded line', 'Host: localhost', 'Host: localhost\r\n more'],
    ['a bare line feed', 'Host: localhost', 'Host: localhost\nTransfer-Encoding: chunked'],
    ['a bare carriage return', 'Host: localhost', 'Host: local\rhost'],
    ['a transfer coding', 'Host: localhost', 'Host: localhost\r\nTransfer-Encoding: chunked'],
    ['an expectation', 'Host: localhost', 'Host: localhost\r\nExpect: 100-continue'],
    ['an upgrade', 'Host: localhost', 'Host: localhost\r\nUpgrade: h2c'],
    ['a connection that is to close', 'Host: localhost', 'Host: localhost\r\nConnection: close'],
    ['a field of another’s certificate', 'Host: localhost', 'Host: localhost\r\nClient-Cert: x'],
    ['text beyond ASCII', 'Host: localhost', 'Host: löcalhost'],
    ['a zero byte', 'Host: localhost', 'Host: local\0host'],
    ['an empty field', 'Host: localhost', 'Host: localhost\r\n'],
    ['a prototype', 'Host: localhost', 'Host: localhost\r\n__proto__: x'],
  ])('is Node’s matter with %s', (_what, from, to) => {
    expect(usual).toContain(from);
    expect(readUsualHead(usual.replace(from, to), line)).toBeUndefined();
  });
});
