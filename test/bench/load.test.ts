import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { runLoad } from '../../bench/load-process.ts';
import type { LoadOptions } from '../../bench/load-options.ts';

let server: Server | undefined;
const ids = new Set<string>();

beforeAll(() => {
  // The load generator runs as a process of its own, from its source.
  process.env['NODE_OPTIONS'] = `--import ${pathToFileURL('test/typescript.mjs').href}`;
});

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  ids.clear();
});

/** A server that remembers the ids it was sent; `answer` is told how many it has had. */
async function serve(answer: (response: ServerResponse, count: number) => void): Promise<Omit<LoadOptions, 'work'>> {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      for (const line of body.trimEnd().split('\n')) ids.add((JSON.parse(line) as { id: string }).id);
      answer(response, ids.size);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, key: 'k', connections: 4, warmSeconds: 0.1, seconds: 0.5 };
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const bytes = JSON.stringify(body);
  response.writeHead(status, { 'content-length': bytes.length }).end(bytes);
}

const single = { kind: 'append', path: '/v1/predictions', batch: 1, subjects: 'recurring' } as const;

describe('the load generator', () => {
  test('acknowledges what the server took, the warm-up and the last replies too', async () => {
    const options = await serve((response) => reply(response, 201, {}));
    const marks: string[] = [];
    const result = await runLoad({ ...options, work: single }, { measuring: () => marks.push('measuring'), measured: () => marks.push('measured') });
    expect(marks).toEqual(['measuring', 'measured']);
    expect(result.acknowledged).toBe(ids.size);
    expect(result.records).toBeGreaterThan(0);
    expect(result.records).toBeLessThan(result.acknowledged);
    expect(result.requests).toBe(result.records);
    expect(result.refused).toBe(0);
    // Node's timers may fire up to a millisecond early.
    expect(result.seconds).toBeGreaterThan(0.49);
    expect(result.latency.p50).toBeGreaterThan(0);
    expect(result.latency.p99).toBeGreaterThanOrEqual(result.latency.p50);
    expect(result.cpu).toBeGreaterThan(0);
  });

  test('counts each record of a batch, brings ids home and stops at a number', async () => {
    const options = await serve((response) => reply(response, 200, Array.from({ length: 10 }, () => ({ status: 201 }))));
    const result = await runLoad({ ...options, work: { ...single, batch: 10 }, warmSeconds: 0, records: 200, sampleShare: 1 });
    expect(result.acknowledged).toBeGreaterThanOrEqual(200);
    expect(result.acknowledged).toBe(ids.size);
    expect(new Set(result.sampledIds)).toEqual(ids);
  });

  test('fails at the first reply that is no success', async () => {
    const options = await serve((response, count) => reply(response, count === 20 ? 500 : 201, { detail: 'broken' }));
    await expect(runLoad({ ...options, work: single })).rejects.toThrow('status 500: {"detail":"broken"}');
  });

  test('goes on after refusals where they are allowed, and counts them apart', async () => {
    let refused = 0;
    const options = await serve((response, count) => {
      refused += count % 3 === 0 ? 1 : 0;
      reply(response, count % 3 === 0 ? 429 : 201, {});
    });
    const result = await runLoad({ ...options, warmSeconds: 0, work: single, refusals: { statuses: [429], pauseMs: 1 } });
    expect(refused).toBeGreaterThan(0);
    expect(result.acknowledged).toBe(ids.size - refused);
    expect(result.refused).toBeGreaterThan(0);
  });

  test('opens another connection after a broken one where refusals are allowed, and counts what got no answer', async () => {
    let broken = 0;
    const options = await serve((response, count) => {
      if (count % 10 !== 0) return reply(response, 201, {});
      broken += 1;
      response.destroy();
    });
    const result = await runLoad({ ...options, warmSeconds: 0, work: single, refusals: { statuses: [429], pauseMs: 1 } });
    expect(broken).toBeGreaterThan(0);
    expect(result.unanswered).toBe(broken);
    expect(result.acknowledged).toBe(ids.size - broken);
  });

  test('fails when the server goes away', async () => {
    const options = await serve((response, count) => (count === 20 ? response.destroy() : reply(response, 201, {})));
    await expect(runLoad({ ...options, work: single })).rejects.toThrow('closed a connection');
  });
});
