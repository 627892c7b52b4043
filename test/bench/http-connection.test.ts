import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { openConnection } from '../../bench/http-connection.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
});

/** A server that answers each request by `answer`; gives its port. */
async function serve(answer: (socket: Socket) => void | Promise<void>): Promise<number> {
  server = createServer((socket) => socket.on('data', () => void answer(socket)).on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The reply to one request, as a rejection when the connection failed. */
function ask(port: number): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const opening = openConnection(
      port,
      (status, text) => {
        resolve({ status, text });
        void opening.then((connection) => connection.close());
      },
      reject,
    );
    opening.then((connection) => connection.send(Buffer.from('GET / HTTP/1.1\r\n\r\n')), reject);
  });
}

describe('a connection of the load generator', () => {
  test.each(['Content-Length', 'content-length'])('reads a reply with %s', async (name) => {
    const port = await serve((socket) => void socket.write(`HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\n${name}: 5\r\nDate: x\r\n\r\nhello`));
    await expect(ask(port)).resolves.toEqual({ status: 201, text: 'hello' });
  });

  test('reads a reply that comes byte by byte', async () => {
    const port = await serve(async (socket) => {
      for (const byte of 'HTTP/1.1 429 No\r\nRetry-After: 1\r\ncontent-length: 7\r\n\r\nrefused') {
        socket.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    await expect(ask(port)).resolves.toEqual({ status: 429, text: 'refused' });
  });

  test('reads a reply longer than its buffer', async () => {
    const body = 'x'.repeat(500_000);
    const port = await serve((socket) => void socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`));
    const { text } = await ask(port);
    expect(text).toBe(body);
  });

  test('reads an empty reply', async () => {
    const port = await serve((socket) => void socket.write('HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n'));
    await expect(ask(port)).resolves.toEqual({ status: 204, text: '' });
  });

  test.each([
    ['without a length', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 'without Content-Length'],
    ['longer than announced', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab', 'more bytes'],
  ])('fails on a reply %s', async (_, reply, message) => {
    const port = await serve((socket) => void socket.write(reply));
    await expect(ask(port)).rejects.toThrow(message);
  });

  test('fails when the server closes, and when none listens', async () => {
    const port = await serve((socket) => void socket.end());
    await expect(ask(port)).rejects.toThrow('closed a connection');
    server?.close();
    await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
  });
});
