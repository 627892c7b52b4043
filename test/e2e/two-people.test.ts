import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CATALOGUE, RESOURCES } from '../../src/access/catalogue.ts';
import { DOUBTFUL } from '../retention/doubtful-contract.ts';
import { versionForm } from '../models/version.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

// Whoever may do everything there is, by a file that denies nothing: what two people must agree on, they cannot do alone.

let policies: string;
let service: TestService;
/** Keys: of the one; the same one's after a rotation; of somebody whom the one made; of somebody whom nobody made. */
const keys = { one: '', rotated: '', creature: '', another: '' };

beforeAll(async () => {
  policies = await mkdtemp(join(tmpdir(), 'pl-policies-'));
  await cp('policies', policies, { recursive: true });
  await rm(join(policies, 'tests'), { recursive: true });
  const rules = RESOURCES.map((resource) => `  - { id: all-${resource}, effect: allow, actions: [${CATALOGUE[resource].actions.join(', ')}], resources: [${resource}], reason: x }`);
  await writeFile(join(policies, 'roles', 'operator.yaml'), `role: operator\ndescription: x\nrules:\n${rules.join('\n')}\n`);
  await writeFile(join(policies, 'contracts', 'doubtful.yaml'), DOUBTFUL);
  const credentials = await readFile(join(policies, 'credentials.yaml'), 'utf8');
  await writeFile(join(policies, 'credentials.yaml'), credentials.replace('issuance:\n', 'issuance:\n  - { id: operator-issues-keys, by: operator, roles: [operator], maxDays: 400, reason: x }\n'));
  service = await startTestService({ POLICIES_DIR: policies });
  keys.one = String(service.keys['operator']);
  const issue = async (by: string, path: string, body: object): Promise<string> => {
    const { status, json, text } = await service.call('POST', path, by, body);
    expect([status, text]).toEqual([201, expect.anything()]);
    return String(json['key']);
  };
  keys.creature = await issue(keys.one, '/v1/keys', { role: 'operator' });
  keys.another = await issue('admin', '/v1/keys', { role: 'operator' });
  keys.rotated = await issue(keys.one, `/v1/keys/${keys.one.slice(0, 'pl_00000000'.length)}/rotate`, {});
});
afterAll(async () => {
  await service.close();
  await rm(policies, { recursive: true });
});

const ask = async (path: string, body: object): Promise<Answer['json']> => {
  const { status, json, text } = await service.call('POST', path, keys.one, body);
  expect([path, status, text]).toEqual([path, expect.any(Number), expect.not.stringContaining('problem:')]);
  return json;
};
const requested = async (path: string, body: object): Promise<string> => `/v1/requests/${(((await ask(path, body))['request'] ?? {}) as { id: string }).id}/approvals`;

/** What somebody asks for, and how another agrees to it: path and body. */
const FLOWS: Record<string, () => Promise<[path: string, body: object]>> = {
  'an erasure': async () => {
    await ask('/v1/predictions', prediction('of-somebody', { subject: 'somebody' }));
    return [await requested('/v1/subjects/erasures', { subject: 'somebody', reason: 'subject-request' }), { decision: 'approve' }];
  },
  'the refusal of an erasure': async () => [await requested('/v1/subjects/erasures', { subject: 'somebody-else', reason: 'subject-request' }), { decision: 'reject' }],
  'the release of a legal hold': async () => {
    const { id, hold } = await ask('/v1/legal-holds', { models: ['churn'], reason: 'litigation' });
    return [await requested(`/v1/legal-holds/${String((hold as { id?: string } | undefined)?.id ?? id)}/release`, { reason: 'ended' }), { decision: 'approve' }];
  },
  'a model version': async () => {
    await ask('/v1/models/known/versions', versionForm('1'));
    return ['/v1/models/known/versions/1/approvals', { decision: 'approve', reason: 'validated' }];
  },
  'the rejection of a model version': async () => {
    await ask('/v1/models/known/versions', versionForm('2'));
    return ['/v1/models/known/versions/2/approvals', { decision: 'reject', reason: 'not validated' }];
  },
  'the review of a broken glass': async () => {
    const { id } = await ask('/v1/break-glass', { role: 'auditor', minutes: 5, reason: 'something broke tonight' });
    return [`/v1/break-glass/${String(id)}/review`, { verdict: 'justified' }];
  },
  'the release of a record from quarantine': async () => {
    const { quarantine } = await ask('/v1/predictions', { id: 'q-1', model: 'doubtful', version: '1', inputs: { age: 41, name: 'Wolfeschlegelstein' }, output: { score: 0.5 } });
    return [`/v1/quarantine/${String(quarantine)}/release`, { reason: 'checked' }];
  },
  // To reject one's own record is to withdraw it: nobody need agree.
};

describe('who asks does not agree, with a role that may do everything, to', () => {
  test.each(Object.keys(FLOWS))('%s', async (flow) => {
    const [path, body] = await (FLOWS[flow] as () => Promise<[string, object]>)();
    for (const who of ['one', 'rotated', 'creature'] as const) {
      const { status, json } = await service.call('POST', path, keys[who], body);
      expect([who, status, json['code']]).toEqual([who, 403, 'forbidden']);
    }
    const { status, text } = await service.call('POST', path, keys.another, body);
    expect([status, text]).toEqual([expect.any(Number), expect.not.stringContaining('problem:')]);
    expect(status).toBeLessThan(300);
  });
});
