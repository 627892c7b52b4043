import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parsePayload, type Payload } from '../../src/core/payload.ts';
import type { Assertion, Framework } from '../../src/evidence/frameworks.ts';
import { QUERIES } from '../../src/evidence/query-catalogue.ts';
import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { versionForm } from '../models/version.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type JsonObject, type TestService } from '../e2e/service.ts';
import { bundleOf, type ReadBundle } from './bundle-of.ts';


let service: TestService;
let log: Log;
/** Undefined: the time that it is. Entry times never go back, so the periods lie ahead. */
let now: number | undefined;
let clean: ReadBundle;
let faulty: ReadBundle;

const call = async (by: string, method: string, path: string, body?: unknown): Promise<JsonObject> => {
  const answer = await service.call(method, path, by, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.json;
};
const post = (by: string, path: string, body: unknown): Promise<JsonObject> => call(by, 'POST', path, body);
let seq = 0;
const predict = (id: string, more: object = {}): Promise<JsonObject> => post('producer', '/v1/predictions', prediction(id, { model: 'known', version: '1', subject: `subject-${id}`, producer: { seq: ++seq }, ...more }));
const seal = async (): Promise<void> => {
  await service.service.tally.flush();
  await service.service.sealing.seal();
};
const month = (n: number): string => new Date(Date.UTC(2030, n, 1)).toISOString();
const review = (from: string, to: string): Promise<JsonObject> => post('compliance-officer', '/v1/activity-reviews', { from, to, examined: { what: 'access decisions', digest: '0'.repeat(64) } });

/** Every query once, with the parameters that the faults are planted for. */
function allQueries(more: Readonly<Record<string, object>> = {}): Framework {
  const assertions: Assertion[] = [...QUERIES.values()].filter(({ name }) => name !== 'elsewhere').map((query) => ({
    query, parameters: { ...Object.fromEntries(Object.entries(query.parameters).map(([name, form]) => [name, form.default])), ...more[query.name] },
    file: { id: query.name, query: query.name, controls: ['T.1'], rule: query.reasons['overdue'] !== undefined && query.name !== 'subject-requests' ? 'due' : 'no-exceptions', strength: 'direct', caveat: 'a test', sample: 5 },
  }));
  const file = { framework: 'soc2', title: 't', edition: 'e', source: 's', assertions: assertions.map(({ file: each }) => each), controls: [{ id: 'T.1', title: 't', cites: 'c', text: 't', quoted: false }] };
  return { id: 'soc2', path: 'controls/soc2.yaml', file, assertions };
}

const PARAMETERS = { 'review-due': { outcomes: ['declined'], withinDays: 7 }, outcomes: { lateAfterDays: 30 }, 'activity-reviews': { everyDays: 31, withinDays: 14 }, 'access-matrix': { maxKeyAgeDays: 5000 }, 'key-events': { maxEpochDays: 5000 } };

beforeAll(async () => {
  service = await startTestService({}, { clock: { now: () => now ?? Date.now() } });
  // Years pass here in a moment, and not in PostgreSQL.
  Object.defineProperty(service.service.clockMonitor, 'finding', { get: () => undefined });
  log = service.service.ledger.byLogName('default') as Log;
  now = Date.UTC(2030, 0, 10, 12);
  await post('model-approver', '/v1/models/known/versions', versionForm('1'));
  await post('model-approver-2', '/v1/models/known/versions/1/approvals', { decision: 'approve', reason: 'it does what it is for' });
  // January is in order.
  for (let i = 0; i < 6; i++) await predict(`a-${i}`);
  for (let i = 0; i < 6; i++) await post('reviewer', `/v1/predictions/a-${i}/reviews`, { id: `ra-${i}`, verdict: 'upheld', occasion: 'routine', reason: 'looked at again' });
  await post('producer', '/v1/predictions/a-0/outcomes', { id: 'oa', outcome: { label: 'repaid' }, observed: new Date(Date.UTC(2030, 0, 10, 12)).toISOString(), source: 'core banking' });
  await seal();
  now = Date.UTC(2030, 1, 3);
  await review(month(0), month(1));
  // February is not.
  now = Date.UTC(2030, 1, 10);
  await predict('b-0', { version: '2' });
  seq += 3;
  await predict('b-1');
  await post('reviewer', '/v1/predictions/b-1/reviews', { id: 'rb-1', verdict: 'overridden', occasion: 'contest', decision: { outcome: 'approved', reasons: ['income'] }, reason: 'read wrongly' });
  await predict('b-2');
  await post('producer', '/v1/predictions/b-1/outcomes', { id: 'ob', outcome: { label: 'repaid' }, observed: '2029-12-01T00:00:00Z', source: 'core banking' });
  const { request } = (await post('privacy-officer', '/v1/subjects/erasures', { subject: 'subject-b-2', reason: 'subject-request' })) as { request: { id: string } };
  await post('privacy-officer-2', `/v1/requests/${request.id}/approvals`, { decision: 'approve' });
  await seal();
  // And the log goes on until far past every retention.
  now = Date.UTC(2030, 3, 1);
  await call('auditor', 'GET', '/v1/predictions/a-0');
  clean = await bundleOf(service.service, log, { framework: allQueries(PARAMETERS), from: month(0), to: month(1) });
  faulty = await bundleOf(service.service, log, { framework: allQueries(PARAMETERS), from: month(1), to: month(2) });
});
afterAll(() => service.close());

const reasons = (bundle: ReadBundle, assertion: string): unknown => bundle.envelope(assertion).exceptions.reasons;

describe('a period that is in order', () => {
  test('has no exception', () => {
    const found = [...QUERIES.keys()].filter((name) => name !== 'elsewhere').map((name) => [name, reasons(clean, name)]).filter(([, each]) => Object.keys(each as object).length > 0);
    expect(found).toEqual([]);
  });

  test.each(['served-versions', 'review-due', 'activity-reviews', 'producer-sequences', 'outcomes', 'intake-totals', 'verified-range', 'model-changes', 'interventions', 'retention-horizon'])('%s is evidenced', (name) => {
    expect([clean.envelope(name).verdict, clean.envelope(name).because]).toEqual(['evidenced', expect.any(String)]);
  });
});

describe('in a period that is not, what was planted is found', () => {
  test('a version that nobody had approved', () => expect(reasons(faulty, 'served-versions')).toEqual({ 'unknown-version': 1 }));
  test('a review that is missing', () => {
    expect(reasons(faulty, 'review-due')).toEqual({ overdue: 1 });
    expect(faulty.envelope('review-due').verdict).toBe('partial');
  });
  test('a review of activity that is missing', () => {
    expect(reasons(faulty, 'activity-reviews')).toEqual({ overdue: 1 });
    expect(faulty.envelope('activity-reviews').verdict).toBe('not_evidenced');
  });
  test('a gap in the producer’s numbers', () => expect(faulty.envelope('producer-sequences').gapCheck).toMatchObject({ expected: 5, found: 2, gaps: [{ from: 8, to: 10 }] }));
  test('an outcome that came late', () => expect(reasons(faulty, 'outcomes')).toMatchObject({ late: 1 }));
  test('an erased data subject: its certificate, its request, and what is lost to other populations', () => {
    expect(faulty.rows('erasures')).toMatchObject([{ payloads: 1, reason: 'subject-request' }]);
    expect(faulty.envelope('subject-requests').controlTotals).toContainEqual({ name: 'opened', left: { opened: 1 }, right: { closed: 1, open: 0 }, holds: true });
    expect(faulty.envelope('served-versions').exclusions).toEqual([{ rule: 'payload erased', count: 1, lost: true }]);
    expect(faulty.made.manifest.erasures).toEqual({ count: 1 });
  });
  test('a prediction that is kept past its retention', async () => {
    now = Date.UTC(2060, 0, 1);
    await call('auditor', 'GET', '/v1/predictions/a-0');
    const late = await bundleOf(service.service, log, { framework: allQueries(PARAMETERS), from: month(0), to: month(1) });
    const { past, held } = late.rows('retention-horizon')[0] as { past: number; held: number };
    expect([reasons(late, 'retention-horizon'), held]).toEqual([{ 'past-retention': past }, 0]);
    expect(past).toBeGreaterThan(5);
    await post('privacy-officer', '/v1/legal-holds', { models: ['known'], reason: 'litigation' });
    const kept = await bundleOf(service.service, log, { framework: allQueries(PARAMETERS), from: month(0), to: month(1) });
    expect(reasons(kept, 'retention-horizon')).toEqual({});
  });
});

test('every count is what the entries alone give', async () => {
  const { size } = faulty.made.manifest.log;
  const [from, to] = [Date.parse(month(1)), Date.parse(month(2))];
  const seen: { type: string; payload: Payload | undefined }[] = [];
  let entries = 0;
  for (let index = 0; index < size; index++) {
    const { entry, opening } = await openEntry(log, index);
    entries += 1;
    const time = Date.parse(entry.time);
    if (time >= from && time < to) seen.push({ type: entry.type, payload: opening === undefined ? undefined : parsePayload(Buffer.from(opening.payload).toString('utf8')) });
  }
  const all = faulty.rows('verified-range') as unknown as { type: string; entries: number; inPeriod: number }[];
  expect(all.reduce((sum, row) => sum + row.entries, 0)).toBe(entries);
  for (const { type, inPeriod } of all) expect([type, inPeriod]).toEqual([type, seen.filter((each) => each.type === type).length]);
  for (const query of QUERIES.values()) {
    if (query.name === 'elsewhere' || query.types.includes('*')) continue;
    const envelope = faulty.envelope(query.name);
    const facts = seen.filter(({ type }) => query.types.includes(type));
    const excluded = envelope.exclusions.reduce((sum, { count }) => sum + count, 0);
    expect([query.name, envelope.controlTotals.find(({ name }) => name === 'population')?.left]).toEqual([query.name, { facts: facts.length }]);
    if (envelope.basis === 'entries') expect([query.name, envelope.rowCount + excluded]).toEqual([query.name, facts.length]);
    expect([query.name, envelope.rowCount]).toEqual([query.name, faulty.rows(query.name).length]);
    const gone = facts.filter(({ payload }) => payload === undefined).length;
    expect([query.name, envelope.exclusions.filter(({ lost }) => lost).reduce((sum, { count }) => sum + count, 0)]).toEqual([query.name, gone]);
  }
});
