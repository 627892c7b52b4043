import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { exceptionWords } from '../../src/predictions/exception-words.ts';
import { versionForm } from '../models/version.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});

afterAll(async () => {
  await service?.close();
});

const register = (model: string, version: string, changes = {}): Promise<Answer> => service.call('POST', `/v1/models/${model}/versions`, 'model-approver', versionForm(version, changes));
const decide = (model: string, version: string, decision: string, by = 'model-approver-2'): Promise<Answer> =>
  service.call('POST', `/v1/models/${model}/versions/${version}/approvals`, by, { decision, reason: 'the validation report says so' });
const deploy = (model: string, version: string, form: Record<string, unknown>, by = 'operator'): Promise<Answer> =>
  service.call('POST', `/v1/models/${model}/versions/${version}/deployments`, by, { reason: 'the release', ...form });
const show = async (model: string, version: string, at?: string): Promise<Record<string, unknown>> =>
  (await service.call('GET', `/v1/models/${model}/versions/${version}${at === undefined ? '' : `?at=${at}`}`, 'auditor')).json;
const exceptionsOf = async (id: string, model: string, version: string, more: object = {}): Promise<unknown> => {
  expect((await service.call('POST', '/v1/predictions', 'producer', prediction(id, { model, version, ...more }))).status).toBe(201);
  return ((await service.call('GET', `/v1/predictions/${id}`, 'auditor')).json['prediction'] as Record<string, unknown>)['exceptions'];
};
const beforeIt = (time: unknown): string => new Date(Date.parse(time as string) - 1).toISOString();

describe('registering a model version', () => {
  test('lays it down once: the same again is told where, other content is refused', async () => {
    const first = await register('m-reg', '1');
    expect([first.status, first.json]).toMatchObject([201, { model: 'm-reg', version: '1', index: expect.any(Number) }]);
    const again = await register('m-reg', '1');
    expect([again.status, again.json]).toEqual([200, first.json]);
    const other = await register('m-reg', '1', { owner: 'others' });
    expect([other.status, other.json['code']]).toEqual([409, 'version-taken']);
    expect(await show('m-reg', '1')).toMatchObject({ standing: 'registered', deployed: null, decisions: [], facts: { code: { commit: '4f2a9c1d' } }, index: first.json['index'] });
  });

  test('once, when many register it at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => register('m-race', '1')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 201]);
    expect(new Set(answers.map(({ json }) => json['index'])).size).toBe(1);
  });

  test.each([
    ['a digest that is none', { artifact: { digest: 'md5:00' } }, '/artifact/digest'],
    ['a window that ends before it begins', { training: [{ name: 'a', version: '1', digest: 'mlflow:9f', from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }] }, '/training/0/to'],
    ['a person', { owner: 'jane.doe@bank.example' }, '/owner'],
    ['a member that is not known', { colour: 'red' }, '/colour'],
  ])('refuses %s, with its place', async (_what, changes, at) => {
    const { status, json } = await register('m-wrong', '1', changes);
    expect([status, json['code'], (json['errors'] as { at: string }[]).map((each) => each.at)]).toEqual([422, 'invalid-body', expect.arrayContaining([at])]);
  });

  test.each(['producer', 'operator', 'auditor', 'admin'])('is not for a %s', async (role) => {
    expect((await service.call('POST', '/v1/models/m-role/versions', role, versionForm('1'))).status).toBe(403);
  });
});

describe('deciding on a model version', () => {
  test('is another person’s: not of whoever registered it, whatever their role; the denial is an entry', async () => {
    await register('m-two', '1');
    const own = await decide('m-two', '1', 'approve', 'model-approver');
    expect([own.status, own.json['code']]).toEqual([403, 'forbidden']);
    const log = service.service.ledger.logs[0];
    if (log === undefined) throw new Error('no log');
    const { opening } = await openEntry(log, (await log.readHead()).size - 1);
    expect(JSON.parse(Buffer.from(opening?.payload ?? []).toString())).toMatchObject({ type: 'access-decision', body: { outcome: 'deny', action: 'approve', resource: 'model-version' } });
    expect((await decide('m-two', '1', 'approve', 'operator')).status).toBe(403);
    expect((await decide('m-two', '1', 'approve')).status).toBe(201);
  });

  test('goes from registered to approved, withdrawn, approved; and from registered to rejected', async () => {
    await register('m-states', '1');
    const statuses: unknown[] = [];
    for (const decision of ['withdraw', 'approve', 'approve', 'reject', 'withdraw', 'withdraw', 'reject', 'reject', 'approve']) {
      const { status, json } = await decide('m-states', '1', decision);
      statuses.push([decision, status, json['standing'] ?? json['code']]);
    }
    expect(statuses).toEqual([
      ['withdraw', 409, 'version-decided'], ['approve', 201, 'approved'], ['approve', 409, 'version-decided'], ['reject', 409, 'version-decided'], ['withdraw', 201, 'withdrawn'],
      ['withdraw', 409, 'version-decided'], ['reject', 201, 'rejected'], ['reject', 409, 'version-decided'], ['approve', 201, 'approved'],
    ]);
    expect((await show('m-states', '1'))['decisions']).toMatchObject([{ decision: 'approved' }, { decision: 'rejected' }, { decision: 'withdrawn' }, { decision: 'approved', reason: 'the validation report says so' }]);
  });

  test('holds from its entry’s time on: a millisecond before, the version was not approved', async () => {
    const { json: registered } = await register('m-time', '1');
    await sleep(5);
    const { json } = await decide('m-time', '1', 'approve');
    expect((await show('m-time', '1', String(json['time'])))['standing']).toBe('approved');
    expect((await show('m-time', '1', beforeIt(json['time'])))['standing']).toBe('registered');
    expect((await show('m-time', '1', beforeIt(registered['time'])))['standing']).toBe('unknown');
  });

  test('on a version that nobody registered: 404', async () => {
    expect((await decide('m-none', '1', 'approve')).status).toBe(404);
    expect((await show('m-none', '1'))['code']).toBe('not-found');
  });
});

describe('deploying a model version', () => {
  test('lets several run at once with shares that add up to one, and a roll back take the place of all', async () => {
    for (const version of ['1', '2']) {
      await register('m-run', version);
      await decide('m-run', version, 'approve');
    }
    expect((await deploy('m-run', '1', { deployment: 'live' })).json).toMatchObject({ deployment: 'live', share: 1 });
    const over = await deploy('m-run', '2', { deployment: 'canary', share: 0.1 });
    expect([over.status, over.json['code']]).toEqual([409, 'shares-exceeded']);
    expect((await deploy('m-run', '1', { deployment: 'live', share: 0.9 })).status).toBe(201);
    expect((await deploy('m-run', '2', { deployment: 'canary', share: 0.1 })).status).toBe(201);
    const running = async (): Promise<unknown> => (await service.call('GET', '/v1/models/m-run/deployments', 'auditor')).json['items'];
    expect(await running()).toMatchObject([{ version: '1', deployment: 'live', share: 0.9 }, { version: '2', deployment: 'canary', share: 0.1 }]);
    await deploy('m-run', '2', { deployment: 'live' });
    expect(await running()).toMatchObject([{ version: '2', deployment: 'live', share: 1, standing: 'approved' }]);
    await deploy('m-run', '1', { deployment: 'live' });
    expect(await running()).toMatchObject([{ version: '1', deployment: 'live', share: 1 }]);
    const { json } = await service.call('GET', '/v1/models/m-run/versions/2/deployments?limit=1', 'operator');
    expect(json).toMatchObject({ items: [{ deployment: 'live' }], next: expect.any(String) });
    expect((await service.call('GET', `/v1/models/m-run/versions/2/deployments?limit=1&cursor=${String(json['next'])}`, 'operator')).json).toMatchObject({ items: [{ deployment: 'canary' }] });
  });

  test('needs an approval for what decides, and none for a shadow', async () => {
    await register('m-shadow', '1');
    expect((await deploy('m-shadow', '1', { deployment: 'live' })).json['code']).toBe('version-unapproved');
    expect((await deploy('m-shadow', '1', { deployment: 'shadow' })).status).toBe(201);
    expect((await deploy('m-shadow', '1', { deployment: 'shadow' }, 'model-approver')).status).toBe(403);
  });

  test('of the past is flagged as retroactive, and was not known then', async () => {
    await register('m-past', '1');
    await decide('m-past', '1', 'approve');
    const { json } = await deploy('m-past', '1', { deployment: 'live', from: '2026-01-01T00:00:00Z' });
    expect(json['retroactive']).toBe(true);
    expect((await show('m-past', '1', beforeIt(json['time'])))['deployed']).toBeNull();
    expect((await show('m-past', '1'))['deployed']).toMatchObject({ deployment: 'live', from: '2026-01-01T00:00:00.000Z' });
  });

  test.each([
    ['a share of a shadow', { deployment: 'shadow', share: 0.5 }, '/share'],
    ['a canary without a share', { deployment: 'canary' }, '/share'],
    ['a share in finer steps', { deployment: 'live', share: 0.12345 }, '/share'],
    ['an end before the beginning', { deployment: 'shadow', from: '2027-01-02T00:00:00Z', to: '2027-01-01T00:00:00Z' }, '/to'],
  ])('refuses %s, with its place', async (_what, form, at) => {
    await register('m-shares', '1');
    const { status, json } = await deploy('m-shares', '1', form);
    expect([status, json['code'], json['errors']]).toEqual([422, 'invalid-body', [expect.objectContaining({ at })]]);
  });
});

describe('a prediction', () => {
  test('says how its version stood', async () => {
    expect(await exceptionsOf('p-1', 'm-flag', '1')).toEqual(['unknown-version']);
    await register('m-flag', '1');
    expect(await exceptionsOf('p-2', 'm-flag', '1')).toEqual(['unapproved-version']);
    await decide('m-flag', '1', 'reject');
    expect(await exceptionsOf('p-3', 'm-flag', '1')).toEqual(['rejected-version']);
    await decide('m-flag', '1', 'approve');
    expect(await exceptionsOf('p-4', 'm-flag', '1')).toBeUndefined();
    await decide('m-flag', '1', 'withdraw');
    await deploy('m-flag', '1', { deployment: 'retired' });
    expect(await exceptionsOf('p-5', 'm-flag', '1')).toEqual(['withdrawn-version', 'retired-version']);
    const { rows } = await service.service.database.pool.query<{ exceptions: number | null }>(`select exceptions from prediction where model = 'm-flag' order by index`);
    expect(rows.map(({ exceptions }) => exceptionWords(exceptions))).toEqual([['unknown-version'], ['unapproved-version'], ['rejected-version'], [], ['withdrawn-version', 'retired-version']]);
  });

  test('says so at the minute of a deployment that was entered before', async () => {
    await register('m-later', '1');
    await decide('m-later', '1', 'approve');
    const from = new Date(Date.now() + 1500).toISOString();
    await deploy('m-later', '1', { deployment: 'retired', from });
    expect(await exceptionsOf('l-1', 'm-later', '1')).toBeUndefined();
    await sleep(Date.parse(from) - Date.now() + 20);
    expect(await exceptionsOf('l-2', 'm-later', '1')).toEqual(['retired-version']);
  });
});

describe('a producer’s clock', () => {
  const timed = async (id: string, ms: number): Promise<unknown> => exceptionsOf(id, 'm-clock', '1', { time: new Date(Date.now() + ms).toISOString() });

  test('that is ahead is an exception, beside what else there is; what comes late is none', async () => {
    await register('m-clock', '1');
    expect(await timed('c-1', 60_000)).toEqual(['unapproved-version', 'clock-skew']);
    await decide('m-clock', '1', 'approve');
    expect(await timed('c-2', 60_000)).toEqual(['clock-skew']);
    expect(await timed('c-3', 3000)).toBeUndefined();
    expect(await timed('c-4', -86_400_000)).toBeUndefined();
    const { json } = await service.call('GET', '/v1/predictions?exception=clock-skew&model=m-clock', 'auditor');
    expect((json['items'] as { id: string }[]).map(({ id }) => id)).toEqual(['c-2', 'c-1']);
  });
});

describe('lists', () => {
  test('go by pages, and by time', async () => {
    for (const version of ['1', '2', '3']) await register('m-list', version);
    const first = (await service.call('GET', '/v1/models/m-list/versions?limit=2', 'compliance-officer')).json;
    expect(first).toMatchObject({ items: [{ version: '3', standing: 'registered' }, { version: '2' }], next: expect.any(String) });
    expect((await service.call('GET', `/v1/models/m-list/versions?limit=2&cursor=${String(first['next'])}`, 'compliance-officer')).json).toMatchObject({ items: [{ version: '1' }] });
    const { time } = (first['items'] as { time: string }[])[1] ?? { time: '' };
    expect((await service.call('GET', `/v1/models/m-list/versions?at=${beforeIt(time)}`, 'auditor')).json).toMatchObject({ items: [{ version: '1' }] });
    const models = (await service.call('GET', '/v1/models?limit=1', 'auditor')).json;
    expect((await service.call('GET', `/v1/models?limit=500&cursor=${String(models['next'])}`, 'auditor')).json['items']).toContainEqual({ model: 'm-list', versions: 3, newest: '3' });
  });

  test('are not for a producer', async () => {
    expect((await service.call('GET', '/v1/models', 'producer')).status).toBe(403);
  });
});

test('every entry that all this wrote has the body that the catalogue gives', async () => {
  const ajv = new Ajv({ allErrors: true, strict: false });
  formats.default(ajv);
  const log = service.service.ledger.logs[0];
  if (log === undefined) throw new Error('no log');
  const { size } = await log.readHead();
  const seen = new Set<string>();
  const validators = new Map<string, ReturnType<typeof ajv.compile>>();
  for (let index = 0; index < size; index++) {
    const { opening } = await openEntry(log, index);
    const { type, v, body } = JSON.parse(Buffer.from(opening?.payload ?? []).toString()) as { type: string; v: number; body: unknown };
    const name = `${type}-v${v}`;
    const validate = validators.get(name) ?? ajv.compile(JSON.parse(readFileSync(`docs/spec/schemas/${name}.json`, 'utf8')) as object);
    validators.set(name, validate);
    expect({ index, name, valid: validate(body), errors: validate.errors }).toEqual({ index, name, valid: true, errors: null });
    seen.add(name);
  }
  expect([...seen]).toEqual(expect.arrayContaining([
    'model-version-registered-v1', 'model-version-approved-v1', 'model-version-rejected-v1', 'model-version-approval-withdrawn-v1', 'model-deployed-v1', 'prediction-v3',
  ]));
});
