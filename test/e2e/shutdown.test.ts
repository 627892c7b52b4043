import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { prediction } from './prediction.ts';
import { startTestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('a stop under load loses nothing that was acknowledged, and the next start goes on', async () => {
  const acknowledged = new Map<string, unknown>();
  let refused = 0;
  const first = await startTestService({}, {}, database);
  const { keys } = first;
  let n = 0;
  let stopped = false;
  const clients = Array.from({ length: 16 }, async () => {
    while (!stopped) {
      const id = `stop-${n++}`;
      // A refused connection is no answer: the record may be sent again.
      const answer = await first.call('POST', '/v1/predictions', 'producer', prediction(id)).catch(() => undefined);
      if (answer?.status === 201) acknowledged.set(id, answer.json['index']);
      else if (answer !== undefined) {
        refused += 1;
        expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'application/problem+json; charset=utf-8']);
      } else await new Promise((done) => setTimeout(done, 5));
    }
  });
  while (acknowledged.size < 100) await new Promise((done) => setTimeout(done, 5));
  await first.close();
  stopped = true;
  await Promise.all(clients);
  expect(first.said).toEqual([]);
  expect(refused).toBe(0);

  const second = await startTestService({}, {}, database);
  try {
    expect(second.keys).toEqual(keys);
    const { entries } = await verifiedLog(second);
    for (const [id, index] of acknowledged) {
      expect(index as number).toBeLessThan(entries.length);
      const again = await second.call('POST', '/v1/predictions', 'producer', prediction(id));
      expect([again.status, again.json['index']]).toEqual([200, index]);
    }
    expect((await second.call('POST', '/v1/predictions', 'producer', prediction('after-1'))).status).toBe(201);
  } finally {
    await second.close();
  }
});
