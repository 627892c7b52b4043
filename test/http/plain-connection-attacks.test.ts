import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { fastify, type FastifyInstance } from 'fastify';
import type { Caller } from '../../src/access/caller.ts';
import { readPlainConnections } from '../../src/http/plain-connection.ts';
import { openSocket, readAnswer } from '../e2e/raw-http.ts';

// What is sent so that two readers of one message would understand two things: our own reader of plain connections and Node's must answer alike.
// Two servers, the same but for that reader, get the same bytes in the same pieces.

const PATH = '/v1/predictions';
let ours: { server: FastifyInstance; url: string };
let nodes: { server: FastifyInstance; url: string };
/** What each of them took for the body of a request. */
const taken: Record<'ours' | 'nodes', string[]> = { ours: [], nodes: [] };

async function start(who: 'ours' | 'nodes'): Promise<{ server: FastifyInstance; url: string }> {
  const server = fastify({ logger: false, forceCloseConnections: 'idle', requestTimeout: 1500, connectionTimeout: 1500 });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.post(PATH, (request, reply) => {
    taken[who].push(String(request.body));
    return reply.status(201).send(`<${String(request.body)}>`);
  });
  server.get('/secret', () => '<secret>');
  const answer = (_caller: Caller, body: Buffer): Promise<{ status: number; text: string }> => {
    taken[who].push(body.toString());
    return Promise.resolve({ status: 201, text: `<${body.toString()}>` });
  };
  const admit = (request: { caller?: Caller }): true => {
    request.caller = { decided: true } as Caller;
    return true;
  };
  if (who === 'ours') readPlainConnections(server, { url: PATH, maxBodyBytes: 1000, admit, answer, sourceOf: () => '', fields: [], say: () => undefined }, 300);
  server.server.keepAliveTimeout = 300;
  await server.listen({ host: '127.0.0.1', port: 0 });
  return { server, url: `http://127.0.0.1:${String((server.server.address() as { port: number }).port)}` };
}

beforeAll(async () => {
  ours = await start('ours');
  nodes = await start('nodes');
});
afterAll(async () => {
  await Promise.all([ours.server.close(), nodes.server.close()]);
});

interface Seen {
  answers: string[];
  taken: string[];
}

/** Statuses and bodies of all that came back, in order, and what was taken for a request. */
async function send(who: 'ours' | 'nodes', pieces: readonly string[]): Promise<Seen> {
  taken[who].length = 0;
  const socket = await openSocket((who === 'ours' ? ours : nodes).url);
  const answer = readAnswer(socket);
  for (const piece of pieces) {
    socket.write(Buffer.from(piece, 'latin1'));
    await sleep(8);
  }
  const { all } = await answer;
  return { answers: [...all.matchAll(/HTTP\/1\.1 (\d{3})|<[^>]*>/g)].map(([text, status]) => status ?? text), taken: [...taken[who]] };
}

const expectAlike = async (...pieces: string[]): Promise<Seen> => {
  const [here, there] = await Promise.all([send('ours', pieces), send('nodes', pieces)]);
  expect({ pieces, taken: here.taken }).toEqual({ pieces, taken: there.taken });
  // Where something comes behind a request and cannot be read, Node ends the connection with the refusal, whether or not the answers that it still owes
  // have left by then: that hangs on how many turns of its loop lie between. What was taken in, what was answered before and how it ends is the same.
  const [shorter, longer] = here.answers.length < there.answers.length ? [here, there] : [there, here];
  const isEnd = /^[45]\d\d$/.test(shorter.answers.at(-1) ?? '');
  const all = isEnd ? [...longer.answers.slice(0, shorter.answers.length - 1), ...longer.answers.slice(-1)] : longer.answers;
  expect({ pieces, answers: shorter.answers }).toEqual({ pieces, answers: all });
  return here;
};

const FIELDS = 'Host: a\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n';
const post = (body: string, more = `Content-Length: ${body.length}\r\n`): string => `POST ${PATH} HTTP/1.1\r\n${FIELDS}${more}\r\n${body}`;
const INNER = `GET /secret HTTP/1.1\r\nHost: a\r\n\r\n`;
const LAST = post('end', 'Content-Length: 3\r\nConnection: close\r\n');

test.each<[string, string]>([
  ['a length and a transfer coding', post(`0\r\n\r\n${INNER}`, `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`)],
  ['a transfer coding and a length', post(`0\r\n\r\n${INNER}`, `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n`)],
  ['a transfer coding that is none', post(`0\r\n\r\n${INNER}`, 'Transfer-Encoding: xchunked\r\n')],
  ['chunked, and something behind it', post(`0\r\n\r\n${INNER}`, 'Transfer-Encoding: chunked, identity\r\n')],
  ['a transfer coding twice', post(`0\r\n\r\n${INNER}`, 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n')],
  ['a transfer coding with a blank before the colon', post(`0\r\n\r\n${INNER}`, 'Transfer-Encoding : chunked\r\n')],
  ['a transfer coding behind a tab', post(`0\r\n\r\n${INNER}`, 'Transfer-Encoding:\tchunked\r\n')],
  ['a transfer coding on a folded line', post(`0\r\n\r\n${INNER}`, 'X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n')],
  ['a transfer coding behind a bare line feed', post(`0\r\n\r\n${INNER}`, 'X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n')],
  ['a transfer coding behind a bare carriage return', post(`0\r\n\r\n${INNER}`, 'X: y\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n')],
  ['two lengths', post('ab', 'Content-Length: 2\r\nContent-Length: 3\r\n')],
  ['the same length twice', post('ab', 'Content-Length: 2\r\nContent-Length: 2\r\n')],
  ['a list of lengths', post('ab', 'Content-Length: 2, 2\r\n')],
  ['a signed length', post('ab', 'Content-Length: +2\r\n')],
  ['a negative length', post('ab', 'Content-Length: -2\r\n')],
  ['a hexadecimal length', post('ab', 'Content-Length: 0x2\r\n')],
  ['an octal length', post('ab', 'Content-Length: 002\r\n')],
  ['a length of many digits', post('ab', 'Content-Length: 18446744073709551618\r\n')],
  ['a length with a fraction', post('ab', 'Content-Length: 2.0\r\n')],
  ['an empty length', post('ab', 'Content-Length: \r\n')],
  ['a length with a blank before the colon', post('ab', 'Content-Length : 2\r\n')],
  ['a length behind many blanks', post('ab', 'Content-Length:    2   \r\n')],
  ['a length in capitals', post('ab', 'CONTENT-LENGTH: 2\r\n')],
  ['a length that is shorter than the body', post(`ab${INNER}`, 'Content-Length: 2\r\n')],
  ['chunk extensions', post(`2;a=b\r\nab\r\n0;c\r\n\r\n`, 'Transfer-Encoding: chunked\r\n')],
  ['chunk extensions with a bare line feed', post(`2;a\nb\r\nab\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked\r\n')],
  ['a chunk size that overflows', post(`ffffffffffffffff1\r\nab\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked\r\n')],
  ['a chunk size that is negative', post(`-2\r\nab\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked\r\n')],
  ['a chunk that is longer than it says', post(`1\r\nab\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked\r\n')],
  ['fields behind the last chunk', post(`2\r\nab\r\n0\r\nContent-Length: 9\r\n\r\n`, 'Transfer-Encoding: chunked\r\n')],
  ['a head that ends in bare line feeds', `POST ${PATH} HTTP/1.1\n${FIELDS.replaceAll('\r\n', '\n')}Content-Length: 2\n\nab`],
  ['one bare line feed in its head', `POST ${PATH} HTTP/1.1\r\nHost: a\n${FIELDS.slice(9)}Content-Length: 2\r\n\r\nab`],
  ['a field without a name', post('ab', ': x\r\nContent-Length: 2\r\n')],
  ['a field without a colon', post('ab', 'Odd\r\nContent-Length: 2\r\n')],
  ['a zero byte', post('ab', 'X-A: a\0b\r\nContent-Length: 2\r\n')],
  ['a byte beyond ASCII', post('ab', 'X-A: \xe9\r\nContent-Length: 2\r\n')],
  ['an expectation', post('ab', 'Expect: 100-continue\r\nContent-Length: 2\r\n')],
  ['an expectation of something else', post('ab', 'Expect: 200-ok\r\nContent-Length: 2\r\n')],
  ['two hosts', post('ab', 'Host: b\r\nContent-Length: 2\r\n')],
  ['no host', post('ab').replace('Host: a\r\n', '')],
  ['two credentials', post('ab', 'Authorization: Bearer other\r\nContent-Length: 2\r\n')],
  ['a whole URL in its first line', post('ab').replace(PATH, `http://evil.example${PATH}`)],
  ['two blanks in its first line', post('ab').replace(`POST ${PATH}`, `POST  ${PATH}`)],
  ['a blank behind its first line', post('ab').replace('HTTP/1.1\r\n', 'HTTP/1.1 \r\n')],
  ['HTTP/1.0', post('ab').replace('HTTP/1.1', 'HTTP/1.0')],
  ['HTTP/2.0', post('ab').replace('HTTP/1.1', 'HTTP/2.0')],
  ['HTTP/1.2', post('ab').replace('HTTP/1.1', 'HTTP/1.2')],
  ['empty lines before it', `\r\n\r\n${post('ab')}`],
  ['a method in small letters', post('ab').replace('POST', 'post')],
  ['another method by a field', post('ab', 'X-HTTP-Method-Override: GET\r\nContent-Length: 2\r\n')],
  ['an upgrade', post('ab', 'Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n')],
  ['fields that are to be dropped', post('ab', 'Connection: keep-alive, content-length\r\nContent-Length: 2\r\n')],
  ['a head of many fields', post('ab', `${Array.from({ length: 1500 }, (_, i) => `X-${i}: y\r\n`).join('')}Content-Length: 2\r\n`)],
  ['a head beyond the bound', post('ab', `X-A: ${'y'.repeat(40_000)}\r\nContent-Length: 2\r\n`)],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['the greeting of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
])('a request with %s is answered as Node answers it: first, behind a usual one, before one, and cut in two', async (_what, attack) => {
  await expectAlike(attack, LAST);
  await expectAlike(`${attack}${LAST}`);
  await expectAlike(post('first'), attack, LAST);
  await expectAlike(`${post('first')}${attack}${LAST}`);
  const seen = await expectAlike(post('first'), attack.slice(0, Math.floor(attack.length / 2)), attack.slice(Math.floor(attack.length / 2)), LAST);
  // What stands in a body is never a request of its own, but behind a body that its own head ends before.
  if (!attack.includes('Content-Length: 2\r\n\r\nab')) expect(seen.taken).not.toContain('secret');
});

test('requests that are cut anywhere, sent at once or one by one, are answered as Node answers them', async () => {
  const piece = fc.constantFrom(post('a'), post('bcd'), post('x', 'Content-Length: 1\r\nX-Odd: 1\r\n'), post(`2\r\nab\r\n0\r\n\r\n`, 'Transfer-Encoding: chunked\r\n'), INNER, post('ab', 'Content-Length: 3\r\n'), post('abc', 'Content-Length: 2\r\n'), post('', 'Content-Length: 0\r\n'));
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(), { maxLength: 3 }), async (requests, cuts) => {
      const text = `${requests.join('')}${LAST}`;
      const places = [...new Set(cuts.map((cut) => cut % text.length))].sort((a, b) => a - b);
      await expectAlike(...[0, ...places].map((from, i) => text.slice(from, places[i])).filter((each) => each !== ''));
    }),
    { numRuns: 40 },
  );
});
