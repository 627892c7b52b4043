import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { finished } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { BinaryCopy } from '../../bench/servers/binary-copy.ts';
import { CREATE_TABLE, type PredictionRow } from '../../bench/servers/insert-server.ts';
import { cloneTemplate, type Clone } from '../test-database.ts';

const COPY = 'COPY prediction (index, id, model, version, time, body) FROM STDIN (FORMAT binary)';
const copy = new BinaryCopy();
let clone: Clone;
let client: Client;

beforeAll(async () => {
  clone = await cloneTemplate('template0');
  client = new Client(clone.owner);
  await client.connect();
  await client.query(CREATE_TABLE);
});

afterAll(async () => {
  await client.end();
  await clone.drop();
});

async function write(rows: readonly PredictionRow[], firstIndex: number): Promise<void> {
  const stream = client.query(copyFrom(COPY));
  stream.end(copy.encode(rows, firstIndex));
  await finished(stream);
}

/** The rows from an index on, bodies in base64: Jest compares long buffers slowly. */
async function read(from: number): Promise<object[]> {
  const { rows } = await client.query<{ index: string; time: Date; body: Buffer }>('SELECT * FROM prediction WHERE index >= $1 ORDER BY index', [from]);
  return rows.map(({ index, time, body, ...rest }) => ({ index: Number(index), time: time.getTime(), body: body.toString('base64'), ...rest }));
}

function expected(rows: readonly PredictionRow[], firstIndex: number): object[] {
  return rows.map(({ body, ...rest }, at) => ({ index: firstIndex + at, body: body.toString('base64'), ...rest }));
}

describe('the binary COPY of the reference', () => {
  test('stores what it was given', async () => {
    const rows = [
      { id: 'one', model: 'm', version: '1', time: Date.UTC(2026, 10, 22, 9, 0, 0, 123), body: Buffer.from('{"a":1}') },
      { id: 'zwei é 三 🙂', model: '', version: '1', time: Date.UTC(2000, 0, 1), body: Buffer.from([0, 255, 10]) },
      { id: 'three', model: 'm', version: '1', time: Date.UTC(2100, 0, 1), body: Buffer.alloc(0) },
    ];
    await write(rows, 2 ** 40);
    expect(await read(2 ** 40)).toEqual(expected(rows, 2 ** 40));
  });

  test('grows to a batch of several megabytes, and is used again', async () => {
    const many = (count: number, prefix: string): PredictionRow[] =>
      Array.from({ length: count }, (_, at) => ({ id: `${prefix}${at}`, model: 'm', version: '1', time: 1_700_000_000_000 + at, body: Buffer.alloc(1271, at) }));
    await client.query('TRUNCATE prediction');
    await write(many(3000, 'a'), 0);
    await write(many(2, 'b'), 3000);
    expect(await read(0)).toEqual(expected([...many(3000, 'a'), ...many(2, 'b')], 0));
  });
});
