import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKey } from '../../src/access/api-key.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { DatabaseProxy } from './database-proxy.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

let database: TestDatabase;
let proxy: DatabaseProxy;
let service: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  const { databaseUrl, runtimeDatabaseUrl } = database.settings;
  proxy = await DatabaseProxy.before(databaseUrl);
  service = await startTestService({ DATABASE_URL: proxy.through(databaseUrl), RUNTIME_DATABASE_URL: proxy.through(runtimeDatabaseUrl) }, {}, database);
});
afterAll(async () => {
  await service.close();
  await proxy.close();
  await database.drop();
});

const get = (path: string, by?: string): Promise<Answer> => service.call('GET', path, by);
const post = (id: string): Promise<Answer> => service.call('POST', '/v1/predictions', 'producer', prediction(id));

/** Entries of the log before the database went. */
let size = 0;
/** Refusals for want of a database, as this test was told of them. */
let unavailable = 0;

describe('while the database is away', () => {
  const ids = Array.from({ length: 30 }, (_, n) => `away-${n}`);

  test('every request that needs it is 503 with the time to come back; nothing is 401, 404 or 500 for it', async () => {
    const { status: taken, json: before } = await post('before-1');
    expect(taken).toBe(201);
    size = Number(before['index']) + 1;
    await verifiedLog(service, { atLeast: size });
    const posts = ids.map((id) => post(id));
    await proxy.refuse();
    const refusal = service.call('POST', '/v1/predictions', 'producer', { id: 'wrong' });
    for (const { status, json, headers } of await Promise.all(posts)) {
      if (status === 201) continue;
      expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      expect(['database-unavailable', 'outcome-unknown']).toContain(json['code']);
      if (json['code'] === 'database-unavailable') unavailable += 1;
    }
    // A record that is wrong is refused all the same, but no answer claims a count that is not on disk.
    const wrong = await refusal;
    expect([wrong.status, wrong.json['code'], wrong.headers.get('retry-after')]).toEqual([503, 'not-counted', '1']);
    expect(wrong.json['errors']).toContainEqual({ at: '/model', code: 'missing-field', detail: 'is required' });
    for (const path of ['/v1/predictions', '/v1/predictions/before-1', '/v1/predictions/before-1/receipt', '/v1/log', '/v1/log/entries/0', '/v1/log/checkpoints/1']) {
      // A key that was not seen before is not known to be wrong.
      for (const key of ['auditor', makeKey('auditor').key]) {
        const { status, json, headers } = await get(path, key);
        expect([path, status, json['code'], headers.get('retry-after')]).toEqual([path, 503, 'database-unavailable', '1']);
      }
    }
    expect([(await get('/health/live')).status, (await get('/logs/default/checkpoint')).status]).toEqual([200, 200]);
    expect((await get('/health/ready')).json).toMatchObject({ status: 'not ready', findings: [{ code: 'database-unavailable' }] });
  });

  test('and when it is back, every record gets in, once', async () => {
    await proxy.open();
    const answers = [];
    for (const id of ids) answers.push(await post(id));
    expect(answers.every(({ status }) => status === 200 || status === 201)).toBe(true);
    expect(new Set(answers.map(({ json }) => json['index'])).size).toBe(ids.length);
    const { entries } = await verifiedLog(service, { atLeast: size + ids.length });
    expect(entries).toHaveLength(size + ids.length);
    expect((await get('/health/ready')).status).toBe(200);
  });

  test('and all that was refused meanwhile is counted, once', async () => {
    await service.service.tally.flush();
    const { unsealed } = (await get('/v1/intake-totals', 'auditor')).json as { unsealed: Record<string, unknown>[] };
    expect(unsealed).toMatchObject([{ accepted: 1 + ids.length, reasons: { 'invalid-record': 1, ...(unavailable > 0 && { 'database-unavailable': unavailable }) } }]);
  });

  test('readiness says so in time, also when it neither answers nor hangs up', async () => {
    proxy.silence();
    const started = performance.now();
    expect((await get('/health/ready')).json).toMatchObject({ status: 'not ready', findings: [{ code: 'database-unavailable' }] });
    expect(performance.now() - started).toBeLessThan(6000);
    expect((await get('/health/live')).status).toBe(200);
    await proxy.refuse();
    await proxy.open();
    for (let i = 0; i < 100 && (await get('/health/ready')).status !== 200; i++) await new Promise((done) => setTimeout(done, 50));
    expect((await post('after-1')).status).toBe(201);
  });

  test('none of it was an incident', () => {
    expect(service.said.filter((line) => line.includes('incident'))).toEqual([]);
  });
});
