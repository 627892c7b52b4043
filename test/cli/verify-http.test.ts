import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { checkLog } from '../../src/cli/verify-log.ts';
import { openSource } from '../../src/cli/verify-source.ts';
import { CannotCheck } from '../../src/cli/verify-verdict.ts';
import { SampleLog } from '../core/sample-log.ts';
import { LogFolder } from './log-folder.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

const log = SampleLog.of(300);
let folder: LogFolder;
/** What a test wants answered otherwise; true when it has answered. */
let otherwise: Answer;
let requests: string[];

const server = createServer((request, response) => {
  const path = (request.url ?? '').slice('/logs/default/'.length);
  requests.push(path);
  if (otherwise(request, response)) return;
  folder.read(path).then(
    (bytes) => response.end(bytes),
    () => response.writeHead(404).end(),
  );
});

let base: string;
beforeAll(async () => {
  folder = await LogFolder.of(log);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/logs/default`;
});
beforeEach(() => {
  otherwise = () => false;
  requests = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function check(place = base, key?: string) {
  const source = openSource(place, key);
  try {
    return await checkLog({ source, key: log.signer.key, earlier: [], fromCheckpoint: false });
  } finally {
    source.close();
  }
}

/** Answers with `status` the first `times` times that a path is asked for. */
function failing(pathEnd: string, status: number, times: number, headers: Record<string, string> = {}): Answer {
  let left = times;
  return ({ url }, response) => {
    if (url?.endsWith(pathEnd) !== true || left === 0) return false;
    left -= 1;
    response.writeHead(status, headers).end();
    return true;
  };
}

describe('a log by HTTP', () => {
  test.each(['', '/'])('is read below its URL, which may end in "%s"', async (end) => {
    expect((await check(base + end)).size).toBe(300);
    const tiles = ['tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1'];
    expect(requests.toSorted()).toEqual(['checkpoint', ...tiles, 'tile/entries/000', 'tile/entries/001.p/44']);
  });

  test.each([429, 500, 503])('is asked again after a %d', async (status) => {
    otherwise = failing('tile/entries/000', status, 2, { 'retry-after': '0' });
    expect((await check()).size).toBe(300);
    expect(requests.filter((path) => path === 'tile/entries/000')).toHaveLength(3);
  });

  test('is asked again after a broken connection', async () => {
    let left = 1;
    otherwise = (request) => {
      if (left === 0) return false;
      left -= 1;
      request.socket.destroy();
      return true;
    };
    expect((await check()).size).toBe(300);
  });

  test('is given up after five attempts', async () => {
    otherwise = failing('checkpoint', 503, 99, { 'retry-after': '0' });
    await expect(check()).rejects.toThrow(/checkpoint cannot be read: the server answers 503$/);
    expect(requests).toHaveLength(5);
  });

  test.each([401, 403, 400])('is not asked again after a %d', async (status) => {
    otherwise = failing('checkpoint', status, 99);
    await expect(check()).rejects.toThrow(`the server answers ${status}`);
    expect(requests).toHaveLength(1);
  });

  test('that is closed opens to its key', async () => {
    otherwise = ({ headers }, response) => {
      if (headers.authorization === 'Bearer sesame') return false;
      response.writeHead(404).end();
      return true;
    };
    await expect(check()).rejects.toThrow(/there is no checkpoint there .*--key/);
    expect((await check(base, 'sesame')).size).toBe(300);
  });

  test('is not believed a body larger than it could rightly be, nor read to its end', async () => {
    let closed = false;
    otherwise = ({ url }, response) => {
      if (url?.endsWith('tile/0/000') !== true) return false;
      const more = (): void => {
        while (!closed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more).on('close', () => {
        closed = true;
      });
      more();
      return true;
    };
    await expect(check()).rejects.toThrow(/tile\/0\/000 is larger than the 8192 bytes/);
    while (!closed) await new Promise((resolve) => setTimeout(resolve, 10));
  });

  test.each(['http://127.0.0.1:47101/logs/default', 'https://127.0.0.1:47101/logs/default'])(
    'that nobody serves cannot be checked: %s',
    async (place) => {
      await expect(check(place)).rejects.toThrow(CannotCheck);
    },
  );

  test.each(['http://', 'http://a b/', 'https://ledger.example/logs/default?x=1', 'http://ledger.example/#log'])(
    'is not at %s',
    (place) => {
      expect(() => openSource(place, undefined)).toThrow(CannotCheck);
    },
  );

  test('that closes leaves no request behind', async () => {
    otherwise = ({ url }) => url?.endsWith('checkpoint') === true;
    const source = openSource(base, undefined);
    const reading = source.read('checkpoint', 1000);
    const ended = expect(reading).rejects.toThrow();
    source.close();
    await ended;
  });
});
