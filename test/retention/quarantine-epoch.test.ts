import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { databaseUrlOf } from '../../src/database/connection.ts';
import { doubted, doubtfulPolicies } from './doubtful-contract.ts';
import { startTestService, type JsonObject, type TestService } from '../e2e/service.ts';
import { cloneTemplate, createTestDatabase, type Clone, type TestDatabase } from '../test-database.ts';

let database: TestDatabase;
let policies: string;
beforeEach(async () => {
  database = await createTestDatabase();
  policies = await doubtfulPolicies(database.settings.dataDir);
});
afterEach(() => database.drop());

/** A service on another database with the same data folder: the keys of now, and the journal. */
function startOn(clone: Clone): Promise<TestService> {
  const there = { ...database, settings: { ...database.settings, databaseUrl: databaseUrlOf(clone.owner), runtimeDatabaseUrl: databaseUrlOf(clone.runtime) } };
  return startTestService({ POLICIES_DIR: policies }, {}, there);
}

async function put({ call }: TestService, id: string, subject?: string): Promise<string> {
  const { status, json } = await call('POST', '/v1/predictions', 'producer', doubted(id, subject));
  expect([status, json]).toEqual([202, expect.anything()]);
  return String(json['quarantine']);
}

const look = async ({ call }: TestService, id: string): Promise<JsonObject> => (await call('GET', `/v1/quarantine/${id}`, 'privacy-officer')).json;

async function erase({ call }: TestService, subject: string): Promise<void> {
  const { json } = await call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject, reason: 'subject-request' });
  const { id } = json['request'] as JsonObject;
  expect((await call('POST', `/v1/requests/${String(id)}/approvals`, 'privacy-officer-2', { decision: 'approve' })).status).toBe(200);
}

test('the end of an epoch takes keys of quarantine along, which have a data subject and no reference; a backup from before it opens them, but those erased since', async () => {
  const live = await cloneTemplate();
  const first = await startOn(live);
  const [ada, bob, nobody] = [await put(first, 'q-ada', 'ada'), await put(first, 'q-bob', 'bob'), await put(first, 'q-none')];
  await first.close();
  const backup = await cloneTemplate(live.owner.database);

  const later = await startOn(live);
  expect((await later.call('POST', '/v1/key-epochs', 'privacy-officer')).status).toBe(200);
  const { rows } = await later.service.database.owner.query('select distinct epoch from data_key');
  expect(rows).toEqual([{ epoch: 2 }]);
  for (const id of [ada, bob, nobody]) expect(await look(later, id)).toMatchObject({ status: 'held', record: { inputs: { surprise: 'x' } } });
  await erase(later, 'ada');
  expect(await look(later, ada)).toMatchObject({ status: 'erased' });
  expect((await later.call('POST', '/v1/key-epochs', 'privacy-officer')).status).toBe(200);
  await later.close();

  const restored = await startOn(backup);
  expect(restored.said.join('\n')).toContain('the database is from before the end of an epoch of keys');
  expect(await look(restored, ada)).toMatchObject({ status: 'erased' });
  for (const id of [bob, nobody]) expect(await look(restored, id)).toMatchObject({ status: 'held', record: { inputs: { surprise: 'x' } } });
  expect((await restored.service.database.owner.query('select from data_key where epoch < 3')).rowCount).toBe(0);
  await restored.close();

  // Where the log goes on, what was held goes in under the key of its subject, and goes with it.
  const on = await startOn(live);
  const released = await on.call('POST', `/v1/quarantine/${bob}/release`, 'privacy-officer', { reason: 'looked at' });
  expect([released.status, released.json]).toEqual([200, expect.anything()]);
  expect((await on.call('GET', '/v1/predictions/q-bob', 'privacy-officer')).status).toBe(200);
  await erase(on, 'bob');
  expect((await on.call('GET', '/v1/predictions/q-bob', 'privacy-officer')).status).toBe(410);
  await on.close();
  await backup.drop();
  await live.drop();
});
