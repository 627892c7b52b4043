import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parsePayload } from '../../src/core/payload.ts';
import { parseReceipt } from '../../src/core/receipt.ts';
import { verifyReceipt } from '../../src/core/verify-receipt.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { fsckLog } from '../../src/ledger/fsck.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { runRetention, type RetentionReport } from '../../src/retention/retention-run.ts';
import { isRetained, periodBefore } from '../../src/retention/schedule.ts';
import { startTestService, type TestService } from '../e2e/service.ts';

const YEARS = 365.25 * 24 * 3600 * 1000;
const credit = { model: 'credit-risk', inputs: { age: 41, income: 52000, email: 'x.y@example.org' }, output: { score: 0.2, label: 'repaid' }, decision: { outcome: 'approved' } };

let service: TestService;
let log: Log;
beforeAll(async () => {
  service = await startTestService();
  log = service.service.ledger.byLogName('default') as Log;
});
afterAll(() => service.close());

async function append(id: string, subject: string | undefined, more: object): Promise<number> {
  const { status, json } = await service.call('POST', '/v1/predictions', 'producer', { id, version: '1', ...(subject !== undefined && { subject }), ...more });
  expect([status, json]).toEqual([201, expect.anything()]);
  return Number(json['index']);
}

const run = (now: number, dryRun = false): Promise<RetentionReport> =>
  runRetention(service.service.contracts, log, { principal: 'system', rule: 'system' }, { dryRun, now });
const status = async (id: string): Promise<number> => (await service.call('GET', `/v1/predictions/${id}`, 'privacy-officer')).status;

describe('periods', () => {
  test.each([
    ['P1M', '2026-03-31T10:00:00.000Z', '2026-02-28T10:00:00.000Z'],
    ['P25M', '2026-01-15T00:00:00.000Z', '2023-12-15T00:00:00.000Z'],
    ['P1Y', '2024-02-29T00:00:00.000Z', '2023-02-28T00:00:00.000Z'],
    ['P10D', '2026-01-05T00:00:00.000Z', '2025-12-26T00:00:00.000Z'],
    ['P1Y2M3D', '2026-05-10T00:00:00.000Z', '2025-03-07T00:00:00.000Z'],
  ])('%s before %s is %s', (period, time, expected) => {
    expect(new Date(periodBefore(period, Date.parse(time))).toISOString()).toBe(expected);
  });
});

test('what is due is disposed of with an entry; what shares its key is sealed anew, and a legal hold wins', async () => {
  const due = [await append('due-1', 'ada', credit), await append('due-2', undefined, credit)];
  await append('stays', 'ada', { model: 'readmission', inputs: { a: 1 }, output: { b: 0.5 } });
  await append('held', 'bob', credit);
  expect((await service.call('POST', '/v1/legal-holds', 'privacy-officer', { subject: 'bob', reason: 'litigation' })).status).toBe(201);
  const contract = service.service.contracts.of('credit-risk', 'default');
  const { retention } = contract?.file ?? { retention: undefined };
  expect(retention?.period).toBe('P25M');
  const other = service.service.contracts.of('readmission', 'default');
  expect(other?.file.retention.period).not.toBe('P25M');

  const soon = Date.now() + 1 * YEARS;
  expect((await run(soon)).schedules.every(({ due: count }) => count === 0)).toBe(true);
  // After 25 months, and before what else there is.
  const then = Date.now() + 2.2 * YEARS;
  if (contract === undefined) throw new Error('no contract');
  expect([isRetained(contract, Date.now(), soon), isRetained(contract, Date.now(), then)]).toEqual([true, false]);
  const dry = await run(then, true);
  expect(dry.schedules.find((schedule) => schedule.contract === contract.id)).toMatchObject({ due: 2, held: 1, disposed: 0, entries: [] });
  expect(await status('due-1')).toBe(200);

  const { schedules } = await run(then);
  const done = schedules.find((schedule) => schedule.contract === contract.id);
  expect(done).toMatchObject({ due: 2, held: 1, disposed: 2, entries: [expect.any(Number)] });
  expect([await status('due-1'), await status('due-2'), await status('held')]).toEqual([410, 410, 200]);
  const { opening } = await openEntry(log, done?.entries[0] ?? -1);
  expect(parsePayload(Buffer.from(opening?.payload ?? []).toString('utf8'))).toMatchObject({ type: 'disposition', body: { contract: contract.id, period: 'P25M', indices: { count: 2 } } });
  const receipt = parseReceipt((await service.call('GET', '/v1/predictions/due-1/receipt', 'auditor')).text);
  expect(verifyReceipt(receipt, parseVkey(log.row.keys[0]?.vkey ?? ''))).toMatchObject({ kind: 'erased', index: due[0] });
  const stored = await service.service.ledger.options.checkpointStore.read(log.row.origin);
  expect(await fsckLog({ pool: service.service.database.pool, row: log.row, opener: log.vault, stored, onProgress: () => undefined })).toMatchObject({ findings: [], erased: 2 });
  // Nothing is left to do.
  expect((await run(then)).schedules.every(({ disposed }) => disposed === 0)).toBe(true);
});

test('over HTTP: the schedules, and a run', async () => {
  const { json } = await service.call('GET', '/v1/retention', 'privacy-officer');
  expect(json['items']).toContainEqual(expect.objectContaining({ contract: 'credit-risk@1.0.0', period: 'P25M', erasure: 'retain', citation: expect.stringContaining('12 CFR') }));
  expect((await service.call('POST', '/v1/retention/runs', 'operator', { dryRun: true })).json).toMatchObject({ dryRun: true, schedules: expect.any(Array) });
  expect((await service.call('POST', '/v1/retention/runs', 'producer', {})).status).toBe(403);
});
