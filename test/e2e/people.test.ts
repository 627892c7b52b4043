import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { parsePayload } from '../../src/core/payload.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { LocalProvider, trusting } from '../access/identity-provider.ts';
import { policiesWith } from '../access/policies-with.ts';
import { prediction } from './prediction.ts';
import { startTestService, type JsonObject, type TestService } from './service.ts';

let provider: LocalProvider;
let policies: string;
let service: TestService;
beforeAll(async () => {
  provider = await LocalProvider.start();
  policies = await policiesWith('identity-providers.yaml', trusting(provider));
  service = await startTestService({ POLICIES_DIR: policies });
});
afterAll(async () => {
  await service.close();
  await provider.stop();
  await rm(policies, { recursive: true });
});

async function payloads(): Promise<JsonObject[]> {
  const log = service.service.ledger.byLogName('default');
  if (log === undefined) throw new Error('no log');
  const { size } = await log.readHead();
  const all: JsonObject[] = [];
  for (let index = 0; index < size; index++) all.push(parsePayload(Buffer.from((await openEntry(log, index)).opening?.payload ?? []).toString('utf8')) as unknown as JsonObject);
  return all;
}

function principalIn(payload: JsonObject | undefined): string {
  return (payload as { body: { principal: string } }).body.principal;
}

describe('a person', () => {
  test('becomes a principal with a random id, once, and an entry says nothing of who it is', async () => {
    const subject = 'jane.doe@hospital.example';
    const tokens = await Promise.all(Array.from({ length: 5 }, (_, i) => provider.sign({ sub: subject, jti: String(i), name: 'Jane Doe' })));
    const answers = await Promise.all(tokens.map((token) => service.call('GET', '/v1/log', token)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const registered = (await payloads()).filter(({ type }) => type === 'person-registered');
    expect(registered).toEqual([expect.objectContaining({ principal: 'system', v: 1, body: { principal: expect.stringMatching(/^prn_[0-9a-f]{24}$/), provider: 'corporate' } })]);
    const { rows } = await service.service.database.owner.query('select * from person');
    for (const text of [JSON.stringify(rows), JSON.stringify(await payloads()), service.said.join('\n')]) for (const word of [subject, 'Jane', tokens[0] ?? '']) expect(text).not.toContain(word);
    expect((await service.call('GET', '/v1/people', 'admin')).json).toEqual({ items: [{ principal: principalIn(registered[0]), provider: 'corporate', created: expect.any(String), revoked: null }] });
  });

  test('does what any of their roles may, and nothing else', async () => {
    await service.call('POST', '/v1/predictions', 'producer', prediction('for-people'));
    const auditor = await provider.sign({ sub: 'a' });
    const operator = await provider.sign({ sub: 'o', groups: ['operators'] });
    const both = await provider.sign({ sub: 'b', groups: ['operators', 'auditors'] });
    const statuses = (path: string): Promise<number[]> => Promise.all([auditor, operator, both].map(async (token) => (await service.call('GET', path, token)).status));
    expect(await statuses('/v1/predictions/for-people')).toEqual([200, 403, 200]);
    expect(await statuses('/v1/log')).toEqual([200, 200, 200]);
    expect(await statuses('/v1/people')).toEqual([403, 403, 403]);
    expect((await service.call('POST', '/v1/predictions', both, prediction('by-people'))).status).toBe(403);
  });

  test('of a tenant that does not exist is nobody', async () => {
    expect((await service.call('GET', '/v1/log', await provider.sign({ groups: ['elsewhere'] }))).status).toBe(401);
  });

  test('is locked out by an administrator, whatever tokens the provider makes', async () => {
    const token = await provider.sign({ sub: 'leaver' });
    expect((await service.call('GET', '/v1/log', token)).status).toBe(200);
    const principal = principalIn((await payloads()).findLast(({ type }) => type === 'person-registered'));
    for (const by of ['auditor', 'operator', 'producer']) expect((await service.call('POST', `/v1/people/${principal}/revoke`, by, { reason: 'left' })).status).toBe(403);
    for (const strange of ['prn_000000000000000000000000', 'leaver', '%27', '..']) expect((await service.call('POST', `/v1/people/${strange}/revoke`, 'admin', { reason: 'left' })).status).toBe(404);
    expect((await service.call('POST', `/v1/people/${principal}/revoke`, 'admin', { reason: 'left' })).json).toMatchObject({ principal, revoked: expect.any(String) });
    for (const shown of [token, await provider.sign({ sub: 'leaver', groups: ['auditors', 'operators'] })]) expect((await service.call('GET', '/v1/log', shown)).status).toBe(401);
    expect((await payloads()).at(-1)).toMatchObject({ type: 'person-revoked', body: { principal, reason: 'left' } });
    await expect(service.service.database.pool.query('delete from person')).rejects.toThrow('permission denied');
  });

  test('goes on while the provider is away; who shows a key that is not known is put off, never let in', async () => {
    const token = await provider.sign({ sub: 'during-outage' });
    provider.mode = 'failing';
    expect((await service.call('GET', '/v1/log', token)).status).toBe(200);
    await provider.addKey('key-9');
    // The set was asked for a moment ago, and well: a key that it did not have is none.
    expect((await service.call('GET', '/v1/log', await provider.sign({}, { kid: 'key-9' }))).status).toBe(401);
    const fresh = await startTestService({ POLICIES_DIR: policies });
    try {
      const answer = await fresh.call('GET', '/v1/log', await provider.sign());
      expect([answer.status, answer.json['code'], answer.headers.get('retry-after')]).toEqual([503, 'provider-unavailable', '5']);
      expect(answer.text).not.toMatch(/corporate|127\.0\.0\.1|key-/);
      expect((await fresh.call('GET', '/v1/log', 'auditor')).status).toBe(200);
      await fresh.service.tally.flush();
      const { rows } = await fresh.service.database.pool.query("select subject, reason, count from tally where what = 'unauthenticated'");
      expect(rows).toEqual([{ subject: 'corporate', reason: 'provider-unavailable', count: 1 }]);
    } finally {
      await fresh.close();
      provider.mode = 'well';
    }
  });
});
