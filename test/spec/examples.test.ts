/**
 * The examples of docs/spec are what core makes. After a wanted change,
 * `UPDATE_EXAMPLES=1 npm test -- test/spec/examples` writes them anew; the diff shows what changed for everybody.
 */
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { fromHex, toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import { parseCheckpointText } from '../../src/core/checkpoint.ts';
import { CompactRange } from '../../src/core/compact-range.ts';
import type { CoreErrorCode } from '../../src/core/core-error.ts';
import { parseEntry } from '../../src/core/entry.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { parseReceipt } from '../../src/core/receipt.ts';
import { verifyNote } from '../../src/core/signed-note.ts';
import { parseStrictJson } from '../../src/core/strict-json.ts';
import { parseTilePath } from '../../src/core/tile.ts';
import { parseTlogProof } from '../../src/core/tlog-proof.ts';
import { verifyReceipt } from '../../src/core/verify-receipt.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';
import '../core/to-throw-with-code.ts';
import { fenced, vector } from './examples.ts';
import { ERASED_INDEX, PAYLOADS, POLICY, POLICY_FILES, signer } from './example-log.ts';
import { fencedBlocks, SPEC, specPages, withExamples } from './fenced-blocks.ts';

const VECTOR = 'test/vectors/spec-example.json';
const examples = await fenced();
const vectorText = `${JSON.stringify(await vector(), null, 2)}\n`;

if (process.env['UPDATE_EXAMPLES'] === '1') {
  writeFileSync(VECTOR, vectorText);
  for (const page of specPages()) {
    const path = join(SPEC, page);
    writeFileSync(path, withExamples(readFileSync(path, 'utf8'), examples));
  }
}

const blocks = fencedBlocks();

function cases<T>(name: string): T {
  const block = blocks.find((candidate) => candidate.kind === 'cases' && candidate.name === name);
  if (block === undefined) throw new Error(`docs/spec has no cases ${name}`);
  used.add(name);
  return JSON.parse(block.content) as T;
}
const used = new Set<string>();

describe('the examples of docs/spec', () => {
  test.each(blocks.filter(({ kind }) => kind === 'example'))('$file: $name', ({ name, content }) => {
    expect(content).toBe(examples.get(name));
  });

  test('are all shown', () => {
    const shown = new Set(blocks.filter(({ kind }) => kind === 'example').map(({ name }) => name));
    expect([...examples.keys()].filter((name) => !shown.has(name))).toEqual([]);
  });

  test('are those of the vector', () => {
    expect(readFileSync(VECTOR, 'utf8')).toBe(vectorText);
  });

  test('hold: both receipts verify', () => {
    const receipt = verifyReceipt(parseReceipt(examples.get('receipt') ?? ''), signer.key);
    expect(receipt).toMatchObject({ kind: 'receipt', index: 3, treeSize: 9 });
    const erased = verifyReceipt(parseReceipt(examples.get('erased-receipt') ?? ''), signer.key);
    expect(erased).toMatchObject({ kind: 'erased', index: ERASED_INDEX, erasure: { index: 6 } });
  });

  test('hold: bodies have the schema of the catalogue', () => {
    const ajv = new Ajv({ allErrors: true, strict: false });
    formats.default(ajv);
    const envelope = ajv.compile(schema('payload.json'));
    for (const payload of PAYLOADS.filter(({ type }) => type !== 'erasure')) {
      const body = ajv.compile(schema(`${payload.type}-v${payload.v}.json`));
      expect([payload.type, envelope(payload), body(payload.body)]).toEqual([payload.type, true, true]);
    }
  });

  test('hold: the policy digest is that of the files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'policy-example-'));
    try {
      for (const [path, text] of Object.entries(POLICY_FILES)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      expect((await PolicyBundle.read(folder)).digestHex).toBe(POLICY);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('links between pages lead somewhere', () => {
    for (const page of specPages()) {
      for (const [, target = '', anchor] of readSpec(page).matchAll(/\]\(([^)#:]*)(#[^)]*)?\)/g)) {
        const text = readSpec(target === '' ? page : target);
        if (anchor !== undefined) expect(anchorsOf(text)).toContain(anchor);
      }
    }
  });
});

function readSpec(path: string): string {
  return readFileSync(join(SPEC, path), 'utf8');
}

function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => {
    const words = title.toLowerCase().replaceAll(/[^a-z0-9 -]/g, '');
    return `#${words.replaceAll(' ', '-')}`;
  });
}

function schema(name: string): object {
  return JSON.parse(readSpec(join('schemas', name))) as object;
}

describe('the cases of docs/spec', () => {
  test('canonical-json', () => {
    type Case = { text: string; canonical: string } | { text: string; refused: CoreErrorCode };
    for (const entry of cases<Case[]>('canonical-json')) {
      if ('refused' in entry) expect(() => parseStrictJson(entry.text)).toThrowWithCode(entry.refused);
      else expect(canonicalize(parseStrictJson(entry.text))).toBe(entry.canonical);
    }
  });

  test('entry', () => {
    const good = examples.get('entry') ?? '';
    parseEntry(utf8(good));
    for (const { replace, refused } of cases<{ replace: [string, string]; refused: CoreErrorCode }[]>('entry')) {
      expect(good).toContain(replace[0]);
      expect(() => parseEntry(utf8(good.replace(...replace)))).toThrowWithCode(refused);
    }
  });

  test('ct-roots', () => {
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
    const range = new CompactRange();
    for (const [size, root] of cases<string[]>('ct-roots').entries()) {
      expect(toHex(range.root())).toBe(root);
      range.append(leafHash(fromHex(leaves[size] ?? '')));
    }
  });

  test('signed-note', () => {
    const { vkey, note } = cases<{ vkey: string; note: string }>('signed-note');
    expect(verifyNote(note, [parseVkey(vkey)]).text).toBe('This is an example message.\n');
  });

  test('checkpoint-refused', () => {
    parseCheckpointText('a\n1\nRBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=\n');
    for (const text of cases<string[]>('checkpoint-refused')) {
      expect(() => parseCheckpointText(text)).toThrowWithCode('checkpoint-malformed');
    }
  });

  test('tlog-proof-refused', () => {
    const good = `${examples.get('proof')}\n`;
    parseTlogProof(good);
    for (const [from, to] of cases<[string, string][]>('tlog-proof-refused')) {
      expect(good).toContain(from);
      expect(() => parseTlogProof(good.replace(from, to))).toThrowWithCode('proof-malformed');
    }
  });

  test('tile-paths', () => {
    for (const [path, level, index, width] of cases<[string, number | 'entries', number, number][]>('tile-paths')) {
      const tile = { level, index, width };
      const entries = { kind: 'entries', index, width };
      expect(parseTilePath(path)).toEqual(level === 'entries' ? entries : { kind: 'hashes', tile });
    }
    for (const path of cases<string[]>('tile-paths-refused')) {
      expect(() => parseTilePath(path)).toThrowWithCode('tile-path-malformed');
    }
  });

  test('are all run', () => {
    expect(blocks.filter(({ kind, name }) => kind === 'cases' && !used.has(name))).toEqual([]);
  });
});
