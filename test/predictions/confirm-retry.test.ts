import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/core/json-value.ts';
import { agrees, touchedPlaces, valueAt } from '../../src/predictions/treated-comparison.ts';
import { fsckLost, loseTail, recover, type LostTail } from '../ledger/lost-tail.ts';
import { startServiceOn, type Answer, type RunningService } from '../ledger/running-service.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-retry-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Changes {
  age?: number;
  email?: string;
  note?: string;
}

const recordOf = (id: string, subject: string | undefined, { age = 41, email = `${id}@example.org`, note = 'asks again' }: Changes = {}) => ({
  id, model: 'triage', version: '1', ...(subject !== undefined && { subject }), inputs: { age, email, note }, output: { score: 0.5 }, decision: { outcome: 'yes', reasons: ['age'] },
});

const post = ({ call }: RunningService, body: object): Promise<Answer> => call('POST', '/v1/predictions', 'producer', body);

/** A log whose tail is back: `ada` was known before it, `bob` came in it, and `nobody` has no subject. */
async function recovered(lastErasure?: number): Promise<LostTail & { indices: number[]; back: Awaited<ReturnType<typeof recover>> }> {
  const indices: number[] = [];
  const log = await loseTail(
    folder,
    async (service) => expect((await post(service, recordOf('before', 'ada'))).status).toBe(201),
    async (service) => {
      const receipts: string[] = [];
      for (const [id, subject] of [['a', 'ada'], ['b', 'bob'], ['n', undefined]] as const) {
        const { status, json } = await post(service, recordOf(id, subject));
        expect(status).toBe(201);
        indices.push(json['index'] as number);
        receipts.push((await service.get(`/v1/predictions/${id}/receipt`)).text);
      }
      return receipts;
    },
  );
  return { ...log, indices, back: await recover(log, log.copy, log.receipts, lastErasure) };
}

describe('a retry of what came back from a receipt', () => {
  test('gets its first receipt, where it agrees in all that no treatment touched; other content does not', async () => {
    const log = await recovered();
    expect(log.back).toMatchObject({ payloads: 3, unconfirmed: 3 });
    const service = await startServiceOn(log.database);
    for (const [i, [id, subject]] of ([['a', 'ada'], ['b', 'bob'], ['n', undefined]] as const).entries()) {
      for (const wrong of [recordOf(id, subject, { age: 42 }), { ...recordOf(id, subject), output: { score: 0.6 } }, recordOf(id, subject === undefined ? 'ada' : undefined), { ...recordOf(id, subject), decision: { outcome: 'no', reasons: ['age'] } }]) {
        expect((await post(service, wrong)).json).toMatchObject({ status: 409, code: 'id-taken' });
      }
      const again = await post(service, recordOf(id, subject));
      expect([again.status, again.json['index']]).toEqual([200, log.indices[i]]);
    }
    // Another data subject who is known is another one.
    expect((await post(service, recordOf('a', 'bob'))).status).toBe(409);
    expect(await fsckLost(log)).toMatchObject({ findings: [] });
    await service.close();
    await log.database.drop();
  }, 60_000);

  test('is the first that agrees, also in what a token stands for: from then on that content counts, and the token is opened again', async () => {
    const log = await recovered();
    const service = await startServiceOn(log.database);
    // Nobody can tell any more which address it was.
    expect((await post(service, recordOf('a', 'ada', { email: 'first@example.org' }))).status).toBe(200);
    expect((await post(service, recordOf('a', 'ada'))).status).toBe(409);
    expect((await post(service, recordOf('a', 'ada', { email: 'first@example.org' }))).status).toBe(200);
    const told = await service.call('POST', '/v1/detokenize', 'privacy-officer', { prediction: 'a', fields: ['/inputs/email'], purpose: 'subject-request' });
    const { prediction } = (await service.get('/v1/predictions/a')).json as { prediction: { inputs: { email: string } } };
    expect(told.json).toMatchObject({ originals: [{ at: '/inputs/email', token: prediction.inputs.email, value: 'first@example.org' }] });
    await service.close();
    await log.database.drop();
  }, 60_000);

  test('ties it to its data subject, whose erasure then reaches it', async () => {
    const log = await recovered();
    const service = await startServiceOn(log.database);
    expect((await post(service, recordOf('b', 'bob'))).status).toBe(200);
    const { json } = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'bob', reason: 'subject-request' });
    const { id } = json['request'] as { id: string };
    expect((await service.call('POST', `/v1/requests/${id}/approvals`, 'privacy-officer-2', { decision: 'approve' })).status).toBe(200);
    expect((await service.get('/v1/predictions/b')).json).toMatchObject({ code: 'erased' });
    expect((await post(service, recordOf('b', 'bob'))).json).toMatchObject({ code: 'erased' });
    // The key that it had before it was tied is gone too.
    const { rows } = await log.database.database.owner.query('select from data_key where lookup is null and subject is not null');
    expect(rows).toEqual([]);
    expect(await fsckLost(log)).toMatchObject({ findings: [], erased: 1 });
    await service.close();
    await log.database.drop();
  }, 60_000);

  test('finds nothing where somebody was erased since who may be its data subject: what was erased does not come back', async () => {
    const log = await recovered(Date.now() + 3_600_000);
    // Of ada it is known that she was not; of the one without a subject there is nothing to erase.
    expect(log.back).toMatchObject({ payloads: 2 });
    const service = await startServiceOn(log.database);
    expect((await service.get('/v1/predictions/b')).status).toBe(404);
    expect((await post(service, recordOf('a', 'ada'))).status).toBe(200);
    expect(await fsckLost(log)).toMatchObject({ findings: [] });
    await service.close();
    await log.database.drop();
  }, 60_000);
});

describe('agrees', () => {
  const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);

  test('holds of everything and itself, and of nothing that differs outside of the touched places', () => {
    fc.assert(fc.property(json, (value) => agrees(value, value, { places: new Set(), isAlike: true, dropsUnknown: false })));
    fc.assert(
      fc.property(json, json, (a, b) => {
        const how = { places: new Set(['/x']), isAlike: false, dropsUnknown: false };
        expect(agrees({ x: a, y: 1 }, { x: b, y: 1 }, how)).toBe(true);
        expect(agrees({ x: a, y: 1 }, { x: a, y: 2 }, how)).toBe(false);
        expect(agrees({ x: a, y: 1 }, { x: a }, how)).toBe(false);
      }),
    );
  });

  test('takes tokens for alike only where both were treated alike', () => {
    const token = (end: string): string => `tok_${'A'.repeat(21)}${end}`;
    const places = touchedPlaces([{ hits: [{ at: '/t', detector: 'email', offset: 5, length: 3, did: 'tokenized' }] }]);
    const how = { places, isAlike: true, dropsUnknown: false };
    expect(agrees({ t: `call ${token('a')}!` }, { t: `call ${token('b')}!` }, how)).toBe(true);
    expect(agrees({ t: `call ${token('a')}!` }, { t: `mail ${token('b')}!` }, how)).toBe(false);
    expect(agrees({ u: token('a') }, { u: token('b') }, how)).toBe(false);
    expect(valueAt({ 'a/b': [{ '~': 7 }] }, '/a~1b/0/~0')).toBe(7);
  });
});
