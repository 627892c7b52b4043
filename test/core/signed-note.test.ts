import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toBase64, utf8 } from '../../src/core/bytes.ts';
import { formatNote, MAX_NOTE_BYTES, parseNote, signNote, verifyNote } from '../../src/core/signed-note.ts';
import { ED25519_COSIGNATURE, formatVkey, parseVkey } from '../../src/core/vkey.ts';
import { testSigner } from './test-signer.ts';
import './to-throw-with-code.ts';

// The example of c2sp.org/signed-note.
const EXAMPLE_KEY = parseVkey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
const EXAMPLE =
  'This is an example message.\n\n' +
  '— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';

// The examples in the documentation of Go's golang.org/x/mod/sumdb/note.
const PETER_KEY = parseVkey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
const ENOCH_KEY = parseVkey('EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop');
const GO_TEXT =
  'If you think cryptography is the answer to your problem,\nthen you don\'t know what your problem is.\n';
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';

const alice = testSigner('alice.example/log');
const bob = testSigner('bob.example/log');

describe('published notes verify', () => {
  test('the example of c2sp.org/signed-note', () => {
    const text = 'This is an example message.\n';
    expect(verifyNote(EXAMPLE, [EXAMPLE_KEY])).toEqual({ text, verified: [EXAMPLE_KEY] });
  });

  test('the examples of Go', () => {
    const both = `${GO_TEXT}\n${PETER_LINE}${ENOCH_LINE}`;
    expect(verifyNote(`${GO_TEXT}\n${PETER_LINE}`, [PETER_KEY]).text).toBe(GO_TEXT);
    expect(verifyNote(both, [ENOCH_KEY]).verified).toEqual([ENOCH_KEY]);
    expect(verifyNote(both, [ENOCH_KEY, PETER_KEY]).verified).toEqual([PETER_KEY, ENOCH_KEY]);
    expect(formatNote(parseNote(both))).toBe(both);
  });

  test('one whose text holds empty lines', () => {
    // The example at the head of c2sp.org/signed-note, whose key is not published.
    const note =
      'Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n' +
      '— quasimodo.example/salvatore ' +
      'NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n';
    expect(parseNote(note).text.endsWith('sole:\n\ned è subito sera.\n')).toBe(true);
    expect(formatNote(parseNote(note))).toBe(note);
  });
});

describe('signing', () => {
  test('makes notes that node:crypto verifies too', async () => {
    const { text, signatures } = parseNote(await signNote('hello\n', [alice]));
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(alice.key.publicKey).toString('base64url') },
      format: 'jwk',
    });
    expect(verify(null, utf8(text), key, signatures[0]?.signature ?? new Uint8Array(0))).toBe(true);
  });

  test('with several keys keeps their order, and takes signers that answer later', async () => {
    const later = { ...bob, sign: async (message: Uint8Array) => bob.sign(message) };
    const note = await signNote('hello\n', [later, alice]);
    expect(verifyNote(note, [alice.key, bob.key]).verified.map(({ name }) => name)).toEqual([bob.name, alice.name]);
  });

  test('refuses what would not be a note', async () => {
    const long = `${'x'.repeat(MAX_NOTE_BYTES)}\n`;
    for (const text of ['', 'no newline', 'tab\t\n', 'cr\r\n', 'lone \ud800\n', '\u0000\n', long]) {
      await expect(signNote(text, [alice])).rejects.toThrowWithCode('note-malformed');
    }
    await expect(signNote('hello\n', [])).rejects.toThrowWithCode('note-malformed');
    await expect(signNote('hello\n', Array(101).fill(alice))).rejects.toThrowWithCode('note-malformed');
    for (const bad of [{ name: '' }, { name: 'a b' }, { name: 'a+b' }, { keyId: new Uint8Array(3) }]) {
      await expect(signNote('hello\n', [{ ...alice, ...bad }])).rejects.toThrowWithCode('note-malformed');
    }
    const empty = { ...alice, sign: () => new Uint8Array(0) };
    await expect(signNote('hello\n', [empty])).rejects.toThrowWithCode('note-malformed');
  });

  test('and parsing are inverse', () => {
    const text = fc.array(fc.string({ unit: 'grapheme' })).map((lines) => `${lines.join('\n')}\n`);
    const signature = fc.record({
      name: fc.string({ unit: 'grapheme', minLength: 1 }),
      keyId: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      signature: fc.uint8Array({ minLength: 1, maxLength: 100 }),
    });
    fc.assert(
      fc.property(text, fc.array(signature, { minLength: 1, maxLength: 100 }), (text, signatures) => {
        let note: string;
        try {
          note = formatNote({ text, signatures });
        } catch {
          return; // a text or a name that no note can hold
        }
        expect(parseNote(note)).toEqual({ text, signatures });
      }),
    );
  });
});

describe('mutations of a good note', () => {
  const text = 'alice.example/log\n7\nroot\n';

  test('any character of the text', async () => {
    const note = await signNote(text, [alice]);
    for (let i = 0; i < text.length - 1; i++) {
      const other = String.fromCharCode(text.charCodeAt(i) === 10 ? 32 : text.charCodeAt(i) ^ 1);
      const mutated = note.slice(0, i) + (other < ' ' ? 'X' : other) + note.slice(i + 1);
      expect(() => verifyNote(mutated, [alice.key])).toThrowWithCode('note-signature-invalid');
    }
    expect(() => verifyNote(`\n${note}`, [alice.key])).toThrowWithCode('note-signature-invalid');
    expect(() => verifyNote(note.replace('\n\n', '\n\n\n'), [alice.key])).toThrowWithCode('note-signature-invalid');
  });

  test('any byte of the key ID and of the signature', async () => {
    const note = parseNote(await signNote(text, [alice]));
    const [line] = note.signatures;
    if (line === undefined) throw new Error('signed by one');
    for (let i = 0; i < 4; i++) {
      const keyId = line.keyId.map((byte, j) => (i === j ? byte ^ 0x01 : byte));
      const mutated = formatNote({ text, signatures: [{ ...line, keyId }] });
      expect(() => verifyNote(mutated, [alice.key])).toThrowWithCode('note-unsigned');
    }
    for (let i = 0; i < 64; i++) {
      const signature = line.signature.map((byte, j) => (i === j ? byte ^ 0x80 : byte));
      const mutated = formatNote({ text, signatures: [{ ...line, signature }] });
      expect(() => verifyNote(mutated, [alice.key])).toThrowWithCode('note-signature-invalid');
    }
    for (const length of [1, 32, 63, 65, 128]) {
      const signature = new Uint8Array(length);
      signature.set(line.signature.subarray(0, length));
      const mutated = formatNote({ text, signatures: [{ ...line, signature }] });
      expect(() => verifyNote(mutated, [alice.key])).toThrowWithCode('note-signature-invalid');
    }
  });

  test('any character of the key name', async () => {
    const note = parseNote(await signNote(text, [alice]));
    for (let i = 0; i < alice.name.length; i++) {
      const name = `${alice.name.slice(0, i)}X${alice.name.slice(i + 1)}`;
      const mutated = formatNote({ text, signatures: note.signatures.map((line) => ({ ...line, name })) });
      expect(() => verifyNote(mutated, [alice.key])).toThrowWithCode('note-unsigned');
    }
  });

  test.each<[string, (note: string) => string]>([
    ['nothing at all', () => ''],
    ['only a newline', () => '\n'],
    ['only newlines', () => '\n\n\n'],
    ['no signature', () => `${text}\n`],
    ['no empty line', (note) => note.replace('\n\n', '\n')],
    ['no newline at the end', (note) => note.slice(0, -1)],
    ['an empty line at the end', (note) => `${note}\n`],
    ['a text without newline', (note) => note.slice(note.indexOf('\n\n') + 1)],
    ['a hyphen for the dash', (note) => note.replace('—', '-')],
    ['an en dash for the dash', (note) => note.replace('—', '–')],
    ['no space after the dash', (note) => note.replace('— ', '—')],
    ['two spaces after the dash', (note) => note.replace('— ', '—  ')],
    ['a no-break space after the dash', (note) => note.replace('— ', '—\u00a0')],
    ['a space before the dash', (note) => note.replace('—', ' —')],
    ['two spaces after the name', (note) => note.replace('log A', 'log  A').replace(/(— \S+) /, '$1  ')],
    ['no name', (note) => note.replace('— alice.example/log', '— ')],
    ['no signature bytes', (note) => note.replace(/(— \S+ ).*\n$/, '$1\n')],
    ['no signature part', (note) => note.replace(/(— \S+) .*\n$/, '$1\n')],
    ['only a key ID', (note) => note.replace(/(— \S+ ).*\n$/, `$1${toBase64(alice.keyId)}\n`)],
    ['a plus in the name', (note) => note.replace('— alice', '— ali+ce')],
    ['a Unicode space in the name', (note) => note.replace('— alice', '— ali\u2009ce')],
    ['a third part', (note) => note.replace(/\n$/, ' x\n')],
    ['a trailing space', (note) => note.replace(/\n$/, ' \n')],
    ['unpadded base64', (note) => note.replace(/=+\n$/, '\n')],
    ['too much padding', (note) => note.replace(/\n$/, '=\n')],
    ['URL-safe base64', (note) => note.replace(/.{4}=\n$/, '-_-_=\n')],
    ['stray bits in base64', (note) => note.replace(/(.)=\n$/, (_m, c: string) => `${c === 'B' ? 'C' : 'B'}=\n`)],
    ['a carriage return', (note) => note.replaceAll('\n', '\r\n')],
    ['a tab in the text', (note) => note.replace('root', 'ro\tot')],
    ['a null in the text', (note) => note.replace('root', 'ro\u0000ot')],
    ['an escape in a signature line', (note) => note.replace('— ', '— \u001b')],
    ['a lone surrogate', (note) => note.replace('root', 'ro\udc00ot')],
    ['101 signature lines', (note) => note + note.slice(note.indexOf('—')).repeat(100)],
    ['more than a megabyte', (note) => 'x'.repeat(MAX_NOTE_BYTES) + note],
    ['more than a megabyte of UTF-8', (note) => '\u20ac'.repeat(MAX_NOTE_BYTES / 3) + note],
  ])('%s', async (_what, mutate) => {
    const note = await signNote(text, [alice]);
    const mutated = mutate(note);
    expect(mutated).not.toBe(note);
    expect(() => parseNote(mutated)).toThrowWithCode('note-malformed');
    expect(() => verifyNote(mutated, [alice.key])).toThrowWithCode('note-malformed');
  });

  test('a malformed line spoils the note wherever it stands, and is named', async () => {
    const note = await signNote(text, [alice]);
    expect(() => verifyNote(`${note}- x AAAAAAA=\n`, [alice.key])).toThrowWithCode('note-malformed', { at: '6' });
    const before = note.replace('\n\n', '\n\n— x AAAA\n');
    expect(() => verifyNote(before, [alice.key])).toThrowWithCode('note-malformed', { at: '5' });
  });
});

describe('known and unknown keys', () => {
  const text = 'hello\n';
  const stranger = testSigner(alice.name, 'another key of the same name');

  test('unknown signatures are ignored, even a thousand bytes long or under a known name', async () => {
    const long = { name: 'pq.example', keyId: Uint8Array.of(1, 2, 3, 4), sign: () => new Uint8Array(5000) };
    const note = await signNote(text, [stranger, long, alice, bob]);
    expect(verifyNote(note, [alice.key]).verified).toEqual([alice.key]);
  });

  test('a note without any known signature is refused', async () => {
    const note = await signNote(text, [stranger, bob]);
    expect(() => verifyNote(note, [alice.key])).toThrowWithCode('note-unsigned');
    expect(() => verifyNote(note, [])).toThrowWithCode('note-unsigned');
  });

  test('one bad signature of a known key spoils the note, in either order', async () => {
    const forged = { ...alice, sign: stranger.sign };
    for (const signers of [[forged], [forged, bob], [bob, forged], [alice, forged], [forged, alice]]) {
      const note = await signNote(text, signers);
      expect(() => verifyNote(note, [alice.key, bob.key])).toThrowWithCode('note-signature-invalid');
    }
  });

  test('a key that signed twice counts once', async () => {
    const note = await signNote(text, [alice, alice]);
    expect(verifyNote(note, [alice.key]).verified).toEqual([alice.key]);
  });

  test('100 signature lines are read', async () => {
    const note = await signNote(text, Array(100).fill(bob));
    expect(() => verifyNote(note, [alice.key])).toThrowWithCode('note-unsigned');
    expect(parseNote(note).signatures).toHaveLength(100);
  });

  test('keys that cannot be told apart or that are not for notes are refused', async () => {
    const note = await signNote(text, [alice]);
    expect(() => verifyNote(note, [alice.key, alice.key])).toThrowWithCode('vkey-malformed');
    const witness = parseVkey(formatVkey('witness.example', ED25519_COSIGNATURE, alice.key.publicKey));
    expect(() => verifyNote(note, [alice.key, witness])).toThrowWithCode('vkey-malformed');
  });

  test('a public key that is no point of the curve verifies nothing', async () => {
    const note = parseNote(await signNote(text, [alice]));
    const key = parseVkey(formatVkey('evil.example', 0x01, new Uint8Array(32).fill(0xff)));
    const signatures = note.signatures.map((line) => ({ ...line, name: key.name, keyId: key.keyId }));
    const mutated = formatNote({ text, signatures });
    expect(() => verifyNote(mutated, [key])).toThrowWithCode('note-signature-invalid');
  });
});
