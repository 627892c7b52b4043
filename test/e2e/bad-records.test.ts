import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { captureOutput } from './captured-output.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

/** Stands in every bad value; must never come back, nor into a log line. */
const CANARY = 'canary-9e2d';

let service: TestService;
let output: ReturnType<typeof captureOutput>;
let sizeBefore: number;
const answers: Answer[] = [];

const sizeOf = async (): Promise<number> => Number((await service.call('GET', '/v1/log', 'auditor')).json['size']);

beforeAll(async () => {
  output = captureOutput();
  service = await startTestService();
  sizeBefore = await sizeOf();
});
afterAll(async () => {
  await service.close();
  output.stop();
});

const post = async (body: unknown): Promise<Answer> => {
  const answer = await service.call('POST', '/v1/predictions', 'producer', JSON.stringify(body), { 'content-type': 'application/json' });
  answers.push(answer);
  return answer;
};

interface Fault {
  at: string;
  code: string;
  detail: string;
}
const faultsOf = ({ json }: Answer): Fault[] => json['errors'] as Fault[];

const NAMES: unknown[] = [1, null, true, [], {}, [CANARY], '', ` ${CANARY}`, `${CANARY} `, `-${CANARY}`, `${CANARY}\n`, `${CANARY}\0`, `${CANARY}ä`, `${CANARY}'--`, CANARY.padEnd(129, 'x')];
const LABELS: unknown[] = [1, null, true, [], { [CANARY]: CANARY }, '', `${CANARY}\n`, `${CANARY}\0`, `${CANARY}\u007f`, CANARY.padEnd(257, 'x')];
const TIMES: unknown[] = [1, null, '', CANARY, '2026-11-22', '2026-11-22T09:00:00', '2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z', '2026-11-22T25:00:00Z', `2026-11-22T09:00:00Z${CANARY}`];
const OBJECTS: unknown[] = [1, null, true, CANARY, [CANARY]];
const manyFields = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`f${i}`, 0]));

/** Field → values that it must not have → where the fault is said to be. */
const WRONG: [field: string, values: unknown[], at: string][] = [
  ['id', [...NAMES, `a/${CANARY}`, `a ${CANARY}`], '/id'],
  ['model', NAMES, '/model'],
  ['version', NAMES, '/version'],
  ['deployment', NAMES, '/deployment'],
  ['subject', LABELS, '/subject'],
  ['purpose', LABELS, '/purpose'],
  ['legalBasis', LABELS, '/legalBasis'],
  ['time', TIMES, '/time'],
  ['inputs', [...OBJECTS, manyFields], '/inputs'],
  ['output', [...OBJECTS, manyFields], '/output'],
  ['decision', OBJECTS, '/decision'],
  ['decision', [{}, { threshold: 1 }], '/decision/outcome'],
  ['decision', LABELS.map((outcome) => ({ outcome })), '/decision/outcome'],
  ['decision', ['0.7', null, [], CANARY].map((threshold) => ({ outcome: 'x', threshold })), '/decision/threshold'],
  ['decision', [CANARY, {}, null, Array.from({ length: 101 }, () => CANARY)].map((reasons) => ({ outcome: 'x', reasons })), '/decision/reasons'],
  ['decision', [{ outcome: 'x', reasons: ['x', { [CANARY]: CANARY }] }], '/decision/reasons/1'],
  ['decision', [CANARY, 1, null].map((automated) => ({ outcome: 'x', automated })), '/decision/automated'],
  ['decision', [{ outcome: 'x', confidence: CANARY }], '/decision/confidence'],
  ['explanation', OBJECTS, '/explanation'],
  ['explanation', [{ method: 1 }], '/explanation/method'],
  ['explanation', [{ attributions: { 'a/b~c': CANARY } }], '/explanation/attributions/a~1b~0c'],
  ['explanation', OBJECTS.map((attributions) => ({ attributions })), '/explanation/attributions'],
  ['explanation', OBJECTS.map((counterfactual) => ({ counterfactual })), '/explanation/counterfactual'],
  ['explanation', [{ text: CANARY }], '/explanation/text'],
  ['parents', [CANARY, {}, null, [CANARY, CANARY], Array.from({ length: 101 }, (_, i) => `${CANARY}${i}`)], '/parents'],
  ['parents', [['a', `${CANARY} `], ['a', 1]], '/parents/1'],
  ['features', [CANARY, {}, null, Array.from({ length: 101 }, () => ({ view: 'v' }))], '/features'],
  ['features', [[{}]], '/features/0/view'],
  ['features', [[{ view: 'v' }, { view: 'v', asOf: CANARY }]], '/features/1/asOf'],
  ['features', [[{ view: 'v', at: CANARY }]], '/features/0/at'],
  ['producer', OBJECTS, '/producer'],
  ['producer', [{}], '/producer/seq'],
  ['producer', [-1, 1.5, '1', CANARY, null, 1e300].map((seq) => ({ seq })), '/producer/seq'],
  ['producer', [{ seq: 1, name: CANARY }], '/producer/name'],
  ['trace', [1, null, '', `${CANARY} x`, `${CANARY}ä`, CANARY.padEnd(257, 'x')], '/trace'],
];

describe('a wrong value is 422 invalid-record, and says where', () => {
  test.each(WRONG)('%s', async (field, values, at) => {
    for (const value of values) {
      const answer = await post(prediction('wrong-1', { [field]: value }));
      expect([answer.status, answer.json['code']]).toEqual([422, 'invalid-record']);
      for (const fault of faultsOf(answer)) expect(fault).toEqual({ at, code: expect.any(String), detail: expect.any(String) });
      expect(faultsOf(answer).length).toBeGreaterThan(0);
    }
  });

  test.each(['id', 'model', 'version', 'inputs', 'output'])('%s must not be missing', async (field) => {
    const answer = await post(prediction('missing-1', { [field]: undefined }));
    expect(faultsOf(answer)).toEqual([{ at: `/${field}`, code: 'missing-field', detail: 'is required' }]);
  });

  test.each([null, true, 1, CANARY, [], [prediction('in-an-array')]])('a record is not %p', async (body) => {
    const answer = await post(body);
    expect([answer.status, answer.json['code']]).toEqual([422, 'invalid-record']);
    expect(faultsOf(answer)[0]?.at).toBe('');
  });

  test('a field that a prediction does not have is named', async () => {
    const answer = await post(prediction('unknown-1', { Subject: CANARY, 'a/b': CANARY }));
    expect(faultsOf(answer).map(({ at, code }) => [at, code])).toEqual([['/Subject', 'unknown-field'], ['/a~1b', 'unknown-field']]);
  });
});

describe('every reason is given at once', () => {
  test('in all places of one record', async () => {
    const answer = await post({ id: '', model: 1, inputs: [], output: {}, decision: { threshold: CANARY }, trace: null, extra: CANARY });
    expect(faultsOf(answer).map(({ at }) => at).sort()).toEqual(['/decision/outcome', '/decision/threshold', '/extra', '/id', '/inputs', '/model', '/trace', '/version']);
  });

  test('up to twenty, however many there are, and however long their names', async () => {
    const attributions = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`${'k'.repeat(50)}${i}`, CANARY]));
    const many = await post(prediction('many-1', { explanation: { attributions } }));
    expect(faultsOf(many)).toHaveLength(20);
    const long = await post(prediction('long-1', { explanation: { attributions: { ['k'.repeat(100_000)]: CANARY } }, ['u'.repeat(100_000)]: CANARY }));
    expect(faultsOf(long)).toHaveLength(2);
    expect(long.text.length).toBeLessThan(2000);
  });
});

describe('a record is at most 256 KiB in canonical form', () => {
  const record = (id: string, length: number): Record<string, unknown> => prediction(id, { inputs: { text: 'x'.repeat(length) } });

  test('what just fits is taken in, one byte more is 413', async () => {
    const room = 262_144 - Buffer.byteLength(JSON.stringify(record('large-1', 0)));
    const refused = await post(record('large-1', room + 1));
    expect([refused.status, refused.json['code']]).toEqual([413, 'payload-too-large']);
    const taken = await post(record('large-1', room));
    expect(taken.status).toBe(201);
  });
});

test('after all of it only the good records are in, the log verifies, and no value was repeated anywhere', async () => {
  const { entries } = await verifiedLog(service, { atLeast: sizeBefore + 1 });
  expect(entries).toHaveLength(sizeBefore + 1);
  expect(answers.length).toBeGreaterThan(150);
  for (const { text, status } of answers) {
    expect(status).toBeLessThan(500);
    expect(text).not.toContain('canary');
  }
  expect(`${service.said.join('\n')}${output.text()}`).not.toContain('canary');
});
