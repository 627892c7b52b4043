import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Roles } from '../../src/access/roles.ts';
import { nameOfRoles } from '../../src/access/several-roles.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type TestService } from '../e2e/service.ts';
import { LocalProvider, trusting } from './identity-provider.ts';
import { policiesWith } from './policies-with.ts';

// What somebody may who has several roles at once: what any of them allows, without what any of them denies.

const AUDITOR = `
role: auditor
description: Reads one model, and nothing of shadows.
rules:
  - { id: a-lists-churn, effect: allow, actions: [list], resources: [prediction], when: { model: { eq: churn } }, reason: x }
  - { id: a-reads-churn, effect: allow, actions: [read], resources: [prediction], when: { model: { eq: churn } }, fields: [output], reason: x }
  - { id: a-no-shadows, effect: deny, actions: [read, list], resources: [prediction], when: { deployment: { eq: shadow } }, reason: x }
  - { id: a-names-its-role, effect: allow, actions: [prove], resources: [prediction], when: { model: { eq: $principal.role } }, reason: x }
`;
const OPERATOR = `
role: operator
description: Reads another model, all but one field.
rules:
  - { id: o-lists-risk, effect: allow, actions: [list], resources: [prediction], when: { model: { in: [risk, churn] } }, reason: x }
  - { id: o-reads-risk, effect: allow, actions: [read], resources: [prediction], when: { model: { in: [risk, churn] } }, fields: [inputs], reason: x }
  - { id: o-no-age, effect: deny, actions: [read], resources: [prediction], fields: [inputs.age], reason: x }
  - { id: o-breaks-glass, effect: allow, actions: [open, list], resources: [break-glass], reason: x }
`;

let provider: LocalProvider;
let policies: string;
let service: TestService;
let roles: Roles;
beforeAll(async () => {
  provider = await LocalProvider.start();
  policies = await policiesWith('identity-providers.yaml', trusting(provider));
  await writeFile(join(policies, 'roles', 'auditor.yaml'), AUDITOR);
  await writeFile(join(policies, 'roles', 'operator.yaml'), OPERATOR);
  await rm(join(policies, 'tests'), { recursive: true });
  roles = new Roles(await PolicyBundle.read(policies));
  service = await startTestService({ POLICIES_DIR: policies });
});
afterAll(async () => {
  await service.close();
  await provider.stop();
  await rm(policies, { recursive: true });
});

const both = nameOfRoles(['operator', 'auditor']);
const decide = (role: string, attributes: object): { allowed: boolean; rule: string; sees: string[] } => {
  const { allowed, rule, fields } = roles.decide({ id: 'prn_me', role }, 'read', 'prediction', attributes);
  return { allowed, rule, sees: ['output.score', 'inputs.income', 'inputs.age', 'decision'].filter((path) => fields.sees(path.split('.'))) };
};
const live = { version: '1', deployment: 'live', own: false, time: 0, index: 0, outcome: null };

describe('two roles at once', () => {
  test('allow what either allows: a condition of one that does not hold hides nothing of the other', () => {
    expect(decide('auditor', { ...live, model: 'risk' }).allowed).toBe(false);
    expect(decide('operator', { ...live, model: 'risk' })).toMatchObject({ allowed: true, rule: 'o-reads-risk' });
    expect(decide(both, { ...live, model: 'risk' })).toEqual({ allowed: true, rule: 'o-reads-risk', sees: ['inputs.income'] });
    expect(decide(both, { ...live, model: 'churn' })).toMatchObject({ allowed: true, sees: ['output.score', 'inputs.income'] });
    expect(decide(both, { ...live, model: 'other' })).toMatchObject({ allowed: false, rule: 'none' });
  });

  test('deny what either denies: the whole, fields, and what is not known', () => {
    expect(decide('operator', { ...live, model: 'risk', deployment: 'shadow' }).allowed).toBe(true);
    expect(decide(both, { ...live, model: 'risk', deployment: 'shadow' })).toMatchObject({ allowed: false, rule: 'a-no-shadows' });
    expect(decide(both, { ...live, model: 'risk', deployment: undefined })).toMatchObject({ allowed: false, rule: 'a-no-shadows' });
    expect(decide(both, { ...live, model: 'churn' }).sees).not.toContain('inputs.age');
  });

  test('a rule that asks for the role means its own', () => {
    const proves = (role: string, model: string): boolean => roles.decide({ id: 'prn_me', role }, 'prove', 'prediction', { ...live, model }).allowed;
    expect([proves('auditor', 'auditor'), proves(both, 'auditor'), proves(both, 'operator'), proves(both, both)]).toEqual([true, true, false, false]);
  });

  test('are none where one of them is not known, whatever the other allows', () => {
    expect(decide('operator+nobody', { ...live, model: 'risk' })).toMatchObject({ allowed: false, rule: 'none' });
    expect(decide('operator+__proto__', { ...live, model: 'risk' }).allowed).toBe(false);
    expect(nameOfRoles(['b', 'a', 'b'])).toBe('a+b');
  });
});

test('a person of two groups is let in by the one, kept out by the other, and each entry names the role whose rule it was', async () => {
  const token = await provider.sign({ sub: 'both', groups: ['operators', 'auditors'] });
  for (const [id, more] of [['r', { model: 'risk', deployment: 'live' }], ['c', { model: 'churn', deployment: 'live' }], ['s', { model: 'risk', deployment: 'shadow' }], ['o', { model: 'other', deployment: 'live' }]] as const) {
    expect((await service.call('POST', '/v1/predictions', 'producer', prediction(id, more))).status).toBe(201);
  }
  const read = async (id: string): Promise<unknown> => {
    const { status, json } = await service.call('GET', `/v1/predictions/${id}`, token);
    return status === 200 ? Object.keys(json['prediction'] as object).sort() : status;
  };
  expect([await read('r'), await read('c'), await read('s'), await read('o')]).toEqual([['inputs'], ['inputs', 'output'], 404, 404]);
  const { json } = await service.call('GET', '/v1/predictions', token);
  expect((json['items'] as { id: string }[]).map(({ id }) => id).sort()).toEqual(['c', 'r']);
  const explained = await service.call('POST', '/v1/access/explain', 'admin', { roles: ['auditor', 'operator'], action: 'read', resource: 'prediction', attributes: { ...live, model: 'risk', deployment: 'shadow' } });
  expect(explained.json).toMatchObject({ decision: 'deny', rule: 'a-no-shadows', at: { file: 'roles/auditor.yaml', line: 7 } });
  expect((await service.call('POST', '/v1/break-glass', token, { role: 'auditor', minutes: 5, reason: 'something broke tonight' })).status).toBe(201);
});
