import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEntry } from '../../src/core/entry.ts';
import { parsePayload } from '../../src/core/payload.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

// Rules that look at how guarded the data is, at what it was used for, and at why somebody asks: in lists, look-ups, reads and appends.

const ROLES: Record<string, string> = {
  producer: `
  - { id: p-appends, effect: allow, actions: [append], resources: [prediction], reason: x }
  - { id: p-not-secret, effect: deny, actions: [append], resources: [prediction], reason: x, when: { class: { in: [secret] } } }`,
  auditor: `
  - { id: a-unguarded, effect: allow, actions: [list, read, receive, prove], resources: [prediction], reason: x, when: { class: { in: [internal, personal] } } }`,
  reviewer: `
  - { id: r-credit, effect: allow, actions: [list, read], resources: [prediction], reason: x, when: { purpose: { eq: credit } } }
  - { id: r-no-phi, effect: deny, actions: [list, read], resources: [prediction], reason: x, when: { class: { eq: phi } } }`,
  'compliance-officer': `
  - { id: c-for-audit, effect: allow, actions: [list, read, receive], resources: [prediction], reason: x, when: { stated-purpose: { eq: yearly-audit } } }
  - { id: c-explains, effect: allow, actions: [explain], resources: [access], reason: x }`,
};

let policies: string;
let service: TestService;
beforeAll(async () => {
  policies = await mkdtemp(join(tmpdir(), 'pl-policies-'));
  await cp('policies', policies, { recursive: true });
  await rm(join(policies, 'tests'), { recursive: true });
  for (const [role, rules] of Object.entries(ROLES)) await writeFile(join(policies, 'roles', `${role}.yaml`), `role: ${role}\ndescription: x\nrules:${rules}\n`);
  const contract = await readFile(join(policies, 'contracts', 'default.yaml'), 'utf8');
  for (const [name, dataClass] of [['ward', 'phi'], ['vault', 'secret']] as const) {
    await writeFile(join(policies, 'contracts', `${name}.yaml`), contract.replace('contract: default', `contract: ${name}`).replace('models: []', `models: [${name}]`).replace('class: personal', dataClass === 'phi' ? 'class: phi\n    safeHarbor: none' : 'class: secret'));
  }
  service = await startTestService({ POLICIES_DIR: policies });
  for (const [id, model, purpose] of [['one', 'churn', 'credit'], ['two', 'churn', 'marketing'], ['three', 'ward', 'credit'], ['four', 'churn', undefined]] as const) {
    const answer = await service.call('POST', '/v1/predictions', 'producer', prediction(id, { model, subject: `s-${id}`, ...(purpose !== undefined && { purpose }) }));
    expect([answer.status, answer.text]).toEqual([201, expect.anything()]);
  }
});
afterAll(async () => {
  await service.close();
  await rm(policies, { recursive: true });
});

const get = (path: string, by: string, purpose?: string): Promise<Answer> => service.call('GET', path, by, undefined, purpose === undefined ? {} : { 'stated-purpose': purpose });
const listed = async (by: string, purpose?: string): Promise<string[]> => ((await get('/v1/predictions?order=asc', by, purpose)).json['items'] as { id: string }[]).map(({ id }) => id);
const opened = async (by: string, purpose?: string): Promise<string[]> => {
  const ids = ['one', 'two', 'three', 'four'];
  const statuses = await Promise.all(ids.map(async (id) => (await get(`/v1/predictions/${id}`, by, purpose)).status));
  expect(statuses.filter((status) => ![200, 404].includes(status))).toEqual([]);
  return ids.filter((_, at) => statuses[at] === 200);
};

/** Bodies of the entries that say who read. */
async function decisions(): Promise<Record<string, unknown>[]> {
  const log = service.service.ledger.byLogName('default') as Log;
  const { size } = await log.readHead();
  const found: Record<string, unknown>[] = [];
  for (let index = 0; index < size; index++) {
    if (parseEntry((await log.readEntry(index)) as Uint8Array).type !== 'access-decision') continue;
    const { opening } = await openEntry(log, index);
    found.push(parsePayload(Buffer.from(opening?.payload ?? []).toString()).body as Record<string, unknown>);
  }
  return found;
}

test('how guarded the data is, by its contract, decides what is listed, found and opened', async () => {
  expect([await listed('auditor'), await opened('auditor')]).toEqual([['one', 'two', 'four'], ['one', 'two', 'four']]);
  expect((await get('/v1/predictions/three/proof', 'auditor')).text).toEqual((await get('/v1/predictions/never/proof', 'auditor')).text);
});

test('what the data was used for decides, and what was used for nothing that is known is not shown', async () => {
  expect([await listed('reviewer'), await opened('reviewer')]).toEqual([['one'], ['one']]);
});

test('an append is judged by the class of its contract', async () => {
  const { status, json } = await service.call('POST', '/v1/predictions', 'producer', prediction('five', { model: 'vault' }));
  expect([status, json['code']]).toEqual([403, 'forbidden']);
});

describe('why somebody asks', () => {
  test('decides on lists and reads, and stands in the entry of each read', async () => {
    expect([await listed('compliance-officer', 'yearly-audit'), await opened('compliance-officer', 'yearly-audit')]).toEqual([['one', 'two', 'three', 'four'], ['one', 'two', 'three', 'four']]);
    expect([await listed('compliance-officer', 'credit-decision'), await opened('compliance-officer', 'credit-decision'), await listed('compliance-officer'), await opened('compliance-officer')]).toEqual([[], [], [], []]);
    expect((await get('/v1/predictions/one/receipt', 'compliance-officer', 'yearly-audit')).status).toBe(200);
    expect((await decisions()).filter(({ role }) => role === 'compliance-officer').map(({ outcome, action, purpose }) => ({ outcome, action, purpose }))).toEqual([
      ...Array.from({ length: 4 }, () => ({ outcome: 'allow', action: 'read', purpose: 'yearly-audit' })),
      { outcome: 'allow', action: 'receive', purpose: 'yearly-audit' },
    ]);
    // Also where no rule asks for it; and of a denial.
    expect((await get('/v1/predictions/one', 'auditor', 'credit-decision')).status).toBe(200);
    expect((await get('/v1/keys', 'auditor', 'credit-decision')).status).toBe(403);
    expect((await decisions()).slice(-2)).toEqual([expect.objectContaining({ outcome: 'allow', purpose: 'credit-decision' }), expect.objectContaining({ outcome: 'deny', resource: 'key', purpose: 'credit-decision' })]);
  });

  test('is a word of the policy: what somebody makes up is refused and counted, and stands nowhere', async () => {
    const before = (await decisions()).length;
    for (const word of ['because of Mr Smith', 'yearly-audit, yearly-audit', "' or 1=1 --", 'Yearly-Audit', '*']) {
      const answer = await get('/v1/predictions/one', 'compliance-officer', word);
      expect([answer.status, answer.json['code'], answer.text.includes(word)]).toEqual([400, 'bad-request', false]);
    }
    expect(await decisions()).toHaveLength(before);
    await service.service.tally.flush();
    const { rows } = await service.service.database.pool.query("select reason, count from tally where what = 'denied' and reason = 'status-400'");
    expect(rows).toEqual([{ reason: 'status-400', count: 5 }]);
  });

  test('is explained', async () => {
    const why = async (attributes: object): Promise<Answer['json']> => (await service.call('POST', '/v1/access/explain', 'compliance-officer', { role: 'compliance-officer', action: 'read', resource: 'prediction', attributes })).json;
    expect(await why({ 'stated-purpose': 'yearly-audit' })).toMatchObject({ decision: 'allow', rule: 'c-for-audit' });
    expect(await why({ 'stated-purpose': 'credit-decision' })).toMatchObject({ decision: 'deny', considered: [{ rule: 'c-for-audit', failed: [{ attribute: 'stated-purpose', operator: 'eq' }] }] });
    expect(await why({})).toMatchObject({ decision: 'deny', missing: ['stated-purpose'] });
  });
});

test('an erasure takes the purpose out of the list’s row, and a rule that asks for it does not show it any more', async () => {
  const { json } = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 's-one', reason: 'subject-request' });
  const { id } = json['request'] as { id: string };
  expect((await service.call('POST', `/v1/requests/${id}/approvals`, 'privacy-officer-2', { decision: 'approve' })).status).toBe(200);
  const { rows } = await service.service.database.pool.query("select purpose, contract from prediction where id = 'one'");
  expect(rows).toEqual([{ purpose: null, contract: 'default@1.0.0' }]);
  expect([await listed('reviewer'), (await listed('auditor')).includes('one')]).toEqual([[], true]);
});
