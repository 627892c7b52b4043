import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { policiesWith } from '../access/policies-with.ts';
import { versionForm } from '../models/version.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

let service: TestService;
let policies: string;

beforeAll(async () => {
  const rules = 'models:\n  - models: [strict]\n    unknown: refuse\n    unapproved: quarantine\n    rejected: refuse\n    retired: refuse\n';
  policies = await policiesWith('models.yaml', `${readFileSync('policies/models.yaml', 'utf8')}${rules}`);
  service = await startTestService({ POLICIES_DIR: policies });
});

afterAll(async () => {
  await service?.close();
  await rm(policies, { recursive: true });
});

const post = (id: string, version: string): Promise<Answer> => service.call('POST', '/v1/predictions', 'producer', prediction(id, { model: 'strict', version }));
const decide = (decision: string): Promise<Answer> =>
  service.call('POST', '/v1/models/strict/versions/1/approvals', 'model-approver-2', { decision, reason: 'the validation report says so' });

test('what policies/models.yaml says of a version’s standing becomes of its predictions', async () => {
  const unknown = await post('s-1', '1');
  expect([unknown.status, unknown.json['code']]).toEqual([422, 'version-not-served']);
  expect(unknown.json['errors']).toEqual([expect.objectContaining({ at: '/version' })]);
  expect((await service.call('GET', '/v1/predictions/s-1', 'auditor')).status).toBe(404);

  expect((await service.call('POST', '/v1/models/strict/versions', 'model-approver', versionForm('1'))).status).toBe(201);
  const doubted = await post('s-2', '1');
  expect([doubted.status, doubted.json['id']]).toEqual([202, 's-2']);
  expect((await service.call('GET', '/v1/predictions/s-2', 'auditor')).status).toBe(404);

  // Released by another person, it is taken in, and says how its version stood.
  const waiting = (await service.call('GET', '/v1/quarantine', 'privacy-officer')).json['items'] as { quarantine: string }[];
  const released = await service.call('POST', `/v1/quarantine/${String(waiting[0]?.quarantine)}/release`, 'privacy-officer', { reason: 'the approval was on its way' });
  expect([released.status, released.json]).toMatchObject([200, { id: 's-2' }]);
  const taken = (await service.call('GET', '/v1/predictions/s-2', 'auditor')).json['prediction'];
  expect(taken).toMatchObject({ exceptions: ['unapproved-version'] });

  expect((await decide('approve')).status).toBe(201);
  expect((await post('s-3', '1')).status).toBe(201);
  expect((await service.call('GET', '/v1/predictions/s-3', 'auditor')).json['prediction']).not.toHaveProperty('exceptions');

  expect((await service.call('POST', '/v1/models/strict/versions/1/deployments', 'operator', { deployment: 'retired', reason: 'replaced' })).status).toBe(201);
  expect((await post('s-4', '1')).json['code']).toBe('version-not-served');
  // What is in the log already goes on being answered with its first receipt.
  expect((await post('s-3', '1')).status).toBe(200);
});
