import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { captureOutput } from './captured-output.ts';
import { prediction } from './prediction.ts';
import { head, openSocket, readAnswer, sendRaw } from './raw-http.ts';
import { startTestService, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

const CANARY = 'canary-3c8b';
const TIMEOUT_MS = 1500;
const MEGABYTE = Buffer.alloc(1024 * 1024, 0x20);

let service: TestService;
let output: ReturnType<typeof captureOutput>;
beforeAll(async () => {
  output = captureOutput();
  service = await startTestService({ REQUEST_TIMEOUT_MS: String(TIMEOUT_MS) });
});
afterAll(async () => {
  await service.close();
  output.stop();
});

const sizeOf = async (): Promise<number> => Number((await service.call('GET', '/v1/log', 'auditor')).json['size']);
const fields = (more: Record<string, string | number> = {}): Record<string, string | number> => ({
  Authorization: `Bearer ${service.keys['producer'] ?? ''}`,
  'Content-Type': 'application/json',
  ...more,
});
const post = (more: Record<string, string | number>): string => head('POST', '/v1/predictions', fields(more));
const record = (id: string): string => JSON.stringify(prediction(id, { purpose: CANARY }));
const chunk = (bytes: string | Uint8Array): Buffer => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), Buffer.from(bytes), Buffer.from('\r\n')]);
const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('100 MB', () => {
  test('announced by Content-Length are refused before they are read', async () => {
    const socket = await openSocket(service.url);
    const answer = readAnswer(socket);
    socket.write(post({ 'Content-Length': 100 * MEGABYTE.length, Connection: 'close' }));
    expect(await answer).toMatchObject({ status: 413, body: expect.stringContaining('body-too-large') });
  });

  test.each(['/v1/predictions', '/v1/predictions/batch'])('in chunks to %s are refused when the limit is passed, and no more is kept', async (path) => {
    const socket = await openSocket(service.url);
    const answer = readAnswer(socket);
    const before = process.memoryUsage().rss;
    socket.write(head('POST', path, fields({ 'Transfer-Encoding': 'chunked', Connection: 'close' })));
    for (let sent = 0; sent < 100 && socket.writable; sent++) {
      if (!socket.write(chunk(MEGABYTE))) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), answer]);
    }
    expect(await answer).toMatchObject({ status: 413, body: expect.stringContaining('body-too-large') });
    expect(process.memoryUsage().rss - before).toBeLessThan(80 * MEGABYTE.length);
  });

  test('sent whole by a client that reads only afterwards: the service goes on', async () => {
    const body = Buffer.alloc(100 * MEGABYTE.length, 0x20);
    const answer = await fetch(`${service.url}/v1/predictions`, { method: 'POST', headers: fields() as Record<string, string>, body }).then(
      ({ status }) => status,
      () => 'hung up',
    );
    expect([413, 'hung up']).toContain(answer);
    expect((await service.call('GET', '/health/ready')).status).toBe(200);
  });
});

describe('a client that goes away', () => {
  test('in the middle of its body leaves nothing behind', async () => {
    const before = await sizeOf();
    const body = record('gone-1');
    for (let cut = 0; cut < body.length; cut += 25) {
      const socket = await openSocket(service.url);
      socket.write(post({ 'Content-Length': body.length }));
      socket.write(body.slice(0, cut));
      await sleep(2);
      if (cut % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    await sleep(100);
    expect(await sizeOf()).toBe(before);
    expect((await service.call('GET', '/v1/predictions/gone-1', 'auditor')).status).toBe(404);
  });

  test('after sending has its records in whole, and its retry finds them', async () => {
    const ids = Array.from({ length: 30 }, (_, n) => `left-${n}`);
    const before = await sizeOf();
    for (const id of ids) {
      const socket = await openSocket(service.url);
      await new Promise((sent) => socket.write(post({ 'Content-Length': Buffer.byteLength(record(id)) }) + record(id), sent));
      if (Number(id.slice(5)) % 2 === 0) socket.destroy();
      else socket.resetAndDestroy();
    }
    await sleep(300);
    const taken = (await sizeOf()) - before;
    expect(taken).toBeGreaterThan(0);
    const statuses = [];
    for (const id of ids) statuses.push((await service.call('POST', '/v1/predictions', 'producer', record(id), { 'content-type': 'application/json' })).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(taken);
    expect(statuses.filter((status) => status === 201)).toHaveLength(ids.length - taken);
    expect(await sizeOf()).toBe(before + ids.length);
  });

  test('in the middle of a batch leaves all of it or nothing', async () => {
    const before = await sizeOf();
    const body = `[${Array.from({ length: 50 }, (_, n) => record(`batch-gone-${n}`)).join(',')}]`;
    const socket = await openSocket(service.url);
    socket.write(head('POST', '/v1/predictions/batch', fields({ 'Content-Length': Buffer.byteLength(body) })));
    socket.write(body.slice(0, -10));
    await sleep(50);
    socket.destroy();
    await sleep(100);
    expect(await sizeOf()).toBe(before);
  });
});

describe('a slow client is answered 408 and hung up on', () => {
  test.each([
    ['that never ends its head', () => 'POST /v1/predictions HTTP/1.1\r\nHost: x\r\n'],
    ['that never sends its body', () => post({ 'Content-Length': 100 })],
    ['that stops within its body', () => `${post({ 'Content-Length': 100 })}{"id":"${CANARY}`],
    ['that stops between chunks', () => `${post({ 'Transfer-Encoding': 'chunked' })}5\r\n{"id"\r\n`],
  ])('%s', async (_what, request) => {
    const answer = await sendRaw(service.url, request());
    expect(answer).toMatchObject({ status: 408, body: expect.stringContaining('request-timeout') });
    expect(answer.ms).toBeLessThan(TIMEOUT_MS * 4);
  });

  test('that keeps dripping', async () => {
    const socket = await openSocket(service.url);
    const answer = readAnswer(socket);
    socket.write(post({ 'Content-Length': 10_000 }));
    const drip = setInterval(() => socket.write(' '), 50);
    expect((await answer).ms).toBeLessThan(TIMEOUT_MS * 4);
    clearInterval(drip);
    expect(await answer).toMatchObject({ status: 408, head: expect.stringContaining('HTTP/1.1 408 Request Timeout') });
  });

  test('while two hundred of them hold on, others are served', async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => openSocket(service.url)));
    for (const socket of sockets) socket.write(post({ 'Content-Length': 100 }));
    expect((await service.call('POST', '/v1/predictions', 'producer', record('meanwhile-1'), { 'content-type': 'application/json' })).status).toBe(201);
    for (const socket of sockets) socket.destroy();
  });
});

describe('what is not HTTP, or HTTP in two ways', () => {
  test.each([
    ['noise', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.0\r\n\r\n'],
    ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an unknown method', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a blank in the path', 'GET /v1/log x HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a header without a colon', 'GET /v1/log HTTP/1.1\r\nHost x\r\n\r\n'],
    ['a folded header', 'GET /v1/log HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n'],
    ['a NUL in a header', 'GET /v1/log HTTP/1.1\r\nHost: x\0\r\n\r\n'],
    ['no host', 'GET /v1/log HTTP/1.1\r\n\r\n'],
    ['a length that is no number', 'POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n'],
    ['two lengths', 'POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x'],
    ['a length and chunks', 'POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks of no size', 'POST /v1/predictions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer KEY\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('%s is 400, and the connection ends', async (_what, bytes) => {
    expect((await sendRaw(service.url, Buffer.from(bytes.replace('KEY', service.keys['producer'] ?? ''), 'latin1'))).status).toBe(400);
  });

  test('header fields of 30 kB are 431', async () => {
    const answer = await sendRaw(service.url, head('GET', '/v1/log', { 'X-Large': 'x'.repeat(30_000) }));
    expect(answer).toMatchObject({ status: 431, body: expect.stringContaining('headers-too-large') });
    expect(answer.head).toMatch(/^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
  });

  test('requests in one go are answered in their order', async () => {
    const one = `${post({ 'Content-Length': Buffer.byteLength(record('pipe-1')) })}${record('pipe-1')}`;
    const two = post({ 'Content-Length': 2 }) + '{}';
    const three = `${post({ 'Content-Length': Buffer.byteLength(record('pipe-1')), Connection: 'close' })}${record('pipe-1')}`;
    const { all } = await sendRaw(service.url, one + two + three);
    expect(all.match(/HTTP\/1\.1 (\d{3})/g)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 422', 'HTTP/1.1 200']);
  });
});

test('after all of it the log verifies, and nothing of any record was said', async () => {
  const size = await sizeOf();
  expect((await verifiedLog(service, { atLeast: size })).entries).toHaveLength(size);
  expect(service.said).toEqual([]);
  expect(output.text()).not.toContain('canary');
});
