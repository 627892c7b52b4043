import { fork } from 'node:child_process';
import { createSecretKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, link, mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { KekFile } from '../../src/vault/kek-file.ts';
import { seal } from '../../src/vault/aes-gcm.ts';
import { kekProviderConformance } from './kek-provider.ts';

const CONTEXT = 'ledger.example/logs/default';

let folder: string;
let path: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-keks-'));
});
beforeEach(() => {
  path = join(folder, `keks-${++count}.json`);
});
afterAll(() => rm(folder, { recursive: true }));

kekProviderConformance('KekFile', async () => ({ open: () => new KekFile(join(folder, 'shared.json')) }));

const key = randomBytes(32).toString('base64');

describe('the file', () => {
  test('has mode 0600 and the form that docs give it, and nothing is left beside it', async () => {
    await new KekFile(path).create('a');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ keys: { a: expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/) } });
    expect((await readdir(folder)).filter((name) => name.startsWith(`keks-${count}.`))).toEqual([`keks-${count}.json`]);
  });

  test('that others could read is narrowed', async () => {
    await new KekFile(path).create('a');
    await chmod(path, 0o644);
    await new KekFile(path).has('a');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('of an earlier release is read, and what was wrapped by it opens', async () => {
    const key = randomBytes(32);
    await writeFile(path, JSON.stringify({ current: 'kek-1', keys: { 'kek-1': key.toString('base64') } }));
    const wrapped = seal(createSecretKey(key), Buffer.from(`kek-1\n${CONTEXT}`), Buffer.alloc(32, 7));
    const provider = new KekFile(path);
    expect(await provider.names()).toEqual(['kek-1']);
    await provider.create('fresh');
    expect(await new KekFile(path).unwrap('kek-1', wrapped, CONTEXT)).toEqual(Buffer.alloc(32, 7));
    // An earlier release, which looks for `current`, must not go on under a key that is to be destroyed.
    expect(JSON.parse(await readFile(path, 'utf8'))).not.toHaveProperty('current');
  });

  test('that was removed or put back under an open provider is noticed', async () => {
    const provider = new KekFile(path);
    await provider.create('a');
    const wrapped = await provider.wrap('a', Buffer.from('k'), CONTEXT);
    const good = await readFile(path);
    await rm(path);
    await expect(provider.unwrap('a', wrapped, CONTEXT)).rejects.toMatchObject({ code: 'kek-missing', message: expect.stringContaining(path) });
    await writeFile(path, good);
    expect(await provider.unwrap('a', wrapped, CONTEXT)).toEqual(Buffer.from('k'));
  });

  test.each([
    ['nothing', ''],
    ['half a file', `{"keys":{"a":"${key}`],
    ['null', 'null'],
    ['another shape', '[]'],
    ['keys that are none', '{"keys":null}'],
    ['keys that are a list', `{"keys":["${key}"]}`],
    ['a short key', `{"keys":{"a":"${randomBytes(31).toString('base64')}"}}`],
    ['a long key', `{"keys":{"a":"${randomBytes(33).toString('base64')}"}}`],
    ['a key that is no base64', `{"keys":{"a":"!${key}"}}`],
    ['a number for a key', '{"keys":{"a":7}}'],
    ['one bad key beside a good one', `{"keys":{"a":"${key}","b":"x"}}`],
  ])('that holds %s is refused, and left as it is', async (_what, text) => {
    await writeFile(path, text);
    const provider = new KekFile(path);
    const malformed = { name: 'VaultError', code: 'kek-malformed' };
    await expect(provider.has('a')).rejects.toMatchObject(malformed);
    await expect(provider.create('c')).rejects.toMatchObject(malformed);
    await expect(provider.destroy('a')).rejects.toMatchObject(malformed);
    await expect(provider.names()).rejects.not.toThrow(key);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test('that cannot be read or written is said by name, and the next call goes through', async () => {
    await mkdir(path);
    const provider = new KekFile(path);
    await expect(provider.has('a')).rejects.toMatchObject({ code: 'provider-unavailable', message: expect.stringContaining(`${path} cannot be used: EISDIR`) });
    await rm(path, { recursive: true });
    await mkdir(`${path}.new`);
    await expect(provider.create('a')).rejects.toMatchObject({ code: 'provider-unavailable' });
    expect(await provider.has('a')).toBe(false);
    await rm(`${path}.new`, { recursive: true });
    await provider.create('a');
    expect(await provider.has('a')).toBe(true);
  });

  test('survives a crash that left half of the next one beside it, and does not keep that', async () => {
    const provider = new KekFile(path);
    await provider.create('a');
    await writeFile(`${path}.new`, `{"keys":{"b":"${key}`);
    expect(await new KekFile(path).names()).toEqual(['a']);
    await provider.destroy('a');
    await expect(stat(`${path}.new`)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a destroyed key', () => {
  test('stands no longer in the blocks of the replaced file', async () => {
    const provider = new KekFile(path);
    await provider.create('a');
    await provider.create('b');
    const old = await open(path, 'r'); // keeps the replaced file readable for this look at it
    try {
      await provider.destroy('a');
      const { size } = await old.stat();
      expect(await old.readFile()).toEqual(Buffer.alloc(size));
    } finally {
      await old.close();
    }
    expect(await provider.names()).toEqual(['b']);
  });

  test('leaves alone a copy that somebody linked', async () => {
    const provider = new KekFile(path);
    await provider.create('a');
    const before = await readFile(path);
    await link(path, `${path}.copy`);
    await provider.destroy('a');
    expect(await readFile(`${path}.copy`)).toEqual(before);
  });

  test('readers meet a whole file at every moment, while keys come and go', async () => {
    const provider = new KekFile(path);
    await provider.create('kept');
    const wrapped = await provider.wrap('kept', Buffer.from('k'), CONTEXT);
    let isDone = false;
    const reading = (async () => {
      let reads = 0;
      for (; !isDone; reads++) expect(await new KekFile(path).unwrap('kept', wrapped, CONTEXT)).toEqual(Buffer.from('k'));
      return reads;
    })();
    for (let i = 0; i < 30; i++) {
      await provider.create(`passing-${i}`);
      await provider.destroy(`passing-${i}`);
    }
    isDone = true;
    expect(await reading).toBeGreaterThan(30);
  });
});

test('processes that change it at once, and one that is killed at it, lose no key', async () => {
  const children = ['a', 'b', 'killed'].map((prefix) =>
    fork(join(import.meta.dirname, 'kek-file-child.ts'), [path, prefix, '15'], { execArgv: ['--import', join(import.meta.dirname, '../typescript.mjs')], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  );
  const [, , victim] = children;
  let made = 0;
  const acknowledged: string[] = [];
  for (const child of children) {
    child.on('message', (name: string) => {
      acknowledged.push(name);
      if (child === victim && ++made === 3) child.kill('SIGKILL');
    });
  }
  await Promise.all(children.map((child) => once(child, 'exit')));
  expect(acknowledged.length).toBeGreaterThanOrEqual(33);
  expect(await new KekFile(path).names()).toEqual(expect.arrayContaining(acknowledged));
  await new KekFile(path).create('after'); // a dead process's lock is nobody's
}, 30_000);
