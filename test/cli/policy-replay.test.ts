import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type TestService } from '../e2e/service.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { runCommand, type Outcome } from './run-command.ts';

let database: TestDatabase;
let service: TestService;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-policies-'));
  database = await createTestDatabase();
  service = await startTestService({}, {}, database);
  for (const [id, model] of [['one', 'a'], ['two', 'b'], ['three', 'a']] as const) {
    expect((await service.call('POST', '/v1/predictions', 'producer', prediction(id, { model, purpose: 'credit' }))).status).toBe(201);
  }
  for (const [id, status] of [['one', 200], ['two', 200]] as const) expect((await service.call('GET', `/v1/predictions/${id}`, 'auditor')).status).toBe(status);
  // A role without any right to it is refused before it is known what was asked about.
  expect((await service.call('GET', '/v1/predictions/one', 'operator')).status).toBe(403);
}, 120_000);
afterAll(async () => {
  await service.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function replayWith(changes: Record<string, (text: string) => string>, ...args: string[]): Promise<Outcome> {
  await rm(folder, { recursive: true });
  await cp('policies', folder, { recursive: true });
  for (const [path, change] of Object.entries(changes)) await writeFile(join(folder, path), change(await readFile(join(folder, path), 'utf8')));
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
  return runCommand(['policy', 'replay', folder, ...args], { DATA_DIR: dataDir, DATABASE_URL: databaseUrl, RUNTIME_DATABASE_URL: runtimeDatabaseUrl });
}

test('the policy in force changes nothing of what it decided', async () => {
  const { code, out, err } = await replayWith({});
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^log default under policy [0-9a-f]{64}: 6 recorded decisions, 0 would change, 0 stay the same by another rule; 0 cannot/);
});

test('each decision that a candidate makes otherwise is listed, with the rule before and after', async () => {
  const { code, out } = await replayWith({
    'roles/producer.yaml': (text) => text.replace('actions: [append]', 'actions: [append]\n    when: { model: { eq: b } }'),
    'roles/auditor.yaml': (text) => `${text}  - { id: a-not-b, effect: deny, actions: [read], resources: [prediction], when: { model: { eq: b } }, reason: x }\n`,
    'roles/operator.yaml': (text) => `${text}  - { id: o-reads, effect: allow, actions: [read], resources: [prediction], reason: x }\n`,
  });
  expect(code).toBe(1);
  const lines = out.split('\n');
  expect(lines.filter((line) => line.endsWith('as producer: append prediction: allow by producer-appends-predictions → deny by none'))).toHaveLength(2);
  expect(lines.filter((line) => line.endsWith('as auditor: read prediction: allow by auditor-reads-predictions → deny by a-not-b'))).toHaveLength(1);
  expect(lines.filter((line) => line.endsWith('as operator: read prediction: deny by none → allow by o-reads'))).toHaveLength(1);
  expect(out).toContain('6 recorded decisions, 4 would change');
});

test('what cannot be told any more is counted and not guessed; a rule of another name changes nothing', async () => {
  const { code, out } = await replayWith({
    'roles/producer.yaml': (text) => text.replace('producer-appends-predictions', 'producer-hands-in'),
    'roles/operator.yaml': (text) => `${text}  - { id: o-reads, effect: allow, actions: [read], resources: [prediction], when: { model: { eq: a } }, reason: x }\n`,
  });
  expect([code, out]).toEqual([0, expect.stringContaining('0 would change, 3 stay the same by another rule; 1 cannot be decided again')]);
});

test('a record that no contract would govern would be refused, as JSON by line', async () => {
  const { code, out } = await replayWith({ 'tenants.yaml': (text) => text.replace('defaultContract: default', 'defaultContract: null') }, '--json', '--log', 'default');
  expect(code).toBe(1);
  const lines = out.trim().split('\n').map((line) => JSON.parse(line) as object);
  expect(lines[0]).toMatchObject({ log: 'default', role: 'producer', action: 'append', before: { outcome: 'allow', rule: 'producer-appends-predictions' }, now: { outcome: 'deny', rule: 'contract' } });
  expect(lines.at(-1)).toMatchObject({ log: 'default', totals: { decisions: 6, changed: 3 } });
  expect((await replayWith({}, '--log', 'nowhere')).code).toBe(2);
});
