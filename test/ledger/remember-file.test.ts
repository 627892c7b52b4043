import { expect, test } from '@jest/globals';
import { rememberFile } from '../../src/ledger/remember-file.ts';

test('a file of the same path and text is read once; another path, another text and what threw are read anew', () => {
  const read: string[] = [];
  const remembered = rememberFile((path, text) => {
    read.push(`${path} ${text}`);
    if (text === 'wrong') throw new Error('wrong');
    return { path, text };
  });
  const first = remembered('a', '1');
  expect(remembered('a', '1')).toBe(first);
  expect(remembered('b', '1')).toEqual({ path: 'b', text: '1' });
  expect(remembered('a', '2')).toEqual({ path: 'a', text: '2' });
  for (let i = 0; i < 2; i++) expect(() => remembered('a', 'wrong')).toThrow('wrong');
  expect(read).toEqual(['a 1', 'b 1', 'a 2', 'a wrong', 'a wrong']);
});

test('what is remembered is bounded', () => {
  let read = 0;
  const remembered = rememberFile(() => (read += 1));
  for (let i = 0; i < 1000; i++) remembered('a', String(i));
  expect(remembered('a', '0')).toBe(1001);
});
