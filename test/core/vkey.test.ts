import { describe, expect, test } from '@jest/globals';
import { toBase64, toHex } from '../../src/core/bytes.ts';
import { ED25519, ED25519_COSIGNATURE, formatVkey, keyId, ML_DSA_44, parseVkey } from '../../src/core/vkey.ts';
import './to-throw-with-code.ts';

// Published keys: the example of c2sp.org/signed-note, two of Go's sumdb/note, and the Go checksum database's own.
const PUBLISHED = [
  'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop',
  'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8',
];
const EXAMPLE = PUBLISHED[0] as string;
const publicKey = parseVkey(EXAMPLE).publicKey;

/** A vkey with the right key ID, whatever its other parts are. */
function vkeyOf(name: string, type: number, key: Uint8Array): string {
  return `${name}+${toHex(keyId(name, type, key))}+${toBase64(new Uint8Array([type, ...key]))}`;
}

describe('vkeys', () => {
  test.each(PUBLISHED)('%s', (text) => {
    const key = parseVkey(text);
    expect(key.type).toBe(ED25519);
    expect(key.publicKey).toHaveLength(32);
    expect(formatVkey(key.name, key.type, key.publicKey)).toBe(text);
    expect(toHex(key.keyId)).toBe(text.split('+')[1]);
  });

  test('of cosigners', () => {
    for (const [type, length] of [[ED25519_COSIGNATURE, 32], [ML_DSA_44, 1312]] as const) {
      const text = formatVkey('witness.example/w1', type, new Uint8Array(length).fill(5));
      expect(parseVkey(text)).toMatchObject({ name: 'witness.example/w1', type });
    }
  });

  test('may bear any name without white space, control characters and plus', () => {
    for (const name of ['x', 'é.example/π', '\u{1f512}', 'a\u200bb', 'log.example/logs/default']) {
      expect(parseVkey(formatVkey(name, ED25519, publicKey)).name).toBe(name);
    }
    const ascii = ['', ' ', 'a b', 'a\tb', 'a\nb', 'a\u0000b', 'a+b'];
    for (const name of [...ascii, 'a\u00a0b', 'a\u2003b', 'a\u0085b', 'a\u3000', '\ud800']) {
      expect(() => formatVkey(name, ED25519, publicKey)).toThrowWithCode('vkey-malformed');
      expect(() => parseVkey(vkeyOf(name, ED25519, publicKey))).toThrowWithCode('vkey-malformed');
    }
  });

  test.each([
    ['nothing', ''],
    ['one part', 'example.com/foo'],
    ['two parts', 'example.com/foo+530d903a'],
    ['no name', EXAMPLE.replace('example.com/foo', '')],
    ['another name', EXAMPLE.replace('foo', 'fop')],
    ['another key ID', EXAMPLE.replace('530d903a', '530d903b')],
    ['a short key ID', EXAMPLE.replace('530d903a', '530d903')],
    ['a long key ID', EXAMPLE.replace('530d903a', '0530d903a')],
    ['an upper-case key ID', EXAMPLE.replace('530d903a', '530D903A')],
    ['another key', EXAMPLE.replace('AekyeR', 'AekyeS')],
    ['no key', 'example.com/foo+530d903a+'],
    ['a key with white space', `${EXAMPLE} `],
    ['a key with a line end', `${EXAMPLE}\n`],
    ['an unpadded key', vkeyOf('example.com/foo', ML_DSA_44, new Uint8Array(1312)).replace('=', '')],
    ['a short key', vkeyOf('example.com/foo', ED25519, publicKey.slice(1))],
    ['a long key', vkeyOf('example.com/foo', ED25519, new Uint8Array([...publicKey, 0]))],
    ['an unknown type', vkeyOf('example.com/foo', 0x02, publicKey)],
    ['a type of 0', vkeyOf('example.com/foo', 0x00, publicKey)],
  ])('with %s are refused', (_what, text) => {
    expect(() => parseVkey(text)).toThrowWithCode('vkey-malformed');
  });
});
