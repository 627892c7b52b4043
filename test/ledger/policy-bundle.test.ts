import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-policies-'));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (path: string, text: string | Buffer) => writeFile(join(folder, path), text);
const hex = (text: string) => createHash('sha256').update(text).digest('hex');

test('the digest is that of the canonical {path: digest of the file}', async () => {
  await mkdir(join(folder, 'roles'));
  await write('roles/b.yaml', 'b: 1\n');
  await write('a.yaml', 'a: ü\n');
  const bundle = await PolicyBundle.read(folder);
  expect(bundle.files).toEqual({ 'a.yaml': hex('a: ü\n'), 'roles/b.yaml': hex('b: 1\n') });
  expect(bundle.digestHex).toBe(hex(`{"a.yaml":"${hex('a: ü\n')}","roles/b.yaml":"${hex('b: 1\n')}"}`));
  expect(bundle.texts.get('roles/b.yaml')).toBe('b: 1\n');
});

test('line ends make no difference, and nothing else is overlooked', async () => {
  await write('a.yaml', 'a: 1\nb: 2\n');
  const { digest } = await PolicyBundle.read(folder);
  await write('a.yaml', 'a: 1\r\nb: 2\r\n');
  expect((await PolicyBundle.read(folder)).is(digest)).toBe(true);
  await write('a.yaml', 'a: 1\nb: 2 \n');
  expect((await PolicyBundle.read(folder)).is(digest)).toBe(false);
  await write('a.yaml', 'a: 1\nb: 2\n');
  await write('b.yaml', '');
  expect((await PolicyBundle.read(folder)).is(digest)).toBe(false);
  await rm(join(folder, 'b.yaml'));
  await write('.hidden', 'x');
  expect((await PolicyBundle.read(folder)).is(digest)).toBe(true);
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  ['no files', async () => undefined, /holds no policy files: set POLICIES_DIR/],
  ['no folder', () => rm(folder, { recursive: true }), /cannot be read: ENOENT/],
  ['a link', () => symlink('/etc/hostname', join(folder, 'a.yaml')), /a\.yaml in the policies is neither a file nor a folder/],
  ['no UTF-8', () => write('a.yaml', Buffer.from([0x61, 0xff])), /a\.yaml is not UTF-8 text/],
  ['a huge file', () => write('a.yaml', Buffer.alloc(4 * 1024 * 1024 + 1)), /a\.yaml is larger than/],
])('refuses %s', async (_what, make, said) => {
  await make();
  await expect(PolicyBundle.read(folder)).rejects.toThrow(said);
  await mkdir(folder, { recursive: true });
});
