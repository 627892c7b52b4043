import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import yazl from 'yazl';
import { buffer } from 'node:stream/consumers';
import { openZipBundle, readLines, readWhole, type Inflate } from '../../src/core/bundle-source.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { readZip, type RandomAccess } from '../../src/core/zip-reader.ts';
import './to-throw-with-code.ts';
import { memoryBundle } from './sample-bundle.ts';
import { inflateByStream } from './zip-of.ts';

const inflate: Inflate = inflateByStream;

function inMemory(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

async function zip(files: Readonly<Record<string, string>>, options: { compress?: boolean; forceZip64Format?: boolean } = {}): Promise<Uint8Array> {
  const made = new yazl.ZipFile();
  for (const [path, text] of Object.entries(files)) made.addBuffer(Buffer.from(text), path, { mtime: new Date(0), ...options });
  made.end({ forceZip64Format: options.forceZip64Format === true, comment: '' });
  return new Uint8Array(await buffer(made.outputStream));
}

const open = async (bytes: Uint8Array): Promise<Record<string, string>> => {
  const source = await openZipBundle(inMemory(bytes), inflate);
  const texts: Record<string, string> = {};
  for (const path of source.files.keys()) texts[path] = Buffer.from(await readWhole(source, path, 1_000_000)).toString('utf8');
  return texts;
};

describe('a zip', () => {
  const files = { 'manifest.json': '{}', 'a/b.txt': 'hello '.repeat(100), 'a/empty.jsonl': '' };

  test.each([{}, { compress: false }, { forceZip64Format: true }])('is read as it was written: %j', async (options) => {
    expect(await open(await zip(files, options))).toEqual(files);
  });

  test('whose bytes are changed anywhere is refused, or reads differently, or the same: it never hangs or crashes', async () => {
    const bytes = await zip(files);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const other = bytes.slice();
        other[at] = (other[at] as number) ^ change;
        await open(other).catch((error: { name: string }) => expect(error.name).toBe('CoreError'));
      }),
      { numRuns: 300 },
    );
  });

  test('that is cut, longer, or empty is refused', async () => {
    const bytes = await zip(files);
    for (const wrong of [bytes.subarray(0, -1), new Uint8Array(0), Buffer.concat([bytes, Buffer.from('x')]), bytes.subarray(1)]) {
      await expect(open(wrong)).rejects.toMatchObject({ code: 'zip-malformed' });
    }
  });

  test.each(['../x', '/x', 'a//b', 'a/', './a', 'a/..', 'a\\b', 'C:x', 'ü'])('with a file named %s is refused', async (name) => {
    const bytes = Buffer.from(await zip({ ['n'.repeat(Buffer.byteLength(name))]: 'x' }, { compress: false }));
    for (let at = bytes.indexOf('n'.repeat(Buffer.byteLength(name))); at >= 0; at = bytes.indexOf('n'.repeat(Buffer.byteLength(name)), at)) bytes.write(name, at);
    await expect(readZip(inMemory(bytes))).rejects.toMatchObject({ code: 'zip-malformed' });
  });

  test('with one name twice, or in other letters, is refused', async () => {
    const bytes = Buffer.from(await zip({ aaa: '1', bbb: '2' }));
    for (const name of ['aaa', 'AAA']) {
      const other = Buffer.from(bytes);
      for (let at = other.indexOf('bbb'); at >= 0; at = other.indexOf('bbb', at)) other.write(name, at);
      await expect(readZip(inMemory(other))).rejects.toMatchObject({ code: 'zip-malformed' });
    }
  });

  test('whose entry has another name before its content is refused when it is read', async () => {
    const bytes = Buffer.from(await zip({ aaa: '1' }));
    bytes.write('bbb', bytes.indexOf('aaa'));
    await expect(open(bytes)).rejects.toMatchObject({ code: 'zip-malformed' });
  });

  test('that unpacks to more than it states is refused before more is read', async () => {
    const bytes = Buffer.from(await zip({ bomb: '0'.repeat(1_000_000) }));
    const central = bytes.lastIndexOf(Buffer.from('504b0102', 'hex'));
    bytes.writeUInt32LE(10, central + 24);
    await expect(open(bytes)).rejects.toMatchObject({ code: 'zip-malformed' });
  });
});

describe('lines', () => {
  const lines = async (text: string, piece: number): Promise<string[]> => {
    const found: string[] = [];
    for await (const line of readLines(memoryBundle(new Map([['f', utf8(text)]]), piece), 'f')) found.push(Buffer.from(line).toString('utf8'));
    return found;
  };

  test('are what stands before each line end, however the bytes come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', ' '))), fc.integer({ min: 1, max: 50 }), async (texts, piece) => {
        expect(await lines(texts.map((text) => `${text}\n`).join(''), piece)).toEqual(texts);
      }),
    );
  });

  test('without an end, or without end, are refused', async () => {
    await expect(lines('a\nb', 10)).rejects.toMatchObject({ code: 'evidence-malformed', at: '2' });
    await expect(lines('x'.repeat(3_000_000), 100_000)).rejects.toMatchObject({ code: 'evidence-malformed', at: '1' });
  });
});
