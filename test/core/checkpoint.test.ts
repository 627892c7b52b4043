import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toBase64 } from '../../src/core/bytes.ts';
import { formatCheckpointText, openCheckpoint, parseCheckpointText } from '../../src/core/checkpoint.ts';
import { signNote } from '../../src/core/signed-note.ts';
import { testSigner } from './test-signer.ts';
import './to-throw-with-code.ts';

const ORIGIN = 'ledger.example/logs/default';
const log = testSigner(ORIGIN);
const root = new Uint8Array(32).fill(0xfb);
const ROOT = toBase64(root);

const BAD_SIZES = [
  ...['05', '00', '-1', '+5', '5.0', '5e3', '0x5', ' 5', '5 ', '5,000', '٥', 'five', 'NaN', 'Infinity'],
  ...['9007199254740992', '10000000000000000', '99999999999999999999', '1'.repeat(400)],
];

describe('checkpoints', () => {
  test('the example of c2sp.org/tlog-checkpoint', () => {
    const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    const checkpoint = parseCheckpointText(text);
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163, extensions: [] });
    expect(formatCheckpointText(checkpoint)).toBe(text);
  });

  test('are read back as they were written', () => {
    const line = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\n'));
    const checkpoint = fc.record({
      origin: line,
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      extensions: fc.array(line, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(checkpoint, (value) => {
        expect(parseCheckpointText(formatCheckpointText(value))).toEqual(value);
      }),
    );
  });

  test('open with the log\'s key', async () => {
    const checkpoint = { origin: ORIGIN, size: 2 ** 53 - 1, root, extensions: ['extension line'] };
    const note = await signNote(formatCheckpointText(checkpoint), [log]);
    expect(openCheckpoint(note, log.key)).toEqual(checkpoint);
  });

  const malformed: [string, string][] = [
    ['no line', '\n'],
    ['one line', `${ORIGIN}\n`],
    ['two lines', `${ORIGIN}\n5\n`],
    ['an empty origin', `\n5\n${ROOT}\n`],
    ['an empty size', `${ORIGIN}\n\n${ROOT}\n`],
    ['an empty root', `${ORIGIN}\n5\n\n`],
    ['an empty extension', `${ORIGIN}\n5\n${ROOT}\n\n`],
    ['an empty line among extensions', `${ORIGIN}\n5\n${ROOT}\na\n\nb\n`],
    ...BAD_SIZES.map((size): [string, string] => [`size ${size.slice(0, 20)}`, `${ORIGIN}\n${size}\n${ROOT}\n`]),
    ['a root of 31 bytes', `${ORIGIN}\n5\n${toBase64(root.subarray(1))}\n`],
    ['a root of 33 bytes', `${ORIGIN}\n5\n${toBase64(new Uint8Array(33))}\n`],
    ['a root without padding', `${ORIGIN}\n5\n${ROOT.replace('=', '')}\n`],
    ['a root with stray bits', `${ORIGIN}\n5\n${ROOT.replace(/.=$/, 't=')}\n`],
    ['a root in URL-safe base64', `${ORIGIN}\n5\n${ROOT.replaceAll('+', '-').replaceAll('/', '_')}\n`],
    ['a root in hexadecimal', `${ORIGIN}\n5\n${'fb'.repeat(32)}\n`],
    ['a root with a space', `${ORIGIN}\n5\n${ROOT} \n`],
  ];

  test.each(malformed)('with %s are refused, although well signed', async (_what, text) => {
    expect(() => parseCheckpointText(text)).toThrowWithCode('checkpoint-malformed');
    const note = await signNote(text, [log]);
    expect(() => openCheckpoint(note, log.key)).toThrowWithCode('checkpoint-malformed');
  });

  test('without a newline at the end are refused', () => {
    expect(() => parseCheckpointText(`${ORIGIN}\n5\n${ROOT}`)).toThrowWithCode('checkpoint-malformed');
    expect(() => parseCheckpointText('')).toThrowWithCode('checkpoint-malformed');
  });

  test('of another log are refused, although signed with this key', async () => {
    for (const origin of ['ledger.example/logs/other', `${ORIGIN}/`, ORIGIN.toUpperCase(), ` ${ORIGIN}`]) {
      const note = await signNote(formatCheckpointText({ origin, size: 5, root, extensions: [] }), [log]);
      expect(() => openCheckpoint(note, log.key)).toThrowWithCode('origin-mismatch');
    }
  });

  test('signed by another key are refused', async () => {
    const text = formatCheckpointText({ origin: ORIGIN, size: 5, root, extensions: [] });
    const other = testSigner(ORIGIN, 'another key');
    const note = await signNote(text, [other]);
    expect(() => openCheckpoint(note, log.key)).toThrowWithCode('note-unsigned');
    const forged = await signNote(text, [{ ...log, sign: other.sign }]);
    expect(() => openCheckpoint(forged, log.key)).toThrowWithCode('note-signature-invalid');
  });

  test.each([
    { origin: '' },
    { origin: 'two\nlines' },
    { size: -1 },
    { size: 1.5 },
    { size: 2 ** 53 },
    { size: Number.NaN },
    { root: new Uint8Array(31) },
    { extensions: [''] },
    { extensions: ['two\nlines'] },
  ])('are not written with %j', (bad) => {
    const good = { origin: ORIGIN, size: 5, root, extensions: [] };
    expect(() => formatCheckpointText({ ...good, ...bad })).toThrowWithCode('checkpoint-malformed');
  });
});
