import { ed25519 } from '@noble/curves/ed25519.js';
import { EVIDENCE_KEY_OPENED, formatStatement, IN_TOTO_TYPE } from '../../src/core/attestation.ts';
import type { BundleControls, BundleEnvelope, BundleManifest, BundleRow } from '../../src/core/bundle-documents.ts';
import { controlFile } from '../../src/core/bundle-envelope.ts';
import type { BundleSource } from '../../src/core/bundle-source.ts';
import { toBase64, toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import { consistencyProof } from '../../src/core/consistency-proof.ts';
import { formatDsse, preAuthEncoding } from '../../src/core/dsse.ts';
import { parseEntry } from '../../src/core/entry.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { drawSample, sampleSeed } from '../../src/core/sample.ts';
import { sha256 } from '../../src/core/sha256.ts';
import { ed25519Spki, spkiKeyId } from '../../src/core/spki.ts';
import { treeRoot } from '../../src/core/tree-root.ts';
import { SampleLog } from './sample-log.ts';

/** A bundle before its digests are taken, to be changed as somebody would who may sign it. */
export interface BundleDraft {
  manifest: Omit<BundleManifest, 'files'>;
  controls: BundleControls;
  populations: PopulationDraft[];
  /** All other files, by path. */
  files: Map<string, string>;
}

export interface PopulationDraft {
  envelope: BundleEnvelope;
  rows: JsonValue[];
  csv: string;
  exceptions: JsonValue[];
  samples: Map<string, JsonValue[]>;
}

const ROWS = 60;
const NONCE = toHex(sha256(utf8('the auditor’s')));
const EARLIER = 20;
const POLICY_FILES = new Map([
  ['controls/soc2.yaml', 'framework: soc2\r\n'],
  ['roles/auditor.yaml', 'allow:\n  - read log\n'],
]);

/** An evidence key that stands for one word: no secret, the same at every run. */
export function evidenceKey(word: string): { der: Uint8Array; keyid: string; sign: (message: Uint8Array) => Uint8Array } {
  const seed = sha256(utf8(word));
  const der = ed25519Spki(ed25519.getPublicKey(seed));
  return { der, keyid: spkiKeyId(der), sign: (message) => ed25519.sign(message, seed) };
}

/** A small bundle that is right in everything, but for what `change` does to it before it is signed. */
export class SampleBundle {
  readonly log = new SampleLog();
  readonly key = evidenceKey('evidence');
  readonly keyIndex: number;

  constructor() {
    this.log.append({ type: 'log-opened' });
    this.keyIndex = this.log.append({ type: EVIDENCE_KEY_OPENED, principal: 'system', body: { publicKey: toBase64(this.key.der), keyid: this.key.keyid } });
    for (let i = 0; i < ROWS; i++) this.log.append({ body: { id: `=p-${i}`, note: 'a "b"' } });
  }

  async draft(): Promise<BundleDraft> {
    const { log } = this;
    const root = toHex(await treeRoot(log.size, log.read));
    const policies = Object.fromEntries([...POLICY_FILES].map(([path, text]) => [path, digest(text.replaceAll('\r\n', '\n'))]));
    const manifest: BundleDraft['manifest'] = {
      v: 1,
      framework: { id: 'soc2', title: 'SOC 2', edition: '2017', path: 'policies/controls/soc2.yaml', digest: policies['controls/soc2.yaml'] as string },
      period: { from: '2026-11-22T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' },
      log: { origin: log.origin, size: log.size, root, first: 0, last: log.size - 1, time: this.entry(log.size - 1).time },
      nonce: NONCE,
      view: { principal: 'prn_5e1f0c9a7b3d2846aa17c0de', role: 'auditor', rule: 'auditors-export', policy: digest(canonicalize(policies)), receipts: true },
      erasures: { count: 0 },
      populations: [],
    };
    const populations = [await this.predictions(manifest), this.totals(manifest)];
    manifest.populations = populations.map(({ envelope }) => ({ assertion: envelope.assertion, envelope: `populations/${envelope.assertion}/envelope.json`, verdict: envelope.verdict }));
    const bearing = (id: string) => populations.filter(({ envelope }) => envelope.controls.includes(id)).map(({ envelope }) => ({ id: envelope.assertion, verdict: envelope.verdict, strength: envelope.strength, caveat: envelope.caveat }));
    const controls: BundleControls = {
      v: 1,
      framework: 'soc2',
      controls: [
        { id: 'CC8.1', title: 'Changes', text: 'Changes are authorized.', quoted: false, cites: 'TSC 2017', verdict: 'partial', assertions: bearing('CC8.1') },
        { id: 'PI1.2(a)', title: 'Inputs', text: 'Inputs are complete.', quoted: false, cites: 'TSC 2017', verdict: 'partial', assertions: bearing('PI1.2(a)') },
      ],
    };
    const files = new Map([
      ['README.html', '<!doctype html><title>report</title>'],
      ['README.pdf', '%PDF-1.7'],
      ['verify.mjs', '// verifier'],
      ['log/checkpoint', await log.checkpoint()],
      ['log/vkeys.json', canonicalize({ keys: [{ vkey: log.signer.vkey, firstIndex: 0 }] })],
      ['log/consistency.jsonl', `${canonicalize(await this.consistency(root))}\n`],
      ...[...POLICY_FILES].map(([path, text]): [string, string] => [`policies/${path}`, text]),
    ]);
    return { manifest, controls, populations, files };
  }

  /** The bundle's files, signed by its evidence key. */
  async files(change: (draft: BundleDraft) => void = () => undefined, key = this.key): Promise<Map<string, Uint8Array>> {
    const draft = await this.draft();
    change(draft);
    const files = new Map(draft.files);
    for (const population of draft.populations) addPopulation(files, population);
    files.set('controls.json', canonicalize(draft.controls));
    const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
    const named = sorted.map(([path, text]) => ({ path, ...digested(text) }));
    const manifest = canonicalize({ ...draft.manifest, files: named });
    const bytes = new Map<string, Uint8Array>([['manifest.json', utf8(manifest)], ...sorted.map(([path, text]): [string, Uint8Array] => [path, utf8(text)])]);
    return bytes.set('attestation.dsse.json', utf8(await this.attest(digest(manifest), key)));
  }

  async attest(manifest: string, key = this.key): Promise<string> {
    const payload = utf8(formatStatement({ manifest, signedAt: '2026-11-24T09:00:00.000Z', key: await this.log.receipt(this.keyIndex) }));
    return formatDsse({ payloadType: IN_TOTO_TYPE, payload, signatures: [{ keyid: key.keyid, sig: key.sign(preAuthEncoding(IN_TOTO_TYPE, payload)) }] });
  }

  private entry(index: number): { index: number; time: string } {
    return parseEntry(this.log.entries[index] as Uint8Array);
  }

  private async predictions(manifest: BundleDraft['manifest']): Promise<PopulationDraft> {
    const rows = Array.from({ length: ROWS }, (_, i): BundleRow => {
      const { index, time } = this.entry(i + 2);
      return { index, time, id: `=p-${i}`, note: 'a "b"', late: i === 7, score: i % 2 === 0 ? 0.5 : null };
    });
    const columns: BundleEnvelope['columns'] = [
      { name: 'index', type: 'number', nullable: false, meaning: 'leaf index' },
      { name: 'time', type: 'time', nullable: false, meaning: 'time of the entry' },
      { name: 'id', type: 'text', nullable: false, meaning: 'the producer’s id' },
      { name: 'note', type: 'text', nullable: false, meaning: 'a note' },
      { name: 'late', type: 'truth', nullable: false, meaning: 'whether it was late' },
      { name: 'score', type: 'number', nullable: true, meaning: 'the score' },
    ];
    const base = envelopeOf(manifest, 'predictions-approved', ['CC8.1', 'PI1.2(a)'], 'entries', columns, rows.length);
    const samples = new Map<string, JsonValue[]>();
    for (const [control, n] of [['CC8.1', 10], ['PI1.2(a)', ROWS]] as const) {
      const seed = sampleSeed(manifest.log.root, control, manifest.nonce);
      const drawn = drawSample(seed, ROWS, n);
      base.samples.push({ control, method: n === ROWS ? 'all' : 'seeded', seed: toHex(seed), n, rows: drawn, file: file(`samples/predictions-approved/${controlFile(control)}`) });
      samples.set(control, await Promise.all(drawn.map((row) => this.sampleLine(row, rows[row] as BundleRow, control === 'CC8.1'))));
    }
    const exceptions = [{ row: 7, index: 9, why: 'unapproved-version', text: 'the version had no approval', disposition: 12 }];
    const envelope: BundleEnvelope = {
      ...base,
      exceptions: { ...base.exceptions, count: 1, reasons: { 'unapproved-version': 1 } },
      controlTotals: [{ name: 'population', left: { predictions: ROWS }, right: { rows: ROWS }, holds: true }],
      gapCheck: { of: 'entries', expected: ROWS, found: ROWS, gapCount: 0, gaps: [] },
      rule: 'no-exceptions',
      verdict: 'partial',
    };
    return { envelope, rows, csv: csv(columns, rows), exceptions, samples };
  }

  private async sampleLine(row: number, values: BundleRow, opened: boolean): Promise<JsonValue> {
    const { entry, proof, payload, salt } = await this.log.receipt(row + 2);
    return { row, values: { ...values }, entry, proof, ...(opened && { payload, salt }) };
  }

  private totals(manifest: BundleDraft['manifest']): PopulationDraft {
    const columns: BundleEnvelope['columns'] = [
      { name: 'producer', type: 'text', nullable: false, meaning: 'who sent' },
      { name: 'received', type: 'number', nullable: false, meaning: 'records received' },
    ];
    const rows: BundleRow[] = [{ producer: 'prn_1', received: 40 }, { producer: 'prn_2', received: 20 }];
    const base = envelopeOf(manifest, 'intake-totals', ['PI1.2(a)'], 'aggregate', columns, rows.length);
    const seed = sampleSeed(manifest.log.root, 'PI1.2(a)', manifest.nonce);
    base.samples.push({ control: 'PI1.2(a)', method: 'all', seed: toHex(seed), n: 2, rows: [0, 1], file: file('samples/intake-totals/PI1.2_a_.jsonl') });
    const envelope: BundleEnvelope = {
      ...base,
      controlTotals: [
        { name: 'population', left: { entries: 60 }, right: { counted: 60 }, holds: true },
        { name: 'received', left: { received: 60 }, right: { accepted: 58, refused: 2 }, holds: true },
      ],
      rule: 'listed',
      verdict: 'evidenced',
    };
    const lines = rows.map((values, row): JsonValue => ({ row, values: { ...values }, entry: null, proof: null }));
    return { envelope, rows, csv: csv(columns, rows), exceptions: [], samples: new Map([['PI1.2(a)', lines]]) };
  }

  private async consistency(root: string): Promise<JsonValue> {
    const { log } = this;
    const hashes = await consistencyProof(EARLIER, log.size, log.read);
    const from = { size: EARLIER, root: toHex(await treeRoot(EARLIER, log.read)), note: await log.checkpoint(EARLIER) };
    return { from, to: { size: log.size, root }, hashes: hashes.map(toBase64) };
  }
}

function envelopeOf(manifest: BundleDraft['manifest'], assertion: string, controls: string[], basis: BundleEnvelope['basis'], columns: BundleEnvelope['columns'], rowCount: number): BundleEnvelope {
  const { log, period, view } = manifest;
  const { time, ...range } = log;
  const query = { name: assertion, v: 1, parameters: { days: 30 } };
  const folder = `populations/${assertion}`;
  return {
    v: 1, assertion, name: `Population ${assertion}`, question: 'Was it so?', controls,
    query: { ...query, digest: digest(canonicalize({ name: assertion, parameters: query.parameters, v: 1 })) },
    source: { ...range, checkpoint: 'log/checkpoint' },
    asOf: time, period, generatedBy: { principal: view.principal, role: view.role, policy: view.policy },
    basis, columns, rowCount,
    rows: file(`${folder}/rows.jsonl`), csv: file(`${folder}/rows.csv`),
    controlTotals: [], gapCheck: null, exclusions: [], samples: [],
    exceptions: { ...file(`${folder}/exceptions.jsonl`), count: 0, reasons: {} },
    rule: 'listed', verdict: 'evidenced', because: 'it was so', strength: 'direct', caveat: 'not that it was good',
  };
}

/** To be filled in when the file is there. */
function file(path: string): { path: string; bytes: number; sha256: string } {
  return { path, bytes: 0, sha256: '0'.repeat(64) };
}

function addPopulation(files: Map<string, string>, { envelope, rows, csv: sheet, exceptions, samples }: PopulationDraft): void {
  const put = <T extends { path: string }>(of: T, text: string): T => {
    files.set(of.path, text);
    return { ...of, ...digested(text) };
  };
  const sealed: BundleEnvelope = {
    ...envelope,
    rows: put(envelope.rows, jsonl(rows)),
    csv: put(envelope.csv, sheet),
    exceptions: put(envelope.exceptions, jsonl(exceptions)),
    samples: envelope.samples.map((sample) => ({ ...sample, file: put(sample.file, jsonl(samples.get(sample.control) ?? [])) })),
  };
  files.set(`populations/${envelope.assertion}/envelope.json`, canonicalize(sealed));
}

function jsonl(lines: readonly JsonValue[]): string {
  return lines.map((line) => `${canonicalize(line)}\n`).join('');
}

/** Written apart from the product's own: what is expected must not be what is tested. */
function csv(columns: BundleEnvelope['columns'], rows: readonly BundleRow[]): string {
  const cell = (value: unknown): string => (typeof value === 'string' ? `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).split('"').join('""')}"` : value === null ? '' : JSON.stringify(value));
  return [columns.map(({ name }) => cell(name)), ...rows.map((row) => columns.map(({ name }) => cell(row[name])))].map((cells) => `${cells.join(',')}\r\n`).join('');
}

function digest(text: string): string {
  return toHex(sha256(utf8(text)));
}

function digested(text: string): { bytes: number; sha256: string } {
  return { bytes: utf8(text).length, sha256: digest(text) };
}

/** Files in memory as a bundle, read in small pieces so that lines are cut anywhere. */
export function memoryBundle(files: ReadonlyMap<string, Uint8Array>, piece = 100): BundleSource {
  return {
    files: new Map([...files].map(([path, { length }]) => [path, length])),
    async *read(path) {
      const bytes = files.get(path) ?? new Uint8Array(0);
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
    },
  };
}
