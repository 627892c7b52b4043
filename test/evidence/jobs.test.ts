import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parsePayload } from '../../src/core/payload.ts';
import { verifyBundle } from '../../src/core/verify-bundle.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { byteRange } from '../../src/evidence/byte-range.ts';
import { completePeriod } from '../../src/evidence/evidence-policy.ts';
import { workOn } from '../../src/evidence/work-evidence.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { memoryBundle } from '../core/sample-bundle.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type JsonObject, type TestService } from '../e2e/service.ts';
import { readZip } from './read-zip.ts';

const FORM = { framework: 'soc2', from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z', nonce: 'cd'.repeat(32) };

let service: TestService;
let log: Log;

beforeAll(async () => {
  service = await startTestService();
  log = service.service.ledger.byLogName('default') as Log;
  const records = Array.from({ length: 900 }, (_, i) => prediction(`p-${i}`));
  expect((await service.call('POST', '/v1/predictions/batch', 'producer', records)).status).toBe(200);
});
afterAll(() => service.close());

const ask = async (more: object = {}): Promise<JsonObject> => {
  const { status, json, headers } = await service.call('POST', '/v1/evidence', 'compliance-officer', { ...FORM, ...more });
  expect([status, json]).toEqual([202, expect.objectContaining({ state: 'waiting' })]);
  expect(headers.get('location')).toBe(`/v1/evidence/${String(json['id'])}`);
  return json;
};
const look = async (id: unknown): Promise<JsonObject> => (await service.call('GET', `/v1/evidence/${String(id)}`, 'auditor')).json;
const bodyAt = async (index: unknown, type: string): Promise<JsonObject> => {
  const { opening } = await openEntry(log, Number(index));
  const payload = parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8'));
  const ajv = new Ajv({ strict: false, allowUnionTypes: true });
  formats.default(ajv);
  expect([payload.type, ajv.validate(JSON.parse(readFileSync(`docs/spec/schemas/${type}-v1.json`, 'utf8')) as object, payload.body), ajv.errors]).toEqual([type, true, null]);
  return payload.body as JsonObject;
};
const lastIndex = async (): Promise<number> => (await log.readHead()).size - 1;

describe('a bundle that was asked for', () => {
  test('is an entry, is made in pieces, tells how far it is, and is downloaded by an entry of its own', async () => {
    const { id, entry } = await ask();
    expect(await bodyAt(entry, 'evidence-requested')).toMatchObject({ id, framework: 'soc2', nonce: FORM.nonce, receipts: false });
    const before = await service.call('GET', `/v1/evidence/${String(id)}/bundle`, 'auditor');
    expect([before.status, before.json['code']]).toEqual([409, 'bundle-not-ready']);
    await workOn(service.service.evidence.desk, { log: log.row.id, id: String(id) }, 0);
    const half = await look(id);
    expect(half).toMatchObject({ state: 'running', progress: { stage: 'gathering', entries: 200, of: expect.any(Number) } });
    await service.service.evidence.drain(0);
    const made = await look(id);
    expect(made).toMatchObject({ state: 'made', progress: { stage: 'done' } });
    expect(await bodyAt(made['endedBy'], 'evidence-ended')).toMatchObject({ id, outcome: 'made', digest: made['digest'], length: made['length'] });
    const whole = await service.call('GET', `/v1/evidence/${String(id)}/bundle`, 'auditor');
    expect([whole.status, whole.bytes.length, whole.headers.get('etag')]).toEqual([200, made['length'], `"${String(made['digest'])}"`]);
    expect(await bodyAt(await lastIndex(), 'evidence-downloaded')).toMatchObject({ id, digest: made['digest'], range: null, role: 'auditor' });
    const files = await readZip(whole.bytes);
    expect(createHash('sha256').update(files.get('manifest.json') ?? '').digest('hex')).toBe(made['digest']);
    expect((await verifyBundle(memoryBundle(files, 100_000), { vkey: parseVkey(log.row.keys[0]?.vkey ?? '') })).findings).toEqual([]);
    const part = await service.call('GET', `/v1/evidence/${String(id)}/bundle`, 'auditor', undefined, { range: 'bytes=100-199', 'if-range': `"${String(made['digest'])}"` });
    expect([part.status, part.bytes.equals(whole.bytes.subarray(100, 200)), part.headers.get('content-range')]).toEqual([206, true, `bytes 100-199/${String(made['length'])}`]);
    expect(await bodyAt(await lastIndex(), 'evidence-downloaded')).toMatchObject({ range: { from: 100, to: 199 } });
    const beyond = await service.call('GET', `/v1/evidence/${String(id)}/bundle`, 'auditor', undefined, { range: 'bytes=999999999-' });
    expect([beyond.status, beyond.json['code']]).toEqual([416, 'range-not-satisfiable']);
    const again = await ask({ size: made['size'] });
    await service.service.evidence.drain();
    expect((await look(again['id']))['digest']).toBe(made['digest']);
  });

  test('can be cancelled while it is made, and leaves nothing behind', async () => {
    const { id } = await ask();
    await workOn(service.service.evidence.desk, { log: log.row.id, id: String(id) }, 0);
    const { status, json } = await service.call('DELETE', `/v1/evidence/${String(id)}`, 'compliance-officer');
    expect([status, json['state']]).toEqual([200, 'cancelled']);
    expect(await bodyAt(json['endedBy'], 'evidence-ended')).toMatchObject({ id, outcome: 'cancelled', digest: null });
    expect(await workOn(service.service.evidence.desk, { log: log.row.id, id: String(id) }, 0)).toBe(false);
    const twice = await service.call('DELETE', `/v1/evidence/${String(id)}`, 'compliance-officer');
    expect([twice.status, twice.json['code']]).toEqual([409, 'bundle-not-ready']);
    await service.service.database.owner.query(`alter table evidence_job disable trigger ends_once; update evidence_job set ended = ended - interval '1 hour'; alter table evidence_job enable trigger ends_once`);
    await service.service.evidence.tend();
    expect(existsSync(service.service.evidence.desk.placeOf({ id: String(id) }))).toBe(false);
  });

  test('goes when its time is over, by an entry, and says so', async () => {
    const { id } = await ask();
    await service.service.evidence.drain();
    await service.service.database.owner.query(`alter table evidence_job disable trigger ends_once; update evidence_job set expires = now() - interval '1 second' where id = '${String(id)}'; alter table evidence_job enable trigger ends_once`);
    await service.service.evidence.tend();
    const gone = await look(id);
    expect(gone).toMatchObject({ state: 'expired' });
    expect(await bodyAt(gone['endedBy'], 'evidence-ended')).toMatchObject({ id, outcome: 'expired' });
    const { status, json } = await service.call('GET', `/v1/evidence/${String(id)}/bundle`, 'auditor');
    expect([status, json['code']]).toEqual([410, 'bundle-gone']);
  });

  test('is refused with every reason where it cannot be made, and where no rule allows it', async () => {
    const { status, json } = await service.call('POST', '/v1/evidence', 'compliance-officer', { framework: 'iso-9000', from: FORM.to, to: FORM.from, size: 999_999 });
    expect([status, json['code'], (json['errors'] as { at: string }[]).map(({ at }) => at)]).toEqual([422, 'invalid-body', ['/framework', '/to', '/size']]);
    expect((await service.call('POST', '/v1/evidence', 'auditor', FORM)).status).toBe(403);
    expect((await service.call('POST', '/v1/evidence', 'compliance-officer', { ...FORM, receipts: true })).status).toBe(403);
    expect((await service.call('GET', '/v1/evidence', 'producer')).status).toBe(403);
    expect((await service.call('GET', `/v1/evidence/evd_${'0'.repeat(24)}`, 'auditor')).status).toBe(404);
    const { json: list } = await service.call('GET', '/v1/evidence', 'auditor');
    expect((list['items'] as JsonObject[]).length).toBeGreaterThan(2);
  });
});

test('a review of activity is signed off by an entry', async () => {
  const form = { from: '2020-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z', examined: { what: 'access decisions', digest: '0'.repeat(64) }, findings: [{ index: 3, what: 'read twice' }], comment: 'nothing else' };
  const { status, json } = await service.call('POST', '/v1/activity-reviews', 'compliance-officer', form);
  expect(status).toBe(201);
  expect(await bodyAt(json['index'], 'activity-reviewed')).toMatchObject({ period: { from: '2020-01-01T00:00:00.000Z' }, findings: [{ index: 3, what: 'read twice' }], entries: null });
  expect((await service.call('POST', '/v1/activity-reviews', 'operator', form)).status).toBe(403);
});

describe('ranges of bytes', () => {
  test.each<[string | undefined, ReturnType<typeof byteRange>]>([
    [undefined, undefined], ['bytes=0-9', { from: 0, to: 9 }], ['bytes=5-', { from: 5, to: 99 }], ['bytes=-10', { from: 90, to: 99 }], ['bytes=-1000', { from: 0, to: 99 }], ['bytes=50-5000', { from: 50, to: 99 }],
    ['bytes=100-', 'unsatisfiable'], ['bytes=-0', 'unsatisfiable'], ['bytes=9-5', undefined], ['bytes=0-1,5-6', undefined], ['items=0-1', undefined], ['bytes=-', undefined],
  ])('%s of 100 bytes', (header, expected) => expect(byteRange(header, 100)).toEqual(expected));
});

describe('the last complete period', () => {
  const day = (text: string): number => Date.parse(`${text}T00:00:00Z`);
  test.each<[Parameters<typeof completePeriod>[0], string, string, string]>([
    ['week', '2026-11-27', '2026-11-16', '2026-11-23'], ['week', '2026-11-23', '2026-11-16', '2026-11-23'], ['month', '2027-01-31', '2026-12-01', '2027-01-01'], ['quarter', '2026-11-27', '2026-07-01', '2026-10-01'],
    ['quarter', '2027-01-01', '2026-10-01', '2027-01-01'], ['year', '2026-11-27', '2025-01-01', '2026-01-01'],
  ])('%s at %s', (every, now, from, to) => expect(completePeriod(every, day(now))).toEqual({ from: day(from), to: day(to) }));
});
