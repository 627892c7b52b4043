import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeKey } from '../../src/access/api-key.ts';
import { issueKey } from '../../src/access/bootstrap.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

let service: TestService;
const theirs: Record<string, string> = {};

const get = (path: string, by?: string): Promise<Answer> => service.call('GET', path, by);

// Two tenants: the default one with its open log, and `acme` with a closed one.
beforeAll(async () => {
  service = await startTestService();
  const { ledger, database } = service.service;
  const log = await ledger.createLog('acme', 'acme-log', false);
  for (const role of ['producer', 'auditor', 'operator']) {
    const key = makeKey(role);
    await issueKey(log, database.pool, key);
    theirs[role] = key.key;
  }
  await service.call('POST', '/v1/predictions', 'producer', prediction('shared-id'));
  await service.call('POST', '/v1/predictions', 'producer', prediction('ours'));
  const same = await service.call('POST', '/v1/predictions', theirs['producer'], prediction('shared-id', { version: '9.9.9' }));
  expect(same.status).toBe(201);
  await service.call('POST', '/v1/predictions', theirs['producer'], prediction('theirs'));
});
afterAll(() => service.close());

const RESOURCES = ['checkpoint', 'vkey', 'vkeys', 'tile/0/000.p/1', 'tile/entries/000.p/1', 'tile/none'];

describe('a closed log', () => {
  test('does not exist for others, and says so in the words of a log that is not there', async () => {
    const absent = (await get('/logs/absent/checkpoint')).text;
    for (const by of [undefined, 'auditor', 'operator', 'producer', 'admin', makeKey('auditor').key, 'nonsense']) {
      for (const path of RESOURCES) {
        const answer = await get(`/logs/acme-log/${path}`, by);
        expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([404, absent, 'no-store']);
      }
    }
  });

  test('is read by its own tenant, and kept by no shared cache', async () => {
    await verifiedLog(service, { log: 'acme-log', by: theirs['auditor'] as string, atLeast: 7 });
    for (const by of ['auditor', 'producer', 'operator']) {
      for (const path of RESOURCES.slice(0, -1)) {
        const answer = await get(`/logs/acme-log/${path}`, theirs[by]);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('cache-control')).toMatch(/^private, /);
      }
    }
  });

  test('is not named by the health of the service', async () => {
    expect((await get('/health/ready')).text).not.toContain('acme');
  });
});

describe('a tenant', () => {
  test('sees its own predictions alone, also under an id that both have', async () => {
    for (const [by, id, version] of [['auditor', 'shared-id', '3.2.0'], [theirs['auditor'], 'shared-id', '9.9.9']] as const) {
      expect((await get(`/v1/predictions/${id}`, by)).json['prediction']).toMatchObject({ id, version });
    }
    for (const [by, id] of [['auditor', 'theirs'], [theirs['auditor'], 'ours']] as const) {
      for (const part of ['', '/receipt', '/proof']) expect((await get(`/v1/predictions/${id}${part}`, by)).status).toBe(404);
    }
    const ids = ((await get('/v1/predictions', theirs['auditor'])).json['items'] as { id: string }[]).map(({ id }) => id);
    expect(ids).toEqual(['theirs', 'shared-id']);
  });

  test('reads its own log alone', async () => {
    expect((await get('/v1/log', theirs['auditor'])).json).toMatchObject({ log: 'acme-log', open: false, size: 8 });
    const [our, their] = await Promise.all([get('/v1/log/entries/0', 'auditor'), get('/v1/log/entries/0', theirs['auditor'])]);
    expect(their.json['leafHash']).not.toBe(our.json['leafHash']);
    expect(their.json['entry']).toContain('/logs/acme-log');
  });

  test('may read the open log of another', async () => {
    expect((await get('/logs/default/checkpoint', theirs['auditor'])).status).toBe(200);
  });

  test('has another principal for every key, and a payload that opens under its own log alone', async () => {
    const principals = await Promise.all(
      [['ours', 'auditor'], ['theirs', theirs['auditor']]].map(async ([id, by]) => (await get(`/v1/predictions/${id ?? ''}`, by)).json['principal']),
    );
    expect(new Set(principals).size).toBe(2);
  });
});

test('a revoked key is refused', async () => {
  const { ledger, database } = service.service;
  const key = makeKey('auditor');
  const log = ledger.byLogName('acme-log');
  if (log === undefined) throw new Error('no log');
  await issueKey(log, database.pool, key);
  await database.owner.query('update api_key set revoked = now() where digest = $1', [Buffer.from(key.digest, 'hex')]);
  expect((await get('/v1/log', key.key)).status).toBe(401);
});

test('what adds up over all tenants is for this machine, and for who may read totals in the tenant that runs the service', async () => {
  const from = async (by: string | undefined, headers: Record<string, string>): Promise<number> => (await service.call('GET', '/metrics', by, undefined, headers)).status;
  expect(await from(undefined, {})).toBe(200);
  // A proxy on this machine brings whoever comes from elsewhere.
  const elsewhere: Record<string, string>[] = [{ 'x-forwarded-for': '203.0.113.9' }, { forwarded: 'for=203.0.113.9' }, { 'x-real-ip': '203.0.113.9' }, { via: '1.1 proxy' }];
  for (const headers of elsewhere) {
    expect(await Promise.all([undefined, 'nonsense', theirs['operator'], theirs['auditor'], 'producer', 'operator', 'auditor'].map((by) => from(by, headers)))).toEqual([401, 401, 403, 403, 403, 200, 200]);
  }
});
