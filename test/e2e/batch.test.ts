import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';
import { verifiedLog } from './verified-log.ts';

interface Result {
  id?: string;
  index?: number;
  status: number;
  problem?: { code: string; errors?: { at: string; code: string }[] };
}

const CANARY = 'canary-5b1f';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ MAX_BATCH_RECORDS: '300' });
});
afterAll(() => service.close());

const post = (body: string | Uint8Array, contentType: string): Promise<Answer> =>
  service.call('POST', '/v1/predictions/batch', 'producer', body, { 'content-type': contentType });
const asArray = (records: readonly string[]): Promise<Answer> => post(`[${records.join(',')}]`, 'application/json');
const asLines = (records: readonly string[]): Promise<Answer> => post(records.join('\n'), 'application/x-ndjson');
const resultsOf = ({ json }: Answer): Result[] => json['results'] as Result[];
const statusesOf = (answer: Answer): number[] => resultsOf(answer).map(({ status }) => status);
const record = (id: string, changes: Record<string, unknown> = {}): string => JSON.stringify(prediction(id, changes));
const sizeOf = async (): Promise<number> => Number((await service.call('GET', '/v1/log', 'auditor')).json['size']);

describe.each([
  ['a JSON array', 'array', asArray],
  ['NDJSON', 'lines', asLines],
])('a batch as %s', (_form, prefix, send) => {
  test('gives one result a record, in order, in consecutive places', async () => {
    const ids = Array.from({ length: 300 }, (_, i) => `${prefix}-${i}`);
    const first = await sizeOf();
    const answer = await send(ids.map((id) => record(id)));
    expect(answer.status).toBe(200);
    expect(resultsOf(answer)).toMatchObject(ids.map((id, i) => ({ id, index: first + i, status: 201 })));
  });

  test('again gives the same places with 200, also mixed with new ones', async () => {
    const ids = [5, 'new-a', 7, 7, 'new-b'].map((name) => `${prefix}-${name}`);
    const answer = await send(ids.map((id) => record(id)));
    expect(statusesOf(answer)).toEqual([200, 201, 200, 200, 201]);
    expect(resultsOf(answer).map(({ id }) => id)).toEqual(ids);
  });

  test('refuses one bad record in the middle alone, and does not repeat what it holds', async () => {
    const bad = [
      `{"id":"${CANARY}",}`,
      record('x', { id: `${CANARY} ` }),
      record(`${prefix}-deep`, { inputs: deep(40, CANARY) }),
      `"${CANARY}"`,
      record(`${prefix}-twice`).replace('"age":41', `"age":41,"age":"${CANARY}"`),
      record(`${prefix}-0`, { version: CANARY }),
    ];
    const good = bad.map((_, i) => record(`${prefix}-good-${i}`));
    const answer = await send(bad.flatMap((each, i) => [good[i] as string, each]));
    expect(statusesOf(answer).filter((_, i) => i % 2 === 0)).toEqual(good.map(() => 201));
    expect(resultsOf(answer).filter((_, i) => i % 2 === 1).map(({ status, problem }) => [status, problem?.code])).toEqual([
      [400, 'malformed-json'],
      [422, 'invalid-record'],
      [422, 'invalid-json'],
      [422, 'invalid-record'],
      [422, 'invalid-json'],
      [409, 'id-taken'],
    ]);
    expect(answer.text).not.toContain(CANARY);
  });

  test('takes duplicates inside it once: the first is new, the same again is 200, other content 409', async () => {
    const before = await sizeOf();
    const id = `${prefix}-dup`;
    const answer = await send([record(id), record(id), record(`${prefix}-between`), record(id, { version: '9' }), record(id, { trace: 'x' })]);
    expect(statusesOf(answer)).toEqual([201, 200, 201, 409, 200]);
    const [first, second, , , fifth] = resultsOf(answer);
    expect([second?.index, fifth?.index]).toEqual([first?.index, first?.index]);
    expect(await sizeOf()).toBe(before + 2);
  });

  test('of no records has no results', async () => {
    expect((await send([])).text).toBe('{"results":[]}');
  });

  test('of too many records is refused whole', async () => {
    const before = await sizeOf();
    const answer = await send(Array.from({ length: 301 }, (_, i) => record(`${prefix}-many-${i}`)));
    expect([answer.status, answer.json['code']]).toEqual([413, 'batch-too-large']);
    expect(answer.json['detail']).toContain('300');
    expect(await sizeOf()).toBe(before);
  });
});

describe('NDJSON', () => {
  test('may have blank lines, CRLF, and white space around records', async () => {
    const body = `\r\n${record('crlf-1')}\r\n\r\n  ${record('crlf-2')} \t\r\n \n${record('crlf-3')}`;
    expect(statusesOf(await post(body, 'application/x-ndjson; charset=utf-8'))).toEqual([201, 201, 201]);
  });

  test('with a byte order mark, or invalid UTF-8 in one line, loses that line alone', async () => {
    const body = Buffer.concat([
      Buffer.from(`\ufeff${record('bom-1')}\n`),
      Buffer.from(record('utf-1').replace('Zürich', '')),
      Buffer.from('\n'),
      Buffer.from(record('utf-2').replace('Zürich', 'Z\u00fcrich'), 'latin1'),
    ]);
    const answer = await post(body, 'application/x-ndjson');
    expect(statusesOf(answer)).toEqual([400, 201, 400]);
    expect(resultsOf(answer)[2]?.problem?.errors?.[0]?.code).toBe('encoding-utf8');
  });

  test('does not take a record that spans lines', async () => {
    expect(statusesOf(await post(JSON.stringify(prediction('pretty-1'), null, 2), 'application/x-ndjson')).every((status) => status >= 400)).toBe(true);
  });
});

describe('a JSON array', () => {
  test('may be spread over lines', async () => {
    expect(statusesOf(await post(` [\n${record('spread-1')} ,\r\n\t${record('spread-2')}\n] \n`, 'application/json'))).toEqual([201, 201]);
  });

  test.each([
    ['an empty body', ''],
    ['white space', ' \n'],
    ['an object', record('object-1')],
    ['a string', '"[]"'],
    ['no end', `[${record('no-end-1')}`],
    ['no end inside a string', '["'],
    ['no end after an escape', '["\\'],
    ['something behind its end', `[${record('behind-1')}] x`],
    ['two arrays', '[][]'],
    ['a comma at its end', `[${record('comma-1')},]`],
    ['a comma at its beginning', `[,${record('comma-2')}]`],
    ['two commas', `[${record('comma-3')},,${record('comma-4')}]`],
    ['only a comma', '[,]'],
    ['a byte order mark', `\ufeff[${record('bom-2')}]`],
  ])('with %s is refused whole', async (_what, body) => {
    const before = await sizeOf();
    const answer = await post(body, 'application/json');
    expect([answer.status, answer.json['code']]).toEqual([400, 'malformed-json']);
    expect(await sizeOf()).toBe(before);
  });

  test('whose element closes with the wrong bracket loses that element alone', async () => {
    const answer = await post(`[{"id":"wrong-1"], ${record('wrong-2')}, [}, 1]`, 'application/json');
    expect(statusesOf(answer)).toEqual([400, 201, 400, 422]);
  });
});

test('a query on a batch is refused, for it would be ignored', async () => {
  const answer = await service.call('POST', '/v1/predictions/batch?receipt=true', 'producer', '[]', { 'content-type': 'application/json' });
  expect([answer.status, answer.json['code']]).toEqual([422, 'invalid-query']);
});

test('after all of it the whole log verifies, and nothing of a refused record was said', async () => {
  const size = await sizeOf();
  const { entries } = await verifiedLog(service, { atLeast: size });
  expect(entries).toHaveLength(size);
  expect(service.said.join('\n')).not.toContain(CANARY);
});

/** An object nested so deep, with a value at its bottom. */
function deep(levels: number, value: unknown): unknown {
  let nested = value;
  for (let level = 0; level < levels; level++) nested = { a: nested };
  return nested;
}
