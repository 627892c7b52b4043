import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createContext, Script } from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeKey } from '../../src/access/api-key.ts';
import { issueKey } from '../../src/access/bootstrap.ts';
import type { BundleReport } from '../../src/core/bundle-report.ts';
import { sha256 } from '../../src/core/sha256.ts';
import { tendEvidence } from '../../src/evidence/tend-evidence.ts';
import type { SampleLine } from '../../src/evidence/population.ts';
import { workOn } from '../../src/evidence/work-evidence.ts';
import type { Log } from '../../src/ledger/log.ts';
import { zipOf } from '../core/zip-of.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type JsonObject, type TestService } from '../e2e/service.ts';
import { versionForm } from '../models/version.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { rawFacts } from './raw-facts.ts';
import { readZip } from './read-zip.ts';

const run = promisify(execFile);
const FORM = { framework: 'soc2', from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z', nonce: 'ef'.repeat(32) };
// Beyond what is shipped: a compliance officer who may see everything of every prediction, and a bundle each week.
const MAY_READ = `
  - id: compliance-officer-receives-all
    effect: allow
    actions: [read, receive]
    resources: [prediction]
    reason: Samples for the auditor hold their payloads.
`;

let folder: string;
let database: TestDatabase;
let env: Record<string, string>;
let service: TestService;
let log: Log;
let vkey: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-whole-'));
  const policies = join(folder, 'policies');
  await cp('policies', policies, { recursive: true });
  const role = join(policies, 'roles', 'compliance-officer.yaml');
  await writeFile(role, `${(await readFile(role, 'utf8')).trimEnd()}${MAY_READ}`);
  await writeFile(join(policies, 'evidence.yaml'), 'bundles: {keptFor: P400D}\nexports:\n  - {framework: eu-ai-act, every: week}\n');
  database = await createTestDatabase();
  env = { POLICIES_DIR: policies };
  await begin(true);
  vkey = log.row.keys[0]?.vkey ?? '';
  await service.call('POST', '/v1/models/churn/versions', 'model-approver', versionForm('3.2.0'));
  await service.call('POST', '/v1/models/churn/versions/3.2.0/approvals', 'model-approver-2', { decision: 'approve', reason: 'it does what it is for' });
  const records = Array.from({ length: 300 }, (_, i) => prediction(`p-${i}`, { subject: `person-${i % 7}`, producer: { seq: i + 1 } }));
  expect((await service.call('POST', '/v1/predictions/batch', 'producer', records)).status).toBe(200);
}, 120_000);
afterAll(async () => {
  await service.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

/** @param byHand nothing is made but when the test says so */
async function begin(byHand: boolean): Promise<void> {
  service = await startTestService(env, { sealByHand: byHand }, database);
  log = service.service.ledger.byLogName('default') as Log;
}

const ask = async (more: object = {}): Promise<string> => {
  const { status, json } = await service.call('POST', '/v1/evidence', 'compliance-officer', { ...FORM, ...more });
  expect([status, json]).toEqual([202, expect.anything()]);
  return String(json['id']);
};
const look = async (id: string): Promise<JsonObject> => (await service.call('GET', `/v1/evidence/${id}`, 'compliance-officer')).json;
const make = async (more: object = {}): Promise<JsonObject> => {
  const id = await ask(more);
  await service.service.evidence.drain();
  return look(id);
};
const download = async (id: unknown): Promise<Buffer> => (await service.call('GET', `/v1/evidence/${String(id)}/bundle`, 'auditor')).bytes;
const until = async (is: () => Promise<boolean>): Promise<void> => {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 50));
};

/** By the two verifiers that are in it, each alone. */
async function verified(zip: Buffer): Promise<{ code: number; text: string; report: BundleReport }> {
  const files = await readZip(zip);
  const place = await mkdtemp(join(folder, 'alone-'));
  await writeFile(join(place, 'verify.mjs'), files.get('verify.mjs') ?? '');
  await writeFile(join(place, 'bundle.zip'), zip);
  const { code, text } = await run(process.execPath, [join(place, 'verify.mjs'), join(place, 'bundle.zip'), '--vkey', vkey], { cwd: place, env: {} }).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, text: error.stdout }),
  );
  const browser = createContext({ Blob, DecompressionStream, TextEncoder, TextDecoder, performance, setTimeout, Uint8Array, ArrayBuffer, DataView });
  new Script(/<script>([^]*?)<\/script>/.exec(String(files.get('verify.html')))?.[1] ?? '').runInContext(browser);
  const { verifyEvidenceBundle } = browser as { verifyEvidenceBundle: (file: Blob, key: string, onProgress: () => void) => Promise<BundleReport> };
  return { code, text, report: await verifyEvidenceBundle(new Blob([Uint8Array.from(zip)]), vkey, () => undefined) };
}

let whole: JsonObject;
let zip: Buffer;
let files: Map<string, Buffer>;

test('a bundle with all of its parts, payloads included, is found valid by the verifiers that are in it', async () => {
  whole = await make({ receipts: true });
  zip = await download(whole['id']);
  files = await readZip(zip);
  for (const path of ['README.html', 'README.pdf', 'oscal/assessment-results.json', 'lineage/prov.json', 'lineage/openlineage.jsonl', 'verify.mjs', 'verify.html', 'attestation.dsse.json', 'log/checkpoint', 'policies/controls/soc2.yaml']) expect([path, (files.get(path)?.length ?? 0) > 100]).toEqual([path, true]);
  const { code, text, report } = await verified(zip);
  expect([code, text.split('\n')[0], report.findingCount]).toEqual([0, 'VALID', 0]);
  expect(text).toMatch(/payloads are those that these commit to/);
  const sample = String(files.get('samples/served-versions/CC8.1.jsonl')).split('\n').slice(0, -1).map((line) => JSON.parse(line) as SampleLine);
  expect(sample.length).toBeGreaterThan(20);
  for (const { payload, salt, values } of sample) expect([payload, salt]).toEqual([expect.stringContaining(`"version":"${String(values['version'])}"`), expect.stringMatching(/^[0-9a-f]{64}$/)]);
});

test.each<[string, string, (text: string) => string | undefined]>([
  ['a row', 'populations/served-versions/rows.jsonl', (text) => text.replace('approved', 'unknown')],
  ['a total', 'populations/intake-totals/envelope.json', (text) => text.replace(/"facts":\d+/, '"facts":9')],
  ['a sample', 'samples/served-versions/CC8.1.jsonl', (text) => text.slice(text.indexOf('\n') + 1)],
  ['a proof', 'samples/served-versions/CC8.1.jsonl', (text) => text.replace(/(index \d+\\n)(.)/, (_, line: string, first: string) => line + (first === 'A' ? 'B' : 'A'))],
  ['a key', 'log/vkeys.json', (text) => text.replace(/\+[0-9a-f]{8}\+/, '+00000000+')],
  ['the manifest', 'manifest.json', (text) => text.replace('"count":0', '"count":1')],
  ['the report', 'README.html', (text) => text.replace('a', 'b')],
  ['a file removed', 'oscal/assessment-results.json', () => undefined],
  ['a file added', 'populations/more.jsonl', () => '{}\n'],
])('of which somebody changes %s, both name the file', async (_what, path, change) => {
  const changed = new Map<string, Uint8Array>(files);
  const text = change(String(files.get(path) ?? ''));
  if (text === undefined) changed.delete(path);
  else changed.set(path, Buffer.from(text));
  expect(text).not.toBe(String(files.get(path)));
  const { code, text: told, report } = await verified(Buffer.from(await zipOf(changed)));
  expect([code, report.findings.map(({ file }) => file)]).toEqual([1, expect.arrayContaining([path])]);
  expect(told).toContain(path);
});

test('its samples are drawn again from the seed by whoever can take a SHA-256', () => {
  const envelope = JSON.parse(String(files.get('populations/served-versions/envelope.json'))) as { rowCount: number; samples: { control: string; rows: number[]; n: number }[] };
  const { log: { root }, nonce } = JSON.parse(String(files.get('manifest.json'))) as { log: { root: string }; nonce: string };
  const [sample] = envelope.samples;
  const hash = (bytes: Buffer): Buffer => Buffer.from(sha256(bytes));
  const seed = hash(Buffer.concat([Buffer.from(root, 'hex'), Buffer.from(sample?.control ?? ''), Buffer.from(nonce, 'hex')]));
  const most = 2n ** 64n;
  const rows = new Set<number>();
  for (let k = 0n; rows.size < (sample?.n ?? 0); k++) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(k);
    const x = hash(Buffer.concat([seed, counter])).readBigUInt64BE(0);
    if (x < (most / BigInt(envelope.rowCount)) * BigInt(envelope.rowCount)) rows.add(Number(x % BigInt(envelope.rowCount)));
  }
  expect(sample?.rows).toEqual([...rows].sort((a, b) => a - b));
});

/** From here on without what takes long to make and is looked at above. */
function makePlain(): void {
  Object.defineProperty(service.service.evidence.desk, 'partsOf', { value: () => ({ digested: [], undigested: [] }) });
}

test('the same again has the same digest; another nonce, another caller’s view or no payloads have another', async () => {
  makePlain();
  whole = await make({ receipts: true });
  const { size } = whole;
  expect((await make({ receipts: true, size }))['digest']).toBe(whole['digest']);
  const others = [await make({ receipts: true, size, nonce: '12'.repeat(32) }), await make({ size })].map(({ digest }) => digest);
  expect(new Set([whole['digest'], ...others]).size).toBe(3);
});

test('an erasure’s certificate counts the bundle that holds payloads as a backup, and the same bundle then says that they are gone', async () => {
  const { json } = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'person-3', reason: 'subject-request' });
  const { id } = json['request'] as { id: string };
  // A bundle that is made while the erasure happens never keeps what the certificate does not know of.
  const racing = await ask({ receipts: true });
  expect((await service.call('POST', `/v1/requests/${id}/approvals`, 'privacy-officer-2', { decision: 'approve' })).status).toBe(200);
  await service.service.evidence.drain();
  const facts = await rawFacts(log, (await log.readHead()).size);
  const erasure = facts.findLast(({ type }) => type === 'erasure');
  const expires = Date.parse(String((await look(String(whole['id'])))['expires']));
  expect(Date.parse(String(erasure?.payload?.body['backupsUntil']))).toBeGreaterThanOrEqual(expires);
  expect(Date.parse(String(erasure?.payload?.body['backupsUntil']))).toBeLessThan(Date.now() + 401 * 86_400_000);
  const after = await make({ receipts: true, size: whole['size'] });
  expect(after['digest']).not.toBe(whole['digest']);
  const gone = new Set(facts.filter(({ payload }) => payload === undefined).map(({ index }) => index));
  for (const made of [after, await look(racing)]) {
    const held = await readZip(await download(made['id']));
    for (const [path, bytes] of held) if (path.startsWith('samples/')) for (const line of String(bytes).split('\n').slice(0, -1)) expect(gone.has(Number((JSON.parse(line) as SampleLine).values['index'])) && line.includes('"payload"')).toBe(false);
  }
});

test('a bundle that the policy schedules is asked for by the service itself, once for each period that is over', async () => {
  const { desk, queue } = service.service.evidence;
  const nextWeek = Date.now() + 8 * 86_400_000;
  const asked = async (): Promise<JsonObject[]> => ((await service.call('GET', '/v1/evidence', 'compliance-officer')).json['items'] as JsonObject[]).filter(({ requester }) => requester === 'system');
  await tendEvidence(desk, queue, Date.now());
  expect(await asked()).toEqual([]);
  await tendEvidence(desk, queue, nextWeek);
  await tendEvidence(desk, queue, nextWeek);
  const [scheduled, ...more] = await asked();
  expect([scheduled?.['framework'], more]).toEqual(['eu-ai-act', []]);
  expect(Date.parse(String(scheduled?.['to'])) - Date.parse(String(scheduled?.['from']))).toBe(7 * 86_400_000);
  expect(new Date(String(scheduled?.['from'])).getUTCDay()).toBe(1);
  await service.service.evidence.drain();
  expect((await look(String(scheduled?.['id'])))['state']).toBe('made');
});

test('what was begun before a restart is taken up after it, and comes to the same; one is made at a time', async () => {
  const { size } = whole;
  const before = await make({ size, framework: 'eu-ai-act' });
  const id = await ask({ size, framework: 'eu-ai-act' });
  await workOn(service.service.evidence.desk, { log: log.row.id, id }, 0);
  expect(await look(id)).toMatchObject({ state: 'running', progress: { stage: 'gathering' } });
  await service.close();
  await begin(false);
  makePlain();
  const more = [await ask({ framework: 'eu-ai-act' }), await ask({ framework: 'eu-ai-act' })];
  let most = 0;
  await until(async () => {
    const items = (await service.call('GET', '/v1/evidence', 'compliance-officer')).json['items'] as JsonObject[];
    most = Math.max(most, items.filter(({ state }) => state === 'running').length);
    return [id, ...more].every((each) => items.find((item) => item['id'] === each)?.['state'] === 'made');
  });
  expect([most, (await look(id))['digest']]).toEqual([1, before['digest']]);
}, 120_000);

test('what nobody can mean is refused, and another tenant’s bundle does not exist', async () => {
  const refused = async (more: object): Promise<unknown[]> => {
    const { status, json } = await service.call('POST', '/v1/evidence', 'compliance-officer', { ...FORM, ...more });
    return [status, json['code'], ...((json['errors'] ?? []) as { at: string }[]).map(({ at }) => at)];
  };
  expect(await refused({ framework: 'iso-9000' })).toEqual([422, 'invalid-body', '/framework']);
  expect(await refused({ to: FORM.from })).toEqual([422, 'invalid-body', '/to']);
  expect(await refused({ from: '0001-01-01T00:00:00Z' })).toEqual([422, 'invalid-body', '/to']);
  for (const more of [{ from: 'yesterday' }, { from: 5 }, { to: '2026-02-30T00:00:00Z' }, { nonce: 'ef' }, { nonce: 'EF'.repeat(32) }, { nonce: 7 }, { size: 0 }, { size: 1.5 }, { receipts: 'yes' }, { more: true }]) expect((await refused(more)).slice(0, 2)).toEqual([422, 'invalid-body']);
  const { ledger, database: { pool } } = service.service;
  const other = await ledger.createLog('acme', 'acme-log', false);
  const key = makeKey('compliance-officer');
  await issueKey(other, pool, key);
  for (const [method, path] of [['GET', ''], ['GET', '/bundle'], ['DELETE', '']] as const) expect((await service.call(method, `/v1/evidence/${String(whole['id'])}${path}`, key.key)).status).toBe(404);
  expect((await service.call('GET', '/v1/evidence', key.key)).json['items']).toEqual([]);
  for (const id of ['evd_', `evd_${'0'.repeat(24)}`, '%27', '..%2f..']) expect((await service.call('GET', `/v1/evidence/${id}/bundle`, 'compliance-officer')).status).toBe(404);
});
