import { beforeAll, describe, expect, test } from '@jest/globals';
import type { BundleReport } from '../../src/core/bundle-report.ts';
import { utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { parseNote, signNote } from '../../src/core/signed-note.ts';
import { verifyBundle } from '../../src/core/verify-bundle.ts';
import { evidenceKey, memoryBundle, SampleBundle, type BundleDraft, type PopulationDraft } from './sample-bundle.ts';
import { testSigner } from './test-signer.ts';

const bundle = new SampleBundle();
const { key: vkey } = bundle.log.signer;
let files: Map<string, Uint8Array>;

beforeAll(async () => {
  files = await bundle.files();
});

const verify = (of: ReadonlyMap<string, Uint8Array>, key = vkey): Promise<BundleReport> => verifyBundle(memoryBundle(of), { vkey: key });
/** `file code` of each finding. */
const found = ({ findings }: BundleReport): string[] => findings.map(({ file, code }) => `${file} ${code}`);
const text = (path: string): string => Buffer.from(files.get(path) ?? []).toString('utf8');

/** The bundle with one file's text changed by somebody who cannot sign. */
function changed(path: string, change: (text: string) => string): Map<string, Uint8Array> {
  const after = change(text(path));
  expect(after).not.toBe(text(path));
  return new Map(files).set(path, utf8(after));
}

describe('a bundle that is right', () => {
  test('is valid, and the report says of each file and sample what was checked', async () => {
    const report = await verify(files);
    expect(report.findings).toEqual([]);
    expect(report.files.map(({ path }) => path).sort()).toEqual([...files.keys()].sort());
    expect(report.files.filter(({ checked }) => checked.length === 0)).toEqual([]);
    expect(report.samples.map(({ drawn, of, proved, opened }) => ({ drawn, of, proved, opened }))).toEqual([
      { drawn: 10, of: 60, proved: 10, opened: 10 },
      { drawn: 60, of: 60, proved: 60, opened: 0 },
      { drawn: 2, of: 2, proved: 0, opened: 0 },
    ]);
    expect(report.proved).toHaveLength(5);
    expect(report.notProved.join('\n')).not.toMatch(/taken from the bundle itself|no nonce/);
  });

  test('is checked without a key too, and then says whose word that is', async () => {
    const report = await verifyBundle(memoryBundle(files, 100_000));
    expect(report.findingCount).toBe(0);
    expect(report.notProved[0]).toMatch(/taken from the bundle itself/);
  });

  test('whose earlier checkpoint was signed before the log’s key was rotated holds, and one by a key that the log does not name does not', async () => {
    const older = testSigner(bundle.log.origin, 'older');
    const note = await signNote(parseNote(await bundle.log.checkpoint(20)).text, [older]);
    const rotated = (keys: string[]) => bundle.files(({ files: drafted }) => {
      drafted.set('log/vkeys.json', canonicalize({ keys: keys.map((vkey, i) => ({ vkey, firstIndex: i * 30 })) }));
      const line = JSON.parse(drafted.get('log/consistency.jsonl') ?? '') as { from: { note: string } };
      line.from.note = note;
      drafted.set('log/consistency.jsonl', `${canonicalize(line)}\n`);
    });
    const { vkey: own, key } = bundle.log.signer;
    expect(found(await verify(await rotated([older.vkey, own]), key))).toEqual([]);
    expect(found(await verify(await rotated([own]), key))).toEqual(['log/consistency.jsonl note-unsigned']);
  });

  test('of another log than the key’s is not', async () => {
    const report = await verify(files, testSigner(bundle.log.origin, 'another').key);
    expect(found(report)).toContain('log/vkeys.json evidence-contradiction');
    expect(report.proved).toEqual([]);
  });
});

describe('somebody who cannot sign changed', () => {
  const PREDICTIONS = 'populations/predictions-approved';
  test.each([
    ['a row', `${PREDICTIONS}/rows.jsonl`, (rows: string) => rows.replace('"late":false', '"late":true')],
    ['a cell', `${PREDICTIONS}/rows.csv`, (rows: string) => rows.replace('false', 'true')],
    ['an exception', `${PREDICTIONS}/exceptions.jsonl`, () => ''],
    ['a total', 'populations/intake-totals/envelope.json', (envelope: string) => envelope.replace('"accepted":58', '"accepted":59')],
    ['a sample', 'samples/predictions-approved/CC8.1.jsonl', (lines: string) => lines.slice(lines.indexOf('\n') + 1)],
    ['a proof', 'samples/predictions-approved/PI1.2_a_.jsonl', (lines: string) => lines.replace(/(index 3\\n)(.)/, (_, line: string, first: string) => line + (first === 'A' ? 'B' : 'A'))],
    ['the log’s key', 'log/vkeys.json', (keys: string) => keys.replace(bundle.log.signer.vkey, testSigner(bundle.log.origin, 'another').vkey)],
    ['the checkpoint', 'log/checkpoint', (note: string) => note.replace('\n62\n', '\n61\n')],
    ['a consistency proof', 'log/consistency.jsonl', (lines: string) => lines.replace('"size":20', '"size":21')],
    ['the report', 'README.html', (page: string) => page.replace('report', 'Report')],
    ['a policy', 'policies/roles/auditor.yaml', (rules: string) => `${rules}  - erase subject\n`],
    ['a control', 'controls.json', (controls: string) => controls.replace('"verdict":"partial"', '"verdict":"evidenced"')],
    ['the verifier', 'verify.mjs', (code: string) => `${code}!`],
  ])('%s', async (_what, path, change) => {
    expect(found(await verify(changed(path, change)))).toContain(`${path} evidence-file-changed`);
  });

  test('the manifest', async () => {
    const report = await verify(changed('manifest.json', (manifest) => manifest.replace('"title":"SOC 2"', '"title":"SOC 3"')));
    expect(found(report)).toEqual(['manifest.json evidence-file-changed']);
  });

  test('the manifest, so that it is none', async () => {
    for (const change of [() => '', () => '{}', (manifest: string) => ` ${manifest}`, (manifest: string) => manifest.replace('{', '{"extra":1,')]) {
      expect((await verify(changed('manifest.json', change))).findings[0]).toMatchObject({ file: 'manifest.json' });
    }
  });

  test('the attestation', async () => {
    const report = await verify(changed('attestation.dsse.json', (envelope) => envelope.replace(/"sig":"(.)/, (_, first: string) => `"sig":"${first === 'A' ? 'B' : 'A'}`)));
    expect(found(report)).toEqual(['attestation.dsse.json dsse-signature-invalid']);
  });

  test('by removing a file, or adding one', async () => {
    for (const path of files.keys()) {
      const without = new Map(files);
      without.delete(path);
      expect(found(await verify(without))).toContain(`${path} evidence-file-missing`);
    }
    expect(found(await verify(new Map(files).set('populations/more.jsonl', utf8('{}\n'))))).toEqual(['populations/more.jsonl evidence-file-added']);
  });

  test('all digests, and signed with a key of their own', async () => {
    const report = await verify(await bundle.files(({ manifest }) => { manifest.framework.title = 'SOC 3'; }, evidenceKey('mine')));
    expect(found(report)).toEqual(['attestation.dsse.json dsse-signature-invalid']);
  });

  test('all digests, and says that the log names their key', async () => {
    const other = new SampleBundle();
    const theirs = await other.files();
    const envelope = JSON.parse(Buffer.from(theirs.get('attestation.dsse.json') ?? []).toString('utf8')) as { payload: string };
    const statement = Buffer.from(envelope.payload, 'base64').toString('utf8').replace(other.key.keyid, evidenceKey('mine').keyid);
    envelope.payload = Buffer.from(statement).toString('base64');
    expect(found(await verify(new Map(theirs).set('attestation.dsse.json', utf8(JSON.stringify(envelope)))))).toContain('attestation.dsse.json evidence-key-unproven');
  });
});

describe('somebody who may sign changed', () => {
  const first = ({ populations }: BundleDraft): PopulationDraft => populations[0] as PopulationDraft;
  const row = (draft: BundleDraft, n: number): Record<string, JsonValue> => first(draft).rows[n] as Record<string, JsonValue>;
  const line = (draft: BundleDraft, control: string, n: number): Record<string, JsonValue> => first(draft).samples.get(control)?.[n] as Record<string, JsonValue>;
  const ROWS = 'populations/predictions-approved/rows.jsonl';
  const ENVELOPE = 'populations/predictions-approved/envelope.json';
  const SAMPLE = 'samples/predictions-approved/CC8.1.jsonl';
  const ALL = 'samples/predictions-approved/PI1.2_a_.jsonl';

  test.each<[string, (draft: BundleDraft) => void, string[]]>([
    ['a row alone', (draft) => { row(draft, 3)['note'] = 'b'; }, ['populations/predictions-approved/rows.csv evidence-row-mismatch', `${ALL} evidence-sample-mismatch`]],
    ['a row’s index', (draft) => { row(draft, 3)['index'] = 2; }, [`${ROWS} evidence-row-mismatch`]],
    ['a row’s form', (draft) => { row(draft, 3)['late'] = 'no'; }, [`${ROWS} evidence-malformed`]],
    ['the number of rows', (draft) => { first(draft).rows.pop(); }, [`${ROWS} evidence-total-mismatch`, 'populations/predictions-approved/rows.csv evidence-row-mismatch']],
    ['a total', (draft) => { first(draft).envelope.controlTotals[0] = { name: 'population', left: { predictions: 61 }, right: { rows: 60 }, holds: true }; }, [`${ENVELOPE} evidence-total-mismatch`, `${ENVELOPE} evidence-verdict-mismatch`]],
    ['the exceptions', (draft) => { first(draft).exceptions = []; }, ['populations/predictions-approved/exceptions.jsonl evidence-total-mismatch', `${ENVELOPE} evidence-verdict-mismatch`]],
    ['a verdict', (draft) => { first(draft).envelope.verdict = 'evidenced'; }, [`${ENVELOPE} evidence-contradiction`]],
    ['a control’s verdict', ({ controls }) => { (controls.controls[0] as { verdict: string }).verdict = 'evidenced'; }, ['controls.json evidence-verdict-mismatch']],
    ['which rows were drawn', (draft) => { const rows = first(draft).envelope.samples[0]?.rows ?? []; rows.splice(0, 1, rows[0] === 0 ? 1 : 0); }, [`${SAMPLE} evidence-sample-mismatch`]],
    ['the seed', (draft) => { (first(draft).envelope.samples[0] as { seed: string }).seed = '1'.repeat(64); }, [`${SAMPLE} evidence-sample-mismatch`]],
    ['a sample’s row', (draft) => { (line(draft, 'CC8.1', 0)['values'] as Record<string, JsonValue>)['note'] = 'c'; }, [`${SAMPLE} evidence-sample-mismatch`]],
    ['an entry', (draft) => { line(draft, 'CC8.1', 0)['entry'] = line(draft, 'CC8.1', 1)['entry'] as string; }, [`${SAMPLE} `]],
    ['a proof', (draft) => { line(draft, 'CC8.1', 0)['proof'] = line(draft, 'CC8.1', 1)['proof'] as string; }, [`${SAMPLE} inclusion-invalid`]],
    ['a payload', (draft) => { line(draft, 'CC8.1', 0)['salt'] = '0'.repeat(64); }, [`${SAMPLE} commitment-mismatch`]],
    ['the checkpoint', ({ files: kept }) => { kept.set('log/checkpoint', String(kept.get('log/checkpoint')).replace('\n62\n', '\n61\n')); }, ['log/checkpoint note-signature-invalid']],
    ['the root', ({ manifest }) => { (manifest.log as { root: string }).root = '0'.repeat(64); }, ['log/checkpoint root-mismatch']],
    ['the nonce', ({ manifest }) => { (manifest as { nonce: string }).nonce = '0'.repeat(64); }, [`${SAMPLE} evidence-sample-mismatch`]],
    ['the query', (draft) => { first(draft).envelope.query.parameters['days'] = 31; }, [`${ENVELOPE} evidence-contradiction`]],
    ['a policy', ({ files: kept }) => { kept.set('policies/roles/auditor.yaml', 'allow: all\n'); }, ['policies/ evidence-contradiction']],
    ['a stray file', ({ files: kept }) => { kept.set('setup.exe', 'MZ'); }, ['setup.exe evidence-file-added']],
    ['a stray sample', ({ files: kept }) => { kept.set('samples/predictions-approved/CC9.jsonl', ''); }, ['samples/predictions-approved/CC9.jsonl evidence-file-added']],
  ])('%s', async (_what, change, expected) => {
    const findings = found(await verify(await bundle.files(change)));
    for (const each of expected) expect(findings.join('\n')).toContain(each);
  });
});
