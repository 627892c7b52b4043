import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { expect, test } from '@jest/globals';
import { parsePayload } from '../../src/core/payload.ts';
import { databaseUrlOf } from '../../src/database/connection.ts';
import { fsckLog } from '../../src/ledger/fsck.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { rotateSubjectKey } from '../../src/vault/rotate-subject-key.ts';
import { startTestService, type JsonObject, type TestService } from '../e2e/service.ts';
import { cloneTemplate, createTestDatabase, type Clone } from '../test-database.ts';

const record = (id: string): object => ({ id, model: 'triage', version: '1', subject: 'ada', inputs: { age: 41, email: 'x@example.org' }, output: { score: 0.5 }, decision: { outcome: 'yes' } });
const system = { principal: 'system', rule: 'system' };
const logOf = ({ service }: TestService): Log => service.ledger.byLogName('default') as Log;

async function read({ call }: TestService, id: string): Promise<{ status: number; prediction: JsonObject }> {
  const { status, json } = await call('GET', `/v1/predictions/${id}`, 'privacy-officer');
  return { status, prediction: json['prediction'] as JsonObject };
}

async function entries(log: Log): Promise<string[]> {
  const { size } = await log.readHead();
  return Promise.all(Array.from({ length: size }, async (_, i) => Buffer.from((await log.readEntry(i)) as Uint8Array).toString()));
}

test('a data subject’s key gives way to another: entries stay, payloads open, and an erasure later on reaches a backup from before', async () => {
  const database = await createTestDatabase();
  const at = (clone: Clone): Promise<TestService> =>
    startTestService({}, {}, { ...database, settings: { ...database.settings, databaseUrl: databaseUrlOf(clone.owner), runtimeDatabaseUrl: databaseUrlOf(clone.runtime) } });
  const live = await cloneTemplate();
  const first = await at(live);
  for (const id of ['a', 'b']) expect((await first.call('POST', '/v1/predictions', 'producer', record(id))).status).toBe(201);
  await first.close();
  const backup = await cloneTemplate(live.owner.database);

  const service = await at(live);
  const log = logOf(service);
  const { pool } = service.service.database;
  const before = await read(service, 'a');
  const subject = String((JSON.parse(Buffer.from((await openEntry(log, Number((await service.call('GET', '/v1/predictions/a', 'privacy-officer')).json['index']))).opening?.payload ?? '').toString()) as { body: JsonObject }).body['subject']);
  const keys = async (): Promise<{ id: number; replaces: number[] | null }[]> => (await pool.query("select id, to_json(replaces) as replaces from data_key where reference is not null and subject = decode($1, 'hex')", [subject.slice(4)])).rows as { id: number; replaces: number[] | null }[];
  const [old] = await keys();
  const entriesBefore = await entries(log);

  const { index, payloads } = await rotateSubjectKey(log, system, subject);
  expect(payloads).toBe(2);
  expect((await entries(log)).slice(0, entriesBefore.length)).toEqual(entriesBefore);
  const [fresh] = await keys();
  expect(fresh).toEqual({ id: expect.any(Number), replaces: [old?.id] });
  expect(fresh?.id).not.toBe(old?.id);
  expect((await pool.query('select from payload where key = $1 union all select from token where key = $1', [old?.id])).rowCount).toBe(0);
  expect(await read(service, 'a')).toEqual(before);
  const { opening } = await openEntry(log, index);
  const payload = parsePayload(Buffer.from(opening?.payload ?? []).toString());
  expect(payload).toMatchObject({ type: 'subject-key-rotated', v: 1, body: { subject, replaced: { id: old?.id }, key: { id: fresh?.id }, payloads: 2 } });
  expect(new Ajv({ strict: false }).validate(JSON.parse(await readFile('docs/spec/schemas/subject-key-rotated-v1.json', 'utf8')) as object, payload.body)).toBe(true);

  // The same again is the same, and what is new is sealed under the new key.
  expect((await service.call('POST', '/v1/predictions', 'producer', record('a'))).status).toBe(200);
  const more = await service.call('POST', '/v1/predictions', 'producer', record('c'));
  expect(more.status).toBe(201);
  expect((await pool.query('select key from payload where index = $1', [more.json['index']])).rows).toEqual([{ key: fresh?.id }]);
  const stored = await service.service.ledger.options.checkpointStore.read(log.row.origin);
  expect(await fsckLog({ pool, row: log.row, opener: log.vault, stored, onProgress: () => undefined })).toMatchObject({ findings: [], erased: 0, lost: 0 });

  await expect(rotateSubjectKey(log, system, 'ada')).rejects.toMatchObject({ name: 'RotationRefusal' });
  await expect(rotateSubjectKey(log, system, `sub_${'0'.repeat(24)}`)).rejects.toMatchObject({ name: 'RotationRefusal' });

  const { json } = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'ada', reason: 'subject-request' });
  const request = String((json['request'] as JsonObject)['id']);
  expect((await service.call('POST', `/v1/requests/${request}/approvals`, 'privacy-officer-2', { decision: 'approve' })).status).toBe(200);
  await expect(rotateSubjectKey(log, system, subject)).rejects.toMatchObject({ name: 'RotationRefusal' });
  await service.close();

  // It holds the key from before the rotation, which the erasure destroys there too.
  const restored = await at(backup);
  for (const id of ['a', 'b']) expect((await read(restored, id)).status).toBe(410);
  await restored.close();
  await backup.drop();
  await live.drop();
  await database.drop();
});
