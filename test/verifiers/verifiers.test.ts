import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createContext, Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BundleReport } from '../../src/core/bundle-report.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { SampleBundle } from '../core/sample-bundle.ts';
import { testSigner } from '../core/test-signer.ts';
import { zipOf } from '../core/zip-of.ts';

const run = promisify(execFile);
const bundle = new SampleBundle();
const { vkey, key } = bundle.log.signer;
const folder = mkdtempSync(join(tmpdir(), 'pl-verifiers-'));
let files: Map<string, Uint8Array>;

beforeAll(async () => {
  await run(process.execPath, ['src/verifiers/build.mjs', '--out', folder]);
  files = await bundle.files();
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SCRIPT = /<script>([^]*?)<\/script>/;
const page = (): string => readFileSync(join(folder, 'verify.html'), 'utf8');

/** What `node verify.mjs` says of a zip or folder. */
async function byNode(place: string, ...options: string[]): Promise<{ code: number; text: string }> {
  try {
    // Nothing of this project is near it, and no environment: one file and Node.
    const { stdout } = await run(process.execPath, [join(folder, 'verify.mjs'), place, ...options], { cwd: folder, env: {} });
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

type VerifyFile = (file: Blob, vkey: string, onProgress: () => void) => Promise<BundleReport>;
let verifyFile: VerifyFile | undefined;

/** What the page's own script says, run with nothing but what a browser has, and no document. */
async function byPage(zip: Uint8Array, withKey: string): Promise<BundleReport> {
  if (verifyFile === undefined) {
    const browser = createContext({ Blob, DecompressionStream, TextEncoder, TextDecoder, performance, setTimeout, Uint8Array, ArrayBuffer, DataView });
    new Script(SCRIPT.exec(page())?.[1] ?? '').runInContext(browser);
    ({ verifyEvidenceBundle: verifyFile } = browser as { verifyEvidenceBundle: VerifyFile });
  }
  return verifyFile(new Blob([Buffer.from(zip)]), withKey, () => undefined);
}

/** Both verifiers on one zip: the same findings, and valid or not by both. */
async function both(of: ReadonlyMap<string, Uint8Array>, withKey = vkey): Promise<string[]> {
  const zip = await zipOf(of);
  const path = join(folder, 'bundle.zip');
  writeFileSync(path, zip);
  const { code, text } = await byNode(path, '--vkey', withKey, '--json');
  const report = await byPage(zip, withKey);
  const told = JSON.parse(text) as BundleReport & { result: string };
  expect(told.findings).toEqual(JSON.parse(JSON.stringify(report.findings)));
  expect([code, told.result]).toEqual(report.findingCount === 0 ? [0, 'valid'] : [1, 'not-valid']);
  return report.findings.map((finding) => `${finding.file} ${finding.code}`);
}

describe('verify.mjs and verify.html', () => {
  test('find a right bundle right', async () => {
    expect(await both(files)).toEqual([]);
  });

  const replace = (path: string, from: RegExp, to: string): Map<string, Uint8Array> => {
    const text = Buffer.from(files.get(path) ?? []).toString('utf8');
    expect(text).toMatch(from);
    return new Map(files).set(path, utf8(text.replace(from, to)));
  };
  const without = (path: string): Map<string, Uint8Array> => {
    const rest = new Map(files);
    rest.delete(path);
    return rest;
  };

  test.each<[string, () => Map<string, Uint8Array>, string]>([
    ['a row', () => replace('populations/predictions-approved/rows.jsonl', /"late":false/, '"late":true'), 'populations/predictions-approved/rows.jsonl'],
    ['a total', () => replace('populations/intake-totals/envelope.json', /"accepted":58/, '"accepted":59'), 'populations/intake-totals/envelope.json'],
    ['a sample', () => replace('samples/predictions-approved/CC8.1.jsonl', /^.*\n/, ''), 'samples/predictions-approved/CC8.1.jsonl'],
    ['a proof', () => replace('samples/predictions-approved/PI1.2_a_.jsonl', /(index 3\\n.)./, '$1!'), 'samples/predictions-approved/PI1.2_a_.jsonl'],
    ['a key', () => new Map(files).set('log/vkeys.json', utf8(`{"keys":[{"firstIndex":0,"vkey":"${testSigner(bundle.log.origin, 'another').vkey}"}]}`)), 'log/vkeys.json'],
    ['the manifest', () => replace('manifest.json', /"title":"SOC 2"/, '"title":"SOC 3"'), 'manifest.json'],
    ['the report', () => replace('README.html', /report/, 'Report'), 'README.html'],
    ['the attestation', () => replace('attestation.dsse.json', /"sig":"../, '"sig":"AA'), 'attestation.dsse.json'],
    ['a file removed', () => without('samples/intake-totals/PI1.2_a_.jsonl'), 'samples/intake-totals/PI1.2_a_.jsonl'],
    ['a file added', () => new Map(files).set('populations/predictions-approved/rows-2.jsonl', utf8('')), 'populations/predictions-approved/rows-2.jsonl'],
  ])('name the file of %s', async (_what, change, path) => {
    expect((await both(change())).map((finding) => finding.split(' ')[0])).toContain(path);
  });

  test('name what somebody changed who may sign', async () => {
    const signed = await bundle.files(({ populations: [first] }) => {
      if (first === undefined) throw new Error('no population');
      first.envelope.controlTotals[0] = { name: 'population', left: { predictions: 61 }, right: { rows: 60 }, holds: true };
      const [one, other] = first.samples.get('CC8.1') as { proof: string }[];
      if (one !== undefined && other !== undefined) one.proof = other.proof;
    });
    expect(await both(signed)).toEqual(expect.arrayContaining(['populations/predictions-approved/envelope.json evidence-total-mismatch', 'samples/predictions-approved/CC8.1.jsonl inclusion-invalid']));
  });

  test('refuse what is no zip', async () => {
    writeFileSync(join(folder, 'none.zip'), 'no zip');
    expect(await byNode(join(folder, 'none.zip'))).toMatchObject({ code: 1, text: expect.stringContaining('zip-malformed') });
    await expect(byPage(utf8('no zip'), vkey)).rejects.toMatchObject({ code: 'zip-malformed' });
  });
});

describe('verify.mjs', () => {
  test('verifies the folder in which it lies, and says of each file what was checked and what was not proved', async () => {
    const place = join(folder, 'unpacked');
    const self = await bundle.files(({ files: kept }) => kept.set('verify.mjs', readFileSync(join(folder, 'verify.mjs'), 'utf8')));
    for (const [path, bytes] of self) {
      mkdirSync(dirname(join(place, path)), { recursive: true });
      writeFileSync(join(place, path), bytes);
    }
    const { stdout } = await run(process.execPath, [join(place, 'verify.mjs')], { cwd: tmpdir(), env: {} });
    expect(stdout).toMatch(/^VALID\n/);
    for (const path of self.keys()) expect(stdout).toContain(`  ${path}, `);
    expect(stdout).toContain('not proved: ');
    expect(stdout).toContain('taken from the bundle itself');
  });

  test('tells what it could not check from what is not valid', async () => {
    expect(await byNode(join(folder, 'nowhere'))).toMatchObject({ code: 2, text: expect.stringMatching(/^COULD NOT CHECK/) });
    expect((await byNode(folder, '--vkey', 'none')).code).toBe(2);
    expect((await byNode(folder, '--unknown')).code).toBe(2);
    expect(await byNode('--help')).toMatchObject({ code: 0, text: expect.stringContaining('Exit codes') });
  });

  test('says that it is of the key that was given', async () => {
    writeFileSync(join(folder, 'key'), `${vkey}\n`);
    writeFileSync(join(folder, 'bundle.zip'), await zipOf(files));
    const { text } = await byNode(join(folder, 'bundle.zip'), '--vkey', '@key');
    expect(text).toContain(key.name);
    expect(text).not.toContain('taken from the bundle itself');
  });
});

describe('the verifiers’ build', () => {
  test('has the digests that docs/verifier-digests.md publishes', () => {
    const published = readFileSync('docs/verifier-digests.md', 'utf8');
    for (const name of ['verify.mjs', 'verify.html']) {
      expect(published).toContain(createHash('sha256').update(readFileSync(join(folder, name))).digest('hex'));
    }
  });

  test('brings the licence of each package that is in it', () => {
    for (const name of ['verify.mjs', 'verify.html']) {
      const text = readFileSync(join(folder, name), 'utf8');
      for (const holder of ['@noble/curves', '@noble/hashes', '@scure/base', 'Permission is hereby granted', 'Paul Miller']) expect(text).toContain(holder);
    }
  });

  test('asks nothing of any server: its policy lets its own script and style in, and nothing else', () => {
    const html = page();
    const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64');
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    expect(policy).toBe(`default-src 'none'; script-src 'sha256-${sha256(SCRIPT.exec(html)?.[1] ?? '')}'; style-src 'sha256-${sha256(/<style>([^]*?)<\/style>/.exec(html)?.[1] ?? '')}'; form-action 'none'; base-uri 'none'`);
    expect(html.match(/<script|<\/script/g)).toHaveLength(2);
    expect(readFileSync(join(folder, 'verify.mjs'), 'utf8')).not.toMatch(/\b(?:fetch|XMLHttpRequest)\s*\(|from "node:(?:https?|net|tls|dgram|dns)"/);
  });
});
