import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parsePayload } from '../../src/core/payload.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from './service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
  await service.call('POST', '/v1/predictions', 'producer', prediction('locked-away'));
});
afterAll(() => service.close());

const REASON = 'incident 42: the receipt of one record is disputed';
const open = (by: string, body: object = {}): Promise<Answer> => service.call('POST', '/v1/break-glass', by, { reason: REASON, role: 'auditor', minutes: 5, ...body });
const review = (by: string, id: string, body: object = { verdict: 'justified' }): Promise<Answer> => service.call('POST', `/v1/break-glass/${id}/review`, by, body);
const read = async (by: string): Promise<number> => (await service.call('GET', '/v1/predictions/locked-away', by)).status;

async function payloadAt(index: number): Promise<JsonObject> {
  const log = service.service.ledger.byLogName('default');
  if (log === undefined) throw new Error('no log');
  return parsePayload(Buffer.from((await openEntry(log, index)).opening?.payload ?? []).toString('utf8')) as unknown as JsonObject;
}

test('a role beyond one’s own is had at once, loudly, with the reason in the payload alone, and ends by itself', async () => {
  expect(await read('operator')).toBe(403);
  const { status, json } = await open('operator');
  expect([status, json]).toEqual([201, expect.objectContaining({ role: 'auditor', rule: 'operator-breaks-glass-to-examine', reviewed: null })]);
  expect(await read('operator')).toBe(200);
  const { opening, id, principal } = json as { opening: number; id: string; principal: string };
  expect(await payloadAt(opening)).toMatchObject({ type: 'break-glass-opened', v: 1, principal, body: { id, role: 'auditor', reason: REASON } });
  expect(service.said.filter((line) => line.includes(`BREAK-GLASS ${id}`))).toHaveLength(1);
  const { rows } = await service.service.database.owner.query('select * from break_glass');
  for (const text of [JSON.stringify(rows), service.said.join(), (await service.call('GET', '/v1/break-glass', 'auditor')).text]) expect(text).not.toContain('disputed');
  await service.service.database.owner.query('alter table break_glass disable trigger all; update break_glass set expires = now(); alter table break_glass enable trigger all');
  service.service.authenticator.forget(principal);
  expect(await read('operator')).toBe(403);
  expect((await service.call('GET', '/v1/break-glass', 'auditor')).json).toMatchObject({ unreviewed: 1, items: [{ id, principal }] });
});

test('is for those whom the policy names, within its bounds, and gives nothing that lasts', async () => {
  for (const by of ['producer', 'auditor', 'admin', 'compliance-officer', 'privacy-officer', 'model-approver']) expect((await open(by)).status).toBe(403);
  for (const role of ['admin', 'privacy-officer', 'operator', 'root', 'constructor']) expect((await open('operator', { role })).status).toBe(403);
  expect((await open('operator', { minutes: 61 })).status).toBe(403);
  for (const body of [{ minutes: 0 }, { minutes: 1.5 }, { minutes: '5' }, { reason: 'short' }, { reason: undefined }, { principal: 'x' }, { expires: '2099-01-01T00:00:00Z' }]) expect((await open('operator', body)).json['code']).toBe('invalid-body');
  const scoped = (await service.call('POST', '/v1/keys', 'admin', { role: 'operator', scope: { actions: ['open', 'read'] } })).json as { key: string };
  expect((await open(scoped.key)).status).toBe(403);
  expect((await open('operator')).status).toBe(201);
  expect((await service.call('POST', '/v1/keys', 'operator', { role: 'auditor' })).status).toBe(403);
});

test('is reviewed once, by somebody who has no part in it', async () => {
  const issued = (await service.call('POST', '/v1/keys', 'admin', { role: 'operator' })).json as { key: string };
  const { id, opening } = (await open(issued.key)).json as { id: string; opening: number };
  for (const by of [issued.key, 'operator', 'auditor', 'admin', 'producer']) expect((await review(by, id)).status).toBe(403);
  expect((await review('compliance-officer', id, { verdict: 'fine' })).status).toBe(422);
  for (const strange of ['bg_000000000000000000000000', 'x', '%27']) expect((await review('compliance-officer', strange)).status).toBe(404);
  const { status, json } = await review('compliance-officer', id, { verdict: 'not-justified', comment: 'the receipt could have waited' });
  expect([status, json]).toEqual([200, { id, verdict: 'not-justified', review: expect.any(Number) }]);
  expect(await payloadAt(json['review'] as number)).toMatchObject({ type: 'break-glass-reviewed', v: 1, body: { id, opened: opening, verdict: 'not-justified' } });
  expect((await review('compliance-officer', id)).status).toBe(409);
  await expect(service.service.database.pool.query("update break_glass set verdict = 'justified' where id = $1", [id])).rejects.toThrow('reviewed once');
  await expect(service.service.database.pool.query("update break_glass set expires = now() + interval '9 days'")).rejects.toThrow('permission denied');
});
