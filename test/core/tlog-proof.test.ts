import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toBase64 } from '../../src/core/bytes.ts';
import { formatCheckpointText } from '../../src/core/checkpoint.ts';
import { inclusionProof } from '../../src/core/inclusion-proof.ts';
import { signNote } from '../../src/core/signed-note.ts';
import { formatTlogProof, parseTlogProof, verifyTlogProof, type TlogProof } from '../../src/core/tlog-proof.ts';
import { MemoryTree } from './memory-tree.ts';
import { testSigner } from './test-signer.ts';
import './to-throw-with-code.ts';

const SIZE = 300;
const INDEX = 217;
const ORIGIN = 'ledger.example/logs/default';
const log = testSigner(ORIGIN);
const tree = new MemoryTree(SIZE);
const leaf = tree.node({ level: 0, index: INDEX });

async function checkpointAt(size: number, signer = log): Promise<string> {
  const root = tree.roots[size] as Uint8Array;
  return signNote(formatCheckpointText({ origin: ORIGIN, size, root, extensions: [] }), [signer]);
}

async function goodProof(): Promise<TlogProof> {
  return { index: INDEX, path: await inclusionProof(INDEX, SIZE, tree.read), checkpoint: await checkpointAt(SIZE) };
}

describe('tlog-proofs', () => {
  test('have the lines of c2sp.org/tlog-proof@v1', async () => {
    const proof = await goodProof();
    const expected = ['c2sp.org/tlog-proof@v1', `index ${INDEX}`, ...proof.path.map(toBase64), '', proof.checkpoint];
    expect(formatTlogProof(proof)).toBe(expected.join('\n'));
    expect(formatTlogProof({ ...proof, extra: 'AAEC' }).split('\n')[1]).toBe('extra AAEC');
  });

  test('verify', async () => {
    const proof = parseTlogProof(formatTlogProof(await goodProof()));
    expect(verifyTlogProof(proof, leaf, log.key)).toMatchObject({ origin: ORIGIN, size: SIZE });
  });

  test('of the only leaf of a tree have an empty path', async () => {
    const text = formatTlogProof({ index: 0, path: [], checkpoint: await checkpointAt(1) });
    expect(text.startsWith('c2sp.org/tlog-proof@v1\nindex 0\n\nledger.example')).toBe(true);
    verifyTlogProof(parseTlogProof(text), tree.node({ level: 0, index: 0 }), log.key);
  });

  test('are read back as they were written', async () => {
    const checkpoint = await checkpointAt(5);
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const extra = fc.uint8Array({ minLength: 1, maxLength: 99 }).map(toBase64);
    const proof = fc.record(
      { index: fc.maxSafeNat(), path: fc.array(hash, { maxLength: 53 }), checkpoint: fc.constant(checkpoint), extra },
      { requiredKeys: ['index', 'path', 'checkpoint'] },
    );
    fc.assert(
      fc.property(proof, (value) => {
        expect(parseTlogProof(formatTlogProof(value))).toEqual({ ...value });
      }),
    );
  });

  test('verify for their own leaf, index, tree and key alone', async () => {
    const proof = await goodProof();
    for (const index of [INDEX - 1, INDEX + 1, 0, SIZE - 1, SIZE, INDEX ^ 128]) {
      expect(() => verifyTlogProof({ ...proof, index }, leaf, log.key)).toThrowWithCode('inclusion-invalid');
    }
    for (const size of [SIZE - 1, 256, 218]) {
      const other = { ...proof, checkpoint: await checkpointAt(size) };
      expect(() => verifyTlogProof(other, leaf, log.key)).toThrowWithCode('inclusion-invalid');
    }
    const otherLeaf = tree.node({ level: 0, index: INDEX - 1 });
    expect(() => verifyTlogProof(proof, otherLeaf, log.key)).toThrowWithCode('inclusion-invalid');
    const otherKey = testSigner(ORIGIN, 'another key');
    expect(() => verifyTlogProof(proof, leaf, otherKey.key)).toThrowWithCode('note-unsigned');
    const otherLog = testSigner('ledger.example/logs/other');
    const foreign = { ...proof, checkpoint: await checkpointAt(SIZE, otherLog) };
    expect(() => verifyTlogProof(foreign, leaf, otherLog.key)).toThrowWithCode('origin-mismatch');
  });

  test('are spoiled by any changed bit of the path', async () => {
    const proof = await goodProof();
    for (let i = 0; i < proof.path.length; i++) {
      for (const bit of [0, 77, 255]) {
        const path = proof.path.map((hash, j) =>
          hash.map((byte, k) => (i === j && k === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
        );
        const text = formatTlogProof({ ...proof, path });
        expect(() => verifyTlogProof(parseTlogProof(text), leaf, log.key)).toThrowWithCode('inclusion-invalid');
      }
    }
  });

  test('are spoiled by any line of the path taken away or doubled', async () => {
    const proof = await goodProof();
    for (let i = 0; i < proof.path.length; i++) {
      for (const path of [proof.path.toSpliced(i, 1), proof.path.toSpliced(i, 0, proof.path[i] as Uint8Array)]) {
        expect(() => verifyTlogProof({ ...proof, path }, leaf, log.key)).toThrowWithCode('inclusion-invalid');
      }
    }
  });

  const HASH = toBase64(new Uint8Array(32));

  test.each<[string, (text: string) => string]>([
    ['nothing', () => ''],
    ['another header', (text) => text.replace('@v1', '@v2')],
    ['no header', (text) => text.slice(text.indexOf('\n') + 1)],
    ['an upper-case header', (text) => text.replace('c2sp', 'C2SP')],
    ['a line before the header', (text) => `x\n${text}`],
    ['an empty line before the header', (text) => `\n${text}`],
    ['a space after the header', (text) => text.replace('@v1', '@v1 ')],
    ['carriage returns', (text) => text.replaceAll('\n', '\r\n')],
    ['no index', (text) => text.replace(`index ${INDEX}\n`, '')],
    ['a second index', (text) => text.replace(`index ${INDEX}\n`, `index ${INDEX}\nindex ${INDEX}\n`)],
    ['a leading zero in the index', (text) => text.replace('index ', 'index 0')],
    ['a negative index', (text) => text.replace('index ', 'index -')],
    ['an index that is not a number', (text) => text.replace(`index ${INDEX}`, 'index x')],
    ['an empty index', (text) => text.replace(`index ${INDEX}`, 'index ')],
    ['an index in other digits', (text) => text.replace(`index ${INDEX}`, 'index ٢١٧')],
    ['an index beyond 2^53 - 1', (text) => text.replace(`index ${INDEX}`, 'index 9007199254740992')],
    ['an index with an exponent', (text) => text.replace(`index ${INDEX}`, 'index 2e2')],
    ['a space after the index', (text) => text.replace(`index ${INDEX}`, `index ${INDEX} `)],
    ['two spaces before the index', (text) => text.replace('index ', 'index  ')],
    ['the index as "Index"', (text) => text.replace('index ', 'Index ')],
    ['empty extra data', (text) => text.replace('index', 'extra \nindex')],
    ['extra data that is not base64', (text) => text.replace('index', 'extra ???\nindex')],
    ['extra data without padding', (text) => text.replace('index', 'extra AA\nindex')],
    ['extra data twice', (text) => text.replace('index', 'extra AAAA\nextra AAAA\nindex')],
    ['extra data after the index', (text) => text.replace(`index ${INDEX}`, `index ${INDEX}\nextra AAAA`)],
    ['a hash of 31 bytes', (text) => text.replace(`${INDEX}\n`, `${INDEX}\n${toBase64(new Uint8Array(31))}\n`)],
    ['a hash of 33 bytes', (text) => text.replace(`${INDEX}\n`, `${INDEX}\n${toBase64(new Uint8Array(33))}\n`)],
    ['a hash without padding', (text) => text.replace(`${INDEX}\n`, `${INDEX}\n${HASH.slice(0, -1)}\n`)],
    ['a hash with stray bits', (text) => text.replace(`${INDEX}\n`, `${INDEX}\n${HASH.slice(0, -2)}B=\n`)],
    ['a hash after a space', (text) => text.replace(`${INDEX}\n`, `${INDEX}\n ${HASH}\n`)],
    ['a hash in hexadecimal', (text) => text.replace(`${INDEX}\n`, `${INDEX}\n${'00'.repeat(32)}\n`)],
    ['54 hashes', (text) => text.replace(`${INDEX}\n`, `${INDEX}\n${`${HASH}\n`.repeat(54)}`)],
    ['no empty line', (text) => text.replace('\n\n', '\n')],
  ])('with %s are refused', async (_what, mutate) => {
    const text = formatTlogProof(await goodProof());
    const mutated = mutate(text);
    expect(mutated).not.toBe(text);
    expect(() => parseTlogProof(mutated)).toThrowWithCode('proof-malformed');
  });

  test.each<[string, (text: string) => string, 'note-malformed' | 'checkpoint-malformed']>([
    ['no checkpoint', (text) => text.slice(0, text.indexOf('\n\n') + 2), 'note-malformed'],
    ['two empty lines', (text) => text.replace('\n\n', '\n\n\n'), 'checkpoint-malformed'],
    ['a checkpoint without signature', (text) => text.slice(0, text.indexOf('—')), 'note-malformed'],
    ['a checkpoint that is not ended', (text) => text.slice(0, -1), 'note-malformed'],
    ['something after the checkpoint', (text) => `${text}x\n`, 'note-malformed'],
    ['an empty line after the checkpoint', (text) => `${text}\n`, 'note-malformed'],
    ['a checkpoint of no size', (text) => text.replace(`\n${SIZE}\n`, '\nx\n'), 'checkpoint-malformed'],
  ])('with %s are refused', async (_what, mutate, code) => {
    const mutated = mutate(formatTlogProof(await goodProof()));
    expect(() => parseTlogProof(mutated)).toThrowWithCode(code);
  });

  test.each([
    { index: -1 },
    { index: 0.5 },
    { index: 2 ** 53 },
    { path: [new Uint8Array(31)] },
    { path: Array(54).fill(new Uint8Array(32)) },
    { extra: '' },
    { extra: 'not base64' },
  ])('are not written with %j', async (bad) => {
    const proof = await goodProof();
    expect(() => formatTlogProof({ ...proof, ...bad })).toThrowWithCode('proof-malformed');
  });
});
