import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from './service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.close());

const explain = (body: object, by = 'admin'): Promise<Answer> => service.call('POST', '/v1/access/explain', by, body);

describe('POST /v1/access/explain', () => {
  test('names the rule that allows, with file and line, and the policy', async () => {
    const { status, json } = await explain({ role: 'auditor', action: 'read', resource: 'prediction' });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      decision: 'allow',
      rule: 'auditor-reads-predictions',
      at: { file: 'roles/auditor.yaml', line: 9 },
      reason: 'An auditor examines single records.',
      policy: service.service.roles.policy,
      withheld: [],
      missing: [],
    });
  });

  test('says that no rule allows it', async () => {
    const { json } = await explain({ role: 'operator', action: 'read', resource: 'prediction' });
    expect(json).toMatchObject({ decision: 'deny', rule: 'none', reason: 'No rule allows it.', considered: [] });
    expect((await explain({ role: 'nobody', action: 'read', resource: 'log' })).json).toMatchObject({ decision: 'deny', rule: 'none' });
  });

  test('names what was missing, and what failed, with its line', async () => {
    const unknown = await explain({ role: 'privacy-officer', action: 'approve', resource: 'request' });
    expect(unknown.json).toMatchObject({ decision: 'deny', rule: 'two-people', missing: ['requester', 'kind'] });
    const { json } = await explain({ role: 'privacy-officer', action: 'approve', resource: 'request', attributes: { requester: 'prn_other', kind: 'policy' } });
    expect(json).toMatchObject({
      decision: 'deny',
      rule: 'none',
      missing: [],
      considered: [
        { rule: 'two-people', effect: 'deny', holds: 'no' },
        { rule: 'privacy-officer-approves-requests', effect: 'allow', file: 'roles/privacy-officer.yaml', holds: 'no', failed: [{ attribute: 'kind', operator: 'in' }] },
      ],
    });
    const { failed, line } = (json['considered'] as { failed: { line: number }[]; line: number }[])[1] ?? { failed: [], line: 0 };
    expect(failed[0]?.line).toBe(line + 5);
    expect(JSON.stringify(json)).not.toContain('prn_other');
  });

  test('is told of a principal of the tenant by its credential', async () => {
    const { rows } = await service.service.database.owner.query<{ principal: string }>(`select principal from api_key where role = 'producer'`);
    const principal = rows[0]?.principal;
    expect((await explain({ principal, action: 'append', resource: 'prediction' })).json).toMatchObject({ decision: 'allow', rule: 'producer-appends-predictions' });
    expect((await explain({ principal: `prn_${'0'.repeat(24)}`, action: 'append', resource: 'prediction' })).status).toBe(404);
  });

  test.each(['admin', 'auditor', 'compliance-officer'])('is for the %s', async (by) => {
    expect((await explain({ role: 'auditor', action: 'read', resource: 'log' }, by)).status).toBe(200);
  });

  test.each(['producer', 'privacy-officer', 'model-approver', 'operator'])('is not for the %s', async (by) => {
    expect((await explain({ role: 'auditor', action: 'read', resource: 'log' }, by)).status).toBe(403);
  });

  test.each([
    ['neither role nor principal', { action: 'read', resource: 'log' }],
    ['both', { role: 'auditor', principal: `prn_${'0'.repeat(24)}`, action: 'read', resource: 'log' }],
    ['an unknown action', { role: 'auditor', action: 'raed', resource: 'log' }],
    ['an action that is not done to it', { role: 'auditor', action: 'append', resource: 'log' }],
    ['an attribute of another resource', { role: 'auditor', action: 'read', resource: 'log', attributes: { model: 'x' } }],
    ['an attribute of another type', { role: 'auditor', action: 'list', resource: 'prediction', attributes: { time: '2026-01-01' } }],
    ['an attribute that there is not', { role: 'auditor', action: 'read', resource: 'log', attributes: { constructor: 'x' } }],
    ['more than is asked', { role: 'auditor', action: 'read', resource: 'log', tenant: 'other' }],
  ])('refuses %s', async (_what, body) => {
    expect(await explain(body)).toMatchObject({ status: 422, json: { code: 'invalid-body' } });
  });
});
