import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fsckLog, type FsckReport } from '../../src/ledger/fsck.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { doubted, doubtfulPolicies } from '../retention/doubtful-contract.ts';
import { prediction } from './prediction.ts';
import { startReplicas, type Replicas } from './replicas.ts';
import type { Answer, JsonObject, TestService } from './service.ts';

const ROUNDS = 4;
const BATCHES = 5;
const SIDE_BY_SIDE = 8;

let replicas: Replicas;
let here: TestService;
let there: TestService;

beforeAll(async () => {
  replicas = await startReplicas(async (dataDir) => ({ POLICIES_DIR: await doubtfulPolicies(dataDir) }));
  ({ here, there } = replicas);
});
afterAll(() => replicas?.close());

const logOf = ({ service }: TestService): Log => service.ledger.byLogName('default') as Log;
const append = (at: TestService, id: string, subject: string): Promise<Answer> => at.call('POST', '/v1/predictions', 'producer', prediction(id, { model: 'triage', subject }));
const read = (at: TestService, id: string): Promise<Answer> => at.call('GET', `/v1/predictions/${id}`, 'privacy-officer');

async function ask(at: TestService, subject: string): Promise<{ id: string; subject: string }> {
  const { status, json } = await at.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject, reason: 'subject-request' });
  expect(status).toBe(202);
  const { id, index } = json['request'] as JsonObject;
  const named = (await bodyAt(at, Number(index)))?.['subject'];
  expect(named).toMatch(/^sub_/);
  return { id: String(id), subject: String(named) };
}

async function approve(at: TestService, id: string): Promise<number> {
  const { status, json } = await at.call('POST', `/v1/requests/${id}/approvals`, 'privacy-officer-2', { decision: 'approve' });
  expect([status, json]).toEqual([200, expect.anything()]);
  return Number((json['request'] as JsonObject)['decision']);
}

async function fsck(): Promise<FsckReport> {
  const log = logOf(here);
  const { database, ledger } = here.service;
  return fsckLog({ pool: database.pool, row: log.row, opener: log.vault, stored: await ledger.options.checkpointStore.read(log.row.origin), onProgress: () => undefined });
}

async function bodyAt(at: TestService, index: number): Promise<JsonObject | undefined> {
  const { opening } = await openEntry(logOf(at), index);
  return opening && (JSON.parse(Buffer.from(opening.payload).toString()) as { body: JsonObject }).body;
}

test('an erasure on one replica while the same subject’s records come in on both: each is erased or stands, by its place in the log', async () => {
  const seen = { erased: 0, standing: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const subject = `customer-${round}`;
    const indices = new Map<string, number>();
    const post = async (at: TestService, id: string): Promise<void> => {
      const { status, json } = await append(at, id, subject);
      expect([id, status, json]).toEqual([id, 201, expect.anything()]);
      indices.set(id, Number(json['index']));
    };
    // Both know the subject's key before.
    await post(here, `${round}-a`);
    await post(there, `${round}-b`);
    const request = await ask(here, subject);
    const posting = (async () => {
      for (let batch = 0; batch < BATCHES; batch++) {
        await Promise.all(Array.from({ length: SIDE_BY_SIDE }, (_, i) => post(i % 4 === 0 ? there : here, `${round}-${batch}-${i}`)));
      }
    })();
    while (indices.size < 2 + SIDE_BY_SIDE * 2) await new Promise(setImmediate);
    const [erasure] = await Promise.all([approve(there, request.id), posting]);

    for (const [id, index] of indices) {
      const gone = index < erasure;
      for (const at of [here, there]) {
        const { status } = await read(at, id);
        expect({ id, index, erasure, status }).toEqual({ id, index, erasure, status: gone ? 410 : 200 });
        const named = (await bodyAt(at, index))?.['subject'];
        expect(named).toEqual(gone ? undefined : expect.stringMatching(/^sub_/));
        expect(named).not.toBe(request.subject);
      }
      seen[gone ? 'erased' : 'standing'] += 1;
    }
  }
  // Otherwise nothing raced.
  expect(seen.erased).toBeGreaterThan(2 * ROUNDS);
  expect(seen.standing).toBeGreaterThan(0);
  const { rows } = await replicas.database.database.owner.query<{ keyless: number; unsaid: number }>(
    `select (select count(*) from payload p where not exists (select from data_key k where k.log = p.log and k.id = p.key)) as keyless,
            (select count(*) from erased where by_index is null) as unsaid`,
  );
  expect(rows).toEqual([{ keyless: 0, unsaid: 0 }]);
  expect(await fsck()).toMatchObject({ findings: [], lost: 0, erased: seen.erased });
});

test('a replica that remembers the key of somebody whom another one erased acts on the one of now', async () => {
  const subject = 'customer-x';
  expect((await append(here, 'x-1', subject)).status).toBe(201);
  const first = await ask(there, subject);
  await approve(there, first.id);
  // The other one has not heard of it: nothing was appended there since.
  expect((await append(there, 'x-2', subject)).status).toBe(201);
  const second = await ask(here, subject);
  expect(second.subject).not.toBe(first.subject);
  const found = await here.call('POST', '/v1/predictions/search', 'privacy-officer', { subject });
  expect((found.json['items'] as JsonObject[]).map(({ id }) => id)).toEqual(['x-2']);
  await approve(here, second.id);
  for (const at of [here, there]) for (const id of ['x-1', 'x-2']) expect((await read(at, id)).status).toBe(410);

  expect((await append(there, 'x-3', subject)).status).toBe(201);
  const hold = await here.call('POST', '/v1/legal-holds', 'privacy-officer', { subject, reason: 'litigation' });
  expect(hold.status).toBe(201);
  expect((await there.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject, reason: 'subject-request' })).json).toMatchObject({ status: 409, code: 'legal-hold' });
  expect(await fsck()).toMatchObject({ findings: [] });
});

test('a replica that has not heard of an epoch’s end finds a data subject all the same', async () => {
  const subject = 'customer-y';
  expect((await append(there, 'y-1', subject)).status).toBe(201);
  expect((await here.call('POST', '/v1/key-epochs', 'privacy-officer')).status).toBe(200);
  expect((await there.call('POST', '/v1/predictions/search', 'privacy-officer', { subject })).json['items']).toHaveLength(1);
  expect((await here.call('POST', '/v1/key-epochs', 'privacy-officer')).status).toBe(200);
  expect((await there.call('POST', '/v1/subjects/reports', 'privacy-officer', { subject })).json['predictions']).toHaveLength(1);
  expect((await here.call('POST', '/v1/key-epochs', 'privacy-officer')).status).toBe(200);
  await approve(there, (await ask(there, subject)).id);
  for (const at of [here, there]) expect((await read(at, 'y-1')).status).toBe(410);
});

test('records that come into quarantine on both replicas, and are released, while their subject is erased: each is found by the erasure, or by the next one', async () => {
  let erased = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const subject = `doubtful-${round}`;
    const held: string[] = [];
    const post = async (at: TestService, id: string): Promise<void> => {
      const { status, json } = await at.call('POST', '/v1/predictions', 'producer', doubted(id, subject));
      expect([id, status, json]).toEqual([id, 202, expect.anything()]);
      held.push(String(json['quarantine']));
    };
    for (let i = 0; i < 4; i++) await post(i % 2 === 0 ? here : there, `${subject}-${i}`);
    const first = held.slice();
    const request = await ask(here, subject);
    const posting = Promise.all(Array.from({ length: SIDE_BY_SIDE }, (_, i) => post(i % 2 === 0 ? here : there, `${subject}-later-${i}`)));
    const releasing = Promise.all(first.map((id) => here.call('POST', `/v1/quarantine/${id}/release`, 'privacy-officer', { reason: 'looked at' })));
    const [erasure, , released] = await Promise.all([approve(there, request.id), posting, releasing]);

    for (const { status, json } of released) {
      expect([200, 404, 409]).toContain(status);
      if (status !== 200) continue;
      // One that was let in after the erasure would bring the erased person back.
      expect(Number(json['index'])).toBeLessThan(erasure);
      for (const at of [here, there]) expect((await read(at, String(json['id']))).status).toBe(410);
    }
    for (const id of held) {
      const { status, json } = await there.call('GET', `/v1/quarantine/${id}`, 'privacy-officer');
      expect([status, json]).toEqual([200, expect.anything()]);
      const state = String(json['status']);
      expect([state, json['record'] !== undefined]).toEqual([expect.stringMatching(/^(erased|held|released)$/), state === 'held']);
      if (state === 'erased') erased += 1;
    }
    const { rows: left } = await replicas.database.database.owner.query("select from data_key where subject = decode($1, 'hex')", [request.subject.slice('sub_'.length)]);
    expect(left).toEqual([]);
    // What came after is found by the next erasure: nothing of it stands under a key that names nobody.
    await approve(here, (await ask(there, subject)).id);
  }
  expect(erased).toBeGreaterThan(0);
  const { rows } = await replicas.database.database.owner.query("select from quarantine where state = 'held' union all select from data_key where subject is not null and reference is null");
  expect(rows).toEqual([]);
  expect(await fsck()).toMatchObject({ findings: [], lost: 0 });
});
