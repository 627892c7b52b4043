import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from './service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
  for (let n = 0; n < 12; n++) {
    const more = { subject: `customer-${n % 3}`, version: `${n % 2}`, deployment: n % 4 === 0 ? 'shadow' : 'live' };
    expect((await service.call('POST', '/v1/predictions', 'producer', prediction(`s-${n}`, more))).status).toBe(201);
  }
});
afterAll(() => service.close());

const search = (body: unknown, by = 'privacy-officer'): Promise<Answer> => service.call('POST', '/v1/predictions/search', by, body);
const ids = ({ json }: Answer): unknown[] => (json['items'] as JsonObject[]).map(({ id }) => id);

describe('POST /v1/predictions/search', () => {
  test('finds by data subject, and pages', async () => {
    const first = await search({ subject: 'customer-1', limit: 3 });
    expect([first.status, ids(first)]).toEqual([200, ['s-10', 's-7', 's-4']]);
    const second = await search({ subject: 'customer-1', limit: 3, cursor: first.json['next'] });
    expect([ids(second), second.json['next']]).toEqual([['s-1'], undefined]);
    expect(ids(await search({ subject: 'customer-1', version: '1', order: 'asc' }))).toEqual(['s-1', 's-7']);
    expect(first.text).not.toContain('customer');
  });

  test('makes nobody known who is not', async () => {
    const count = async (): Promise<number | null> => (await service.service.database.owner.query('select from data_key where subject is not null')).rowCount;
    const before = await count();
    expect((await search({ subject: 'never-heard-of' })).json).toEqual({ items: [] });
    expect(await count()).toBe(before);
  });

  test('finds by data subject for those alone who may know data subjects', async () => {
    expect((await search({ subject: 'customer-1' }, 'auditor')).json).toMatchObject({ status: 403, code: 'forbidden' });
    expect(ids(await search({ model: 'churn', limit: 2 }, 'auditor'))).toEqual(['s-11', 's-10']);
    expect((await search({}, 'producer')).status).toBe(403);
  });

  test('takes what the URL takes, and is closed', async () => {
    expect(ids(await search({ deployment: 'shadow' }))).toEqual(['s-8', 's-4', 's-0']);
    for (const body of [{ colour: 'red' }, { subject: '' }, { limit: 0 }, { order: 'up' }, { exception: 'late' }, { producer: 'me' }, { from: 'yesterday' }]) expect((await search(body)).json).toMatchObject({ status: 422, code: 'invalid-body' });
    expect((await search({ limit: 999_999 })).json).toMatchObject({ status: 422, code: 'invalid-query' });
  });

  test('a combination without an index says that it needs a window of time, as GET does', async () => {
    for (const body of [{ version: '1' }, { deployment: 'live' }, { model: 'churn', decision: 'declined', version: '1' }]) {
      expect((await search(body)).json).toMatchObject({ status: 422, code: 'window-needed', errors: [{ at: 'from' }] });
      const query = new URLSearchParams(body as Record<string, string>).toString();
      expect((await service.call('GET', `/v1/predictions?${query}`, 'auditor')).json).toMatchObject({ status: 422, code: 'window-needed' });
      expect(ids(await search({ ...body, from: '2000-01-01T00:00:00Z' })).length).toBeGreaterThan(0);
    }
  });

  test('finds by who handed it in', async () => {
    const { rows } = await service.service.database.owner.query<{ principal: string }>("select principal from prediction where id = 's-1'");
    expect((await service.call('GET', `/v1/predictions?producer=${rows[0]?.principal}&from=2000-01-01&limit=1000`, 'auditor')).json['items']).toHaveLength(12);
    expect((await service.call('GET', `/v1/predictions?producer=prn_${'0'.repeat(24)}&from=2000-01-01`, 'auditor')).json['items']).toEqual([]);
  });
});
