import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex, utf8 } from '../../src/core/bytes.ts';
import { commitment } from '../../src/core/commitment.ts';
import { CoreError, type CoreErrorCode } from '../../src/core/core-error.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { type ErasedReceipt, parseReceipt, type Receipt } from '../../src/core/receipt.ts';
import { verifyReceipt } from '../../src/core/verify-receipt.ts';
import { SampleLog } from './sample-log.ts';
import { testSigner } from './test-signer.ts';
import './to-throw-with-code.ts';

const log = SampleLog.of(20);
const ERASED = [3, 5, 8];
const erasure = log.erase(ERASED);
for (let i = 0; i < 5; i++) log.append();
const { key } = log.signer;
const receipt = await log.receipt(7);
const erased = await log.erasedReceipt(5, erasure, ERASED);
const other = await SampleLog.of(26, 'other.example/logs/default').receipt(7);

const verify = (value: unknown, vkey = key): unknown => verifyReceipt(parseReceipt(JSON.stringify(value)), vkey);

/** The code of a refusal; 'valid' when there is none. */
function verdict(action: () => unknown): CoreErrorCode | 'valid' {
  try {
    action();
    return 'valid';
  } catch (error) {
    if (error instanceof CoreError) return error.code;
    throw error;
  }
}

describe('verifyReceipt', () => {
  test('proves an entry and its payload', () => {
    expect(verify(receipt)).toEqual({
      kind: 'receipt',
      index: 7,
      time: '2026-11-22T00:00:07.000Z',
      type: 'prediction',
      origin: log.origin,
      treeSize: 26,
      proved: [
        expect.stringMatching(/^The key ledger\.example\/logs\/default\+[0-9a-f]{8} signed .* 26 entries\.$/),
        'Entry 7 of type prediction, timed 2026-11-22T00:00:07.000Z by the log, is one of them, unchanged.',
        'The payload and salt in this receipt are, byte for byte, those that the entry committed to.',
      ],
      notProved: expect.arrayContaining([
        expect.stringContaining('witness'),
        expect.stringContaining('every prediction'),
      ]),
    });
  });

  test('proves every entry under every checkpoint that holds it', async () => {
    for (let size = 1; size <= log.size; size += 6) {
      for (let index = 0; index < size; index++) {
        const report = verifyReceipt(await log.receipt(index, size), key);
        expect([report.index, report.treeSize]).toEqual([index, size]);
      }
    }
  });

  test.each<[CoreErrorCode, string, Partial<Record<keyof Receipt, string>>]>([
    ['commitment-mismatch', 'another payload', { payload: receipt.payload.replace('p-7', 'p-8') }],
    ['commitment-mismatch', 'another salt', { salt: '00'.repeat(32) }],
    ['commitment-mismatch', 'another commitment', { entry: receipt.entry.replace(/(?<="commitment":").{4}/, '0000') }],
    ['entry-malformed', 'an entry without members', { entry: '{}' }],
    ['entry-not-canonical', 'an entry with a blank', { entry: `${receipt.entry} ` }],
    ['json-syntax', 'an entry that is no JSON', { entry: receipt.entry.slice(1) }],
    ['inclusion-invalid', 'another time', { entry: receipt.entry.replace('00:00:07.000Z', '00:00:07.001Z') }],
    ['inclusion-invalid', 'another policy', { entry: receipt.entry.replace('"policy":"ab', '"policy":"aa') }],
    ['inclusion-invalid', 'another index in the entry', { entry: receipt.entry.replace('"index":7', '"index":8') }],
    ['inclusion-invalid', 'another index in the proof', { proof: receipt.proof.replace('index 7', 'index 6') }],
    ['inclusion-invalid', 'a path cut short', { proof: receipt.proof.replace(/\n[^\n]+\n\n/, '\n\n') }],
    ['proof-malformed', 'a path with junk', { proof: receipt.proof.replace('\n\n', '\n!\n\n') }],
    ['proof-malformed', 'no proof', { proof: '' }],
    ['origin-mismatch', 'another origin in the entry', { entry: receipt.entry.replace('ledger.ex', 'ledger.ax') }],
    ['note-signature-invalid', 'another size in the checkpoint', { proof: receipt.proof.replace('\n26\n', '\n27\n') }],
    ['note-unsigned', 'the proof of another log', { proof: other.proof }],
    ['checkpoint-malformed', 'a checkpoint of two lines', { proof: receipt.proof.replace('\n26\n', '\n') }],
  ])('refuses with %s: %s', (code, _, change) => {
    expect({ ...receipt, ...change }).not.toEqual(receipt);
    expect(verdict(() => verify({ ...receipt, ...change }))).toBe(code);
  });

  test('refuses a payload of another type than the entry', async () => {
    const liar = SampleLog.of(3);
    const index = liar.append({ type: 'outcome', payloadType: 'prediction' });
    const told = await liar.receipt(index);
    expect(() => verify(told, liar.signer.key)).toThrowWithCode('payload-malformed', { at: '/type' });
  });

  test('refuses a payload that is committed to and is no payload', () => {
    const salt = new Uint8Array(32);
    const committed = toHex(commitment(salt, utf8('[]')));
    const entry = receipt.entry.replace(/(?<="commitment":")[0-9a-f]+/, committed);
    const hollow = { ...receipt, entry, salt: toHex(salt), payload: '[]' };
    expect(verdict(() => verify(hollow))).toBe('payload-malformed');
  });

  test('refuses another key, and another name for the key', () => {
    expect(verdict(() => verify(receipt, testSigner(log.origin, 'stranger').key))).toBe('note-unsigned');
    expect(verdict(() => verify(receipt, testSigner('other.example/logs/default').key))).toBe('note-unsigned');
    expect(verdict(() => verify(other))).toBe('note-unsigned');
  });

  test('refuses every receipt in which one character is another', () => {
    const members = ['entry', 'salt', 'payload', 'proof'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...members), fc.nat(), fc.constantFrom(...'0aA{"9 \n=é'), (member, place, char) => {
        const whole = receipt[member];
        const at = place % whole.length;
        fc.pre(whole[at] !== char);
        const changed = { ...receipt, [member]: whole.slice(0, at) + char + whole.slice(at + 1) };
        expect(verdict(() => verify(changed))).not.toBe('valid');
      }),
      { numRuns: 1500 },
    );
  });
});

describe('verifyReceipt of an erased entry', () => {
  test('proves the entry, and the authority that erased its payload', () => {
    const report = verifyReceipt(parseReceipt(JSON.stringify(erased)), key);
    expect(report).toMatchObject({ kind: 'erased', index: 5, treeSize: 26, erasure: { index: 20 } });
    expect(report.proved.at(-1)).toMatch(/entry 20 .* of type erasure.* list of 3 erased entries that holds this one/);
    expect(report.notProved).toContain('What the payload said.');
  });

  const changed = (change: Partial<ErasedReceipt['erasure']>): ErasedReceipt => ({
    ...erased,
    erasure: { ...erased.erasure, ...change },
  });

  test.each<[string, () => unknown]>([
    ['another list', () => changed({ indices: [3, 5, 9] })],
    ['a longer list', () => changed({ indices: [...ERASED, 9] })],
    ['a shorter list', () => changed({ indices: [5] })],
    ['another salt', () => changed({ salt: '00'.repeat(32) })],
    ['another payload', () => changed({ payload: erased.erasure.payload.replace('"count":3', '"count":4') })],
    ['the proof of another entry', () => changed({ proof: erased.proof })],
    ['no entry', () => changed({ entry: 'null' })],
    ['the proof of another log', () => changed({ proof: other.proof })],
    ['the receipt of another entry', () => ({ ...erased, erasure: { ...receipt, indices: ERASED } })],
  ])('takes no %s', (_, make) => {
    expect(verdict(() => verify(make()))).toBe('erasure-unproven');
  });

  test.each<[string, JsonValue]>([
    ['no object', 'indices'],
    ['no list', {}],
    ['a list instead of its digest', { indices: [5] }],
    ['no digest', { indices: { count: 1 } }],
    ['a wrong count', { indices: { count: '1', digest: 'x' } }],
  ])('takes no erasure whose body holds %s', async (_, body) => {
    const liar = SampleLog.of(8);
    const index = liar.erase([5], { body });
    expect(await verdictOf(liar, 5, index, [5])).toBe('erasure-unproven');
  });

  async function verdictOf(from: SampleLog, index: number, by: number, indices: number[]): Promise<string> {
    const told = await from.erasedReceipt(index, by, indices);
    return verdict(() => verify(told, from.signer.key));
  }

  test('takes no erasure of other entries, of later ones, or of another type of entry', async () => {
    const liar = SampleLog.of(4);
    const early = liar.erase([2, 9]);
    for (let i = 0; i < 6; i++) liar.append();
    expect(await verdictOf(liar, 2, early, [2, 9])).toBe('valid');
    expect(await verdictOf(liar, 3, early, [2, 9])).toBe('erasure-unproven');
    expect(await verdictOf(liar, 9, early, [2, 9])).toBe('erasure-unproven');
    const typed = liar.erase([2], { type: 'review' });
    expect(await verdictOf(liar, 2, typed, [2])).toBe('erasure-unproven');
  });

  test('holds the erased entry to its own proof', () => {
    expect(verdict(() => verify({ ...erased, proof: receipt.proof }))).toBe('inclusion-invalid');
    expect(verdict(() => verify({ ...erased, entry: receipt.entry }))).toBe('inclusion-invalid');
    expect(verdict(() => verify(erased, testSigner('x').key))).toBe('note-unsigned');
  });
});

describe('parseReceipt', () => {
  test('takes any spelling of the JSON around the members', () => {
    expect(parseReceipt(JSON.stringify(receipt, null, 2))).toEqual(receipt);
    expect(parseReceipt(JSON.stringify(erased))).toEqual(erased);
  });

  test.each<[string, unknown]>([
    ['', null],
    ['', []],
    ['', 'receipt'],
    ['/entry', {}],
    ['/proof', { ...receipt, proof: undefined }],
    ['', { ...receipt, extra: 1 }],
    ['/entry', { ...receipt, entry: {} }],
    ['/salt', { ...receipt, salt: receipt.salt.toUpperCase() }],
    ['/salt', { ...receipt, salt: receipt.salt.slice(2) }],
    ['/payload', { ...receipt, payload: null }],
    ['/proof', { ...receipt, proof: 1 }],
    ['', { ...receipt, erasure: erased.erasure }],
    ['/entry', { ...erased, entry: 1 }],
    ['/erasure', { ...erased, erasure: null }],
    ['/erasure', { ...erased, erasure: { ...erased.erasure, extra: 1 } }],
    ['/erasure/indices', { ...erased, erasure: receipt }],
    ['/erasure/salt', { ...erased, erasure: { ...erased.erasure, salt: 'x' } }],
    ...[[], [5, 3], [5, 5], [-1, 5], [1.5], ['5'], {}, 5].map((indices): [string, unknown] => [
      '/erasure/indices',
      { ...erased, erasure: { ...erased.erasure, indices } },
    ]),
  ])('refuses what is wrong at %j', (at, value) => {
    expect(() => parseReceipt(JSON.stringify(value))).toThrowWithCode('receipt-malformed', { at });
  });

  test('refuses JSON that could mean two things', () => {
    const text = JSON.stringify(receipt);
    expect(() => parseReceipt(text.replace('{"entry"', '{"entry":"","entry"'))).toThrowWithCode('json-duplicate-key');
    expect(() => parseReceipt(text.slice(0, -1))).toThrowWithCode('json-syntax');
  });
});
