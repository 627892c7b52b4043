import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { KeyFile } from '../../src/vault/key-file.ts';

let folder: string;
let path: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-keys-'));
});
beforeEach(() => {
  path = join(folder, `keys-${++count}.json`);
});
afterAll(() => rm(folder, { recursive: true }));

const CONTEXT = 'ledger.example/logs/default';

describe('KeyFile.open', () => {
  test('makes a file of mode 0600, and finds the same keys in it later', async () => {
    const made = await KeyFile.open(path, true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const dataKey = randomBytes(32);
    const wrapped = await made.wrap(dataKey, CONTEXT);
    const again = await KeyFile.open(path, false);
    expect(again.current).toBe(made.current);
    expect(await again.unwrap(wrapped, made.current, CONTEXT)).toEqual(dataKey);
  });

  test('makes none where the database holds keys already', async () => {
    await expect(KeyFile.open(path, false)).rejects.toMatchObject({ name: 'VaultError', code: 'kek-missing' });
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('narrows a file that others could read', async () => {
    await KeyFile.open(path, true);
    await chmod(path, 0o644);
    await KeyFile.open(path, false);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  const key = randomBytes(32).toString('base64');
  test.each([
    ['nothing', ''],
    ['half a file', `{"current":"a","keys":{"a":"${key}`],
    ['null', 'null'],
    ['another shape', '[]'],
    ['no current key', `{"keys":{"a":"${key}"}}`],
    ['a current key that is not there', `{"current":"b","keys":{"a":"${key}"}}`],
    ['keys that are none', '{"current":"a","keys":null}'],
    ['a short key', `{"current":"a","keys":{"a":"${randomBytes(31).toString('base64')}"}}`],
    ['a long key', `{"current":"a","keys":{"a":"${randomBytes(33).toString('base64')}"}}`],
    ['a key that is no base64', `{"current":"a","keys":{"a":"!${key}"}}`],
    ['a number for a key', '{"current":"a","keys":{"a":7}}'],
    ['one bad key beside a good one', `{"current":"a","keys":{"a":"${key}","b":"x"}}`],
  ])('refuses %s, and leaves the file as it is', async (_what, text) => {
    await writeFile(path, text);
    await expect(KeyFile.open(path, true)).rejects.toMatchObject({ name: 'VaultError', code: 'kek-malformed' });
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test('no message repeats a key', async () => {
    await writeFile(path, `{"current":"b","keys":{"a":"${key}"}}`);
    await expect(KeyFile.open(path, true)).rejects.not.toThrow(key);
  });
});

describe('wrap and unwrap', () => {
  test('open under any key of the file, not only the current one', async () => {
    const [old, fresh] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
    await writeFile(path, JSON.stringify({ current: 'old', keys: { old } }));
    const wrapped = await (await KeyFile.open(path, false)).wrap(Buffer.alloc(32, 7), CONTEXT);
    await writeFile(path, JSON.stringify({ current: 'fresh', keys: { old, fresh } }));
    const both = await KeyFile.open(path, false);
    expect(both.current).toBe('fresh');
    expect(await both.unwrap(wrapped, 'old', CONTEXT)).toEqual(Buffer.alloc(32, 7));
    expect(both.has('old')).toBe(true);
    expect(both.has('older')).toBe(false);
    await expect(both.unwrap(wrapped, 'older', CONTEXT)).rejects.toMatchObject({ code: 'kek-missing' });
    await expect(both.unwrap(wrapped, 'fresh', CONTEXT)).rejects.toMatchObject({ code: 'unwrap-failed' });
  });

  test('a key wrapped for one log does not open for another', async () => {
    const file = await KeyFile.open(path, true);
    const wrapped = await file.wrap(Buffer.alloc(32, 7), CONTEXT);
    await expect(file.unwrap(wrapped, file.current, `${CONTEXT}-2`)).rejects.toMatchObject({ code: 'unwrap-failed' });
    wrapped[20] = (wrapped[20] as number) ^ 1;
    await expect(file.unwrap(wrapped, file.current, CONTEXT)).rejects.toMatchObject({ code: 'unwrap-failed' });
  });
});
