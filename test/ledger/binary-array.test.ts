import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BinaryArray, OID } from '../../src/ledger/binary-array.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

// PostgreSQL is the judge: it parses each array and gives it back in its own text form, or element by element.
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

async function parsed<T>(type: string, array: BinaryArray): Promise<T[]> {
  const { rows } = await database.database.pool.query<{ value: T }>(
    `select value from unnest($1::${type}[]) with ordinality as a(value, n) order by n`,
    [array.finish()],
  );
  return rows.map(({ value }) => value);
}

async function shape(type: string, array: BinaryArray): Promise<unknown> {
  const { rows } = await database.database.pool.query(
    `select cardinality(a) as count, array_ndims(a) as dimensions, array_lower(a, 1) as lower, pg_typeof(a)::text as type from (select $1::${type}[]) as t(a)`,
    [array.finish()],
  );
  return rows[0];
}

describe('text', () => {
  const samples = ['', 'plain', 'NULL', '{}', '","', '\\', "'", 'Zürich', '日本語', '👩‍🚀🇨🇭', '\u{10ffff}', 'a\tb\nc', ' '.repeat(300)];

  test('comes out as it went in, nulls apart from the word', async () => {
    const array = new BinaryArray(OID.text, 8);
    for (const sample of [...samples, undefined]) array.text(sample);
    expect(await parsed('text', array)).toEqual([...samples, null]);
  });

  test('of nulls alone', async () => {
    const array = new BinaryArray(OID.text);
    array.text(undefined);
    array.text(undefined);
    expect(await parsed('text', array)).toEqual([null, null]);
  });

  test('of any characters that PostgreSQL can hold', async () => {
    const character = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', ''));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(character, { nil: undefined }), { maxLength: 30 }), async (values) => {
        const array = new BinaryArray(OID.text, 1);
        for (const value of values) array.text(value);
        expect(await parsed('text', array)).toEqual(values.map((value) => value ?? null));
      }),
      { numRuns: 60 },
    );
  });
});

describe('int8 and int4', () => {
  test('to the last bit', async () => {
    const values = [0, 1, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 1, 2 ** 53 - 1];
    const array = new BinaryArray(OID.int8);
    for (const value of values) array.int8(value);
    expect(await parsed('int8', array)).toEqual(values);
  });

  test('any size or index', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.maxSafeNat(), { maxLength: 200 }), async (values) => {
        const array = new BinaryArray(OID.int8, 1);
        for (const value of values) array.int8(value);
        expect(await parsed('int8', array)).toEqual(values);
      }),
      { numRuns: 40 },
    );
  });

  test('int4', async () => {
    const values = [0, 1, 65_536, 2 ** 31 - 1];
    const array = new BinaryArray(OID.int4);
    for (const value of values) array.int4(value);
    expect(await parsed('int4', array)).toEqual(values);
  });
});

describe('bytea', () => {
  test('of every byte, empty ones, and many times what it was made for', async () => {
    const values = [Buffer.alloc(0), Buffer.from(Array.from({ length: 256 }, (_, i) => i)), Buffer.alloc(70_000, 0xab), Buffer.alloc(1)];
    const array = new BinaryArray(OID.bytea, 1);
    for (const value of values) array.bytes(value);
    expect(await parsed('bytea', array)).toEqual(values);
  });

  test('of 5,000 elements', async () => {
    const values = Array.from({ length: 5000 }, (_, i) => Buffer.from(String(i)));
    const array = new BinaryArray(OID.bytea, 64);
    for (const value of values) array.bytes(value);
    expect(await parsed('bytea', array)).toEqual(values);
  });
});

describe('leaf', () => {
  test('stores the text and gives its RFC 6962 leaf hash, wherever the buffer has to grow', async () => {
    const texts = Array.from({ length: 300 }, (_, i) => `{"index":${i}}`.padEnd((i * 37) % 500, '.'));
    for (const capacity of [1, 23, 24, 25, 4096, 1_000_000]) {
      const array = new BinaryArray(OID.bytea, capacity);
      const hashes = texts.map((text) => array.leaf(text));
      expect(hashes).toEqual(texts.map((text) => createHash('sha256').update('\0').update(text).digest('hex')));
      expect((await parsed<Buffer>('bytea', array)).map(String)).toEqual(texts);
    }
  });
});

describe('the form', () => {
  test('of an empty array is PostgreSQL’s own: no dimension', async () => {
    for (const [type, oid] of Object.entries(OID)) {
      expect(await shape(type, new BinaryArray(oid))).toEqual({ count: 0, dimensions: null, lower: null, type: `${{ int8: 'bigint', int4: 'integer' }[type] ?? type}[]` });
    }
  });

  test('of any other is one dimension from 1', async () => {
    const array = new BinaryArray(OID.text);
    array.text('a');
    array.text('b');
    expect(await shape('text', array)).toEqual({ count: 2, dimensions: 1, lower: 1, type: 'text[]' });
  });

  test('is byte for byte what PostgreSQL itself sends', async () => {
    const array = new BinaryArray(OID.text);
    for (const value of ['a', undefined, 'é']) array.text(value);
    const { rows } = await database.database.pool.query<{ sent: Buffer }>("select array_send(array['a', null, 'é']) as sent");
    expect(array.finish()).toEqual(rows[0]?.sent);
  });
});
