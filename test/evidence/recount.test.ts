import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from '../../src/evidence/population.ts';
import { QUERIES } from '../../src/evidence/query-catalogue.ts';
import type { Log } from '../../src/ledger/log.ts';
import { rotateSubjectKey } from '../../src/vault/rotate-subject-key.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type JsonObject, type TestService } from '../e2e/service.ts';
import { versionForm } from '../models/version.ts';
import { DOUBTFUL } from '../retention/doubtful-contract.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { bundleOf, type ReadBundle } from './bundle-of.ts';
import { rawFacts, type RawFact } from './raw-facts.ts';
import { RECOUNTS } from './recount.ts';

const DAY = 86_400_000;
const BEGAN = Date.UTC(2030, 5, 1, 12);

let policies: string;
let database: TestDatabase;
let service: TestService;
let log: Log;
/** Added to the time that it is, once the service runs. Entry times never go back. */
let ahead = 0;
let facts: RawFact[];
const bundles = new Map<string, ReadBundle>();

const post = async (by: string, path: string, body: unknown): Promise<JsonObject> => {
  const { status, json, text } = await service.call('POST', path, by, body);
  if (status >= 300) throw new Error(`POST ${path} by ${by}: ${status} ${text}`);
  return json;
};
const get = (by: string, path: string): Promise<unknown> => service.call('GET', path, by);
let seq = 0;
const predict = (id: string, more: object = {}): Promise<JsonObject> => post('producer', '/v1/predictions', prediction(id, { model: 'known', version: '1', producer: { seq: ++seq }, subject: `person-${seq % 5}`, ...more }));

async function live(): Promise<void> {
  const now = BEGAN + 10 * DAY;
  await post('model-approver', '/v1/models/known/versions', versionForm('1'));
  await post('model-approver-2', '/v1/models/known/versions/1/approvals', { decision: 'approve', reason: 'it does what it is for' });
  await post('model-approver', '/v1/models/known/versions', versionForm('2'));
  for (let i = 0; i < 5; i++) await predict(`before-${i}`);
  ahead += 10 * DAY;
  for (let i = 0; i < 12; i++) await predict(`in-${i}`, { ...(i % 3 === 0 && { decision: undefined }), ...(i % 4 === 1 && { version: '2' }), ...(i === 7 && { time: new Date(now - 5 * DAY).toISOString(), parents: ['before-1', 'nowhere'] }) });
  seq += 4;
  await predict('after-the-gap', { version: '9', producer: { seq: 2 }, decision: { outcome: 'declined' } });
  await predict('nobody', { subject: undefined, producer: undefined, inputs: { age: 20, nested: [{ 'a/b': 1 }] } });
  await post('producer', '/v1/predictions', prediction('of-churn', { subject: 'person-1' }));
  await service.call('POST', '/v1/predictions', 'producer', prediction('of-churn', { subject: 'person-1' }));
  await service.call('POST', '/v1/predictions', 'producer', { id: 'no prediction' });
  await post('model-approver-2', '/v1/models/known/versions/2/approvals', { decision: 'reject', reason: 'it is not better' });
  await predict('rejected', { version: '2' });
  await post('reviewer', '/v1/predictions/in-1/reviews', { id: 'r-1', verdict: 'upheld', occasion: 'routine', reason: 'looked at again' });
  await post('reviewer', '/v1/predictions/in-2/reviews', { id: 'r-2', verdict: 'overridden', occasion: 'contest', decision: { outcome: 'approved', reasons: ['income'] }, reason: 'read wrongly' });
  await post('producer', '/v1/predictions/in-1/outcomes', { id: 'o-1', outcome: { label: 'repaid' }, observed: new Date(now).toISOString(), source: 'core banking' });
  await post('producer', '/v1/predictions/in-2/outcomes', { id: 'o-2', outcome: { label: 'repaid' }, observed: new Date(now - 60 * DAY).toISOString(), source: 'core banking' });
  for (const id of ['q-1', 'q-2']) await post('producer', '/v1/predictions', { id, model: 'doubtful', version: '1', inputs: { age: 41, name: 'Wolfeschlegelstein' }, output: { score: 0.5 } }).then(({ quarantine }) => post('privacy-officer', `/v1/quarantine/${String(quarantine)}/${id === 'q-1' ? 'release' : 'reject'}`, { reason: 'looked at' }));
  for (const id of ['in-1', 'in-3', 'before-1']) await get('auditor', `/v1/predictions/${id}`);
  await get('auditor', '/v1/predictions/in-3/receipt');
  await get('producer', '/v1/predictions/in-3');
  await service.call('GET', '/v1/predictions', 'no key');
  await post('privacy-officer', '/v1/subjects/reports', { subject: 'person-2' });
  const glass = await post('operator', '/v1/break-glass', { reason: 'incident 42: a record is disputed', role: 'auditor', minutes: 5 });
  await post('compliance-officer', `/v1/break-glass/${String(glass['id'])}/review`, { verdict: 'justified' });
  await post('operator', '/v1/break-glass', { reason: 'incident 43: another is disputed', role: 'auditor', minutes: 5 });
  await post('admin', '/v1/keys', { role: 'auditor' });
  const { id: hold } = await post('privacy-officer', '/v1/legal-holds', { models: ['churn'], reason: 'litigation' });
  expect(hold).toBeDefined();
  const { request } = (await post('privacy-officer', '/v1/subjects/erasures', { subject: 'person-3', reason: 'subject-request' })) as { request: { id: string } };
  await post('privacy-officer-2', `/v1/requests/${request.id}/approvals`, { decision: 'approve' });
  const { rows } = await service.service.database.owner.query<{ subject: string }>(`select 'sub_' || encode(subject, 'hex') as subject from data_key where log = $1 and subject is not null order by id limit 1`, [log.row.id]);
  await rotateSubjectKey(log, { principal: 'system', rule: 'system' }, rows[0]?.subject ?? '');
  await service.service.tally.flush();
  await service.service.sealing.seal();
  await post('compliance-officer', '/v1/activity-reviews', { from: new Date(BEGAN).toISOString(), to: new Date(BEGAN + 35 * DAY).toISOString(), examined: { what: 'access decisions', digest: '0'.repeat(64) } });
  const { id } = await post('compliance-officer', '/v1/evidence', { framework: 'soc2', from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' });
  await service.service.evidence.drain();
  await get('auditor', `/v1/evidence/${String(id)}/bundle`);
  ahead += 100 * DAY;
  await predict('after');
}

beforeAll(async () => {
  policies = await mkdtemp(join(tmpdir(), 'pl-recount-'));
  await cp('policies', policies, { recursive: true });
  await writeFile(join(policies, 'contracts', 'doubtful.yaml'), DOUBTFUL);
  database = await createTestDatabase();
  service = await startTestService({ POLICIES_DIR: policies }, { clock: { now: () => Date.now() + ahead } }, database);
  // Months pass here in a moment, and not in PostgreSQL.
  Object.defineProperty(service.service.clockMonitor, 'finding', { get: () => undefined });
  log = service.service.ledger.byLogName('default') as Log;
  ahead = BEGAN - Date.now();
  await live();
  for (const { id } of service.service.frameworks.all) bundles.set(id, await bundleOf(service.service, log, { framework: id, from: new Date(BEGAN + 5 * DAY).toISOString(), to: new Date(BEGAN + 50 * DAY).toISOString() }));
  const [first] = bundles.values();
  facts = await rawFacts(log, first?.made.manifest.log.size ?? 0);
});
afterAll(async () => {
  await service.close();
  await database.drop();
  await rm(policies, { recursive: true });
});

/** What a bundle says of a population, as far as it was counted again. */
function claimed(bundle: ReadBundle, assertion: string, columns: readonly string[]): Row[] {
  return bundle.rows(assertion).map((row) => Object.fromEntries(columns.map((name) => [name, row[name] ?? null])));
}

test('there is no query whose counts are not counted again', () => expect(Object.keys(RECOUNTS).sort()).toEqual([...QUERIES.keys()].sort()));

describe.each(['soc2', 'hipaa', 'gdpr', 'eu-ai-act'])('every count of the bundle of %s is what the raw entries give', (framework) => {
  test('file by file', () => {
    const bundle = bundles.get(framework) as ReadBundle; // made above
    const compared: string[] = [];
    for (const { assertion } of bundle.made.manifest.populations) {
      const envelope = bundle.envelope(assertion);
      const size = bundle.made.manifest.log.size;
      const range = { facts: facts.slice(0, size), from: Date.parse(envelope.period.from), to: Date.parse(envelope.period.to), asOf: Date.parse(envelope.asOf), parameters: envelope.query.parameters };
      const { rows, zero = '', reasons, totals = {} } = RECOUNTS[envelope.query.name]?.(range) ?? { rows: [] };
      expect([assertion, RECOUNTS[envelope.query.name]]).toEqual([assertion, expect.any(Function)]);
      const columns = Object.keys(rows[0] ?? {});
      expect([assertion, claimed(bundle, assertion, columns).filter((row) => row[zero] !== 0)]).toEqual([assertion, rows]);
      expect([assertion, envelope.rowCount]).toEqual([assertion, bundle.rows(assertion).length]);
      if (reasons !== undefined) expect([assertion, envelope.exceptions.reasons]).toEqual([assertion, reasons]);
      for (const [name, [left, right]] of Object.entries(totals)) expect([assertion, envelope.controlTotals.find((total) => total.name === name)]).toEqual([assertion, { name, left, right, holds: true }]);
      if (rows.length > 0) compared.push(envelope.query.name);
    }
    expect(new Set(compared).size).toBeGreaterThan(8);
  });

  test('but for what is gone', () => {
    const bundle = bundles.get(framework) as ReadBundle; // made above
    const gone = facts.slice(0, bundle.made.manifest.log.size).filter(({ payload }) => payload === undefined);
    expect(gone.length).toBeGreaterThan(0);
    expect(bundle.made.manifest.erasures.count).toBe(gone.length);
  });
});

test.each<[string, number, number, 'suspended' | 'accountable']>([['while it lasts', -1, 1, 'suspended'], ['before it begins', 1, 2, 'accountable'], ['after it has ended', -2, -1, 'accountable']])('a suspension of the accounting holds %s', async (_when, from, until, counted) => {
  const hipaa = service.service.frameworks.of('hipaa');
  if (hipaa === undefined) throw new Error('there is no such framework');
  const asOf = facts.at(-1)?.time ?? 0;
  const recipient = facts.find(({ type, payload }) => type === 'access-decision' && payload?.body['outcome'] === 'allow' && payload.body['action'] === 'read' && payload.body['resource'] === 'prediction')?.payload?.principal ?? '';
  const suspended = [{ recipient, from: new Date(asOf + from * DAY).toISOString(), until: new Date(asOf + until * DAY).toISOString(), authority: 'a health oversight agency' }];
  const assertions = hipaa.assertions.filter(({ file }) => file.id.startsWith('account')).map((assertion) => ({ ...assertion, parameters: { ...assertion.parameters, suspended, exemptRoles: { operator: 'operations' } } }));
  const bundle = await bundleOf(service.service, log, { framework: { ...hipaa, assertions }, from: new Date(BEGAN).toISOString(), to: new Date(BEGAN + 50 * DAY).toISOString() });
  const size = bundle.made.manifest.log.size;
  for (const { file, query, parameters } of assertions) {
    const { period, asOf: at } = bundle.envelope(file.id);
    const { rows } = RECOUNTS[query.name]?.({ facts: facts.slice(0, size), from: Date.parse(period.from), to: Date.parse(period.to), asOf: Date.parse(at), parameters }) ?? { rows: [] };
    expect(claimed(bundle, file.id, Object.keys(rows[0] ?? {}))).toEqual(rows);
  }
  const accounts = bundle.rows('accounts-by-individual');
  expect(accounts.reduce((sum, row) => sum + Number(row[counted]), 0)).toBeGreaterThan(2);
  expect(accounts.reduce((sum, row) => sum + Number(row[counted === 'suspended' ? 'accountable' : 'suspended']), 0)).toBe(0);
});
