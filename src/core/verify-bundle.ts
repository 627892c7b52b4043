import { verifyAttestation, type ProvenAttestation } from './attestation.ts';
import { fromUtf8, toHex } from './bytes.ts';
import { checkControls, checkPolicies } from './bundle-controls.ts';
import { parseControls, parseEnvelope, parseManifest, readDocument, type BundleControls, type BundleEnvelope, type BundleManifest } from './bundle-documents.ts';
import { ATTESTATION, checkFiles, MANIFEST, runningSha256, type RunningHash } from './bundle-files.ts';
import { checkLog, type BundleLog } from './bundle-log.ts';
import { checkPopulation } from './bundle-population.ts';
import { Findings, type BundleReport, type FileCheck } from './bundle-report.ts';
import { readWhole, type BundleSource } from './bundle-source.ts';
import { sentences } from './bundle-sentences.ts';
import { sha256 } from './sha256.ts';
import type { VerifierKey } from './vkey.ts';

export interface VerifyBundleOptions {
  /** The log's key, had from elsewhere. Without it the bundle's own word is taken, and the report says so. */
  vkey?: VerifierKey | undefined;
  /** A SHA-256 that is faster than JavaScript's, where there is one. */
  newHash?: (() => RunningHash) | undefined;
  /** Told the share that is done, from 0 to 1; may wait, so that a page stays alive. */
  onProgress?: ((done: number) => Promise<void> | void) | undefined;
}

const CONTROLS = 'controls.json';
/** A manifest names each file in about 200 bytes; an envelope lists what was drawn. */
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
const MAX_ATTESTATION_BYTES = 1_000_000;

/**
 * Verifies an evidence bundle, offline, trusting nothing in it but what the log's key leads to (docs/spec/bundle.md, "How it is
 * checked"). Reads a piece at a time: memory grows with what is drawn, not with the populations.
 *
 * What does not hold is a finding in the report, never thrown; a source that cannot be read throws.
 */
export async function verifyBundle(source: BundleSource, options: VerifyBundleOptions = {}): Promise<BundleReport> {
  const findings = new Findings();
  const manifestBytes = await findings.during(MANIFEST, () => readIfThere(source, MANIFEST, findings, MAX_DOCUMENT_BYTES));
  const digest = manifestBytes === undefined ? null : toHex(sha256(manifestBytes));
  const manifest = manifestBytes === undefined ? undefined : findings.at(MANIFEST, () => readDocument(manifestBytes, parseManifest));
  if (manifest === undefined) return { ...nothing(digest), findings: findings.list, findingCount: findings.count, ...sentences({ findings }) };
  const progress = new Progress(source, options);
  const checks = await checkFiles(source, manifest, findings, { newHash: options.newHash ?? runningSha256, onBytes: (bytes) => progress.add(bytes) });
  const log = await checkLog(source, manifest, options.vkey, findings);
  const attestation = await checkAttestation(source, digest ?? '', log, findings);
  if (log !== undefined) sayLog(checks, log);
  await checkPolicies(source, manifest, checks, findings);
  const envelopes = await readEnvelopes(source, manifest, findings);
  const controls = await readControls(source, manifest, envelopes, findings, checks);
  const samples = [];
  let rows = 0;
  for (const envelope of envelopes.values()) {
    samples.push(...(await checkPopulation({ source, manifest, envelope, log, files: checks, findings, onRow: () => progress.tick() })));
    rows += envelope.rowCount;
  }
  await progress.end();
  const { framework, period, log: range } = manifest;
  const files = [own(MANIFEST, source, attestation), ...checks.values(), ...(attestation === undefined ? [] : [own(ATTESTATION, source, attestation)])];
  for (const file of files) file.notProved.push(...unprovenOf(file.path));
  return {
    digest,
    about: { framework: framework.title, edition: framework.edition, ...period, origin: range.origin, size: range.size },
    controls: controls?.controls.map(({ id, title, verdict }) => ({ id, title, verdict })) ?? [],
    files,
    samples,
    findings: findings.list,
    findingCount: findings.count,
    ...sentences({ findings, manifest, digest: digest ?? '', log, given: options.vkey !== undefined, attestation, samples, populations: envelopes.size, rows }),
  };
}

async function readIfThere(source: BundleSource, path: string, findings: Findings, limit: number): Promise<Uint8Array | undefined> {
  if (source.files.has(path)) return readWhole(source, path, limit);
  findings.add(path, 'evidence-file-missing', 'a bundle has this file');
  return undefined;
}

async function checkAttestation(source: BundleSource, digest: string, log: BundleLog | undefined, findings: Findings): Promise<ProvenAttestation | undefined> {
  const bytes = await findings.during(ATTESTATION, () => readIfThere(source, ATTESTATION, findings, MAX_ATTESTATION_BYTES));
  if (bytes === undefined || log === undefined) return undefined;
  const attestation = findings.at(ATTESTATION, () => verifyAttestation(fromUtf8(bytes), log.vkey));
  if (attestation === undefined) return undefined;
  if (attestation.manifest === digest) return attestation;
  findings.add(MANIFEST, 'evidence-file-changed', 'its SHA-256 is not the one that was attested');
  return undefined;
}

async function readEnvelopes(source: BundleSource, manifest: BundleManifest, findings: Findings): Promise<Map<string, BundleEnvelope>> {
  const envelopes = new Map<string, BundleEnvelope>();
  const places = new Set<string>();
  for (const { assertion, envelope: path, verdict } of manifest.populations) {
    places.add(`populations/${assertion}/`).add(`samples/${assertion}/`);
    if (path !== `populations/${assertion}/envelope.json`) findings.add(MANIFEST, 'evidence-contradiction', `the envelope of ${assertion} does not stand where it should`);
    if (!source.files.has(path)) continue;
    const envelope = await findings.during(path, async () => readDocument(await readWhole(source, path, MAX_DOCUMENT_BYTES), parseEnvelope));
    if (envelope === undefined) continue;
    if (envelope.assertion !== assertion || envelope.verdict !== verdict) findings.add(path, 'evidence-contradiction', 'the manifest says something else of this population');
    else envelopes.set(assertion, envelope);
  }
  const sampled = new Set([...envelopes.values()].flatMap(({ samples }) => samples.map(({ file }) => file.path)));
  for (const { path } of manifest.files) {
    const stray = path.startsWith('populations/') ? !places.has(folderOf(path)) : path.startsWith('samples/') && envelopes.has(path.split('/')[1] ?? '') && !sampled.has(path);
    if (stray) findings.add(path, 'evidence-file-added', 'it belongs to no population of the bundle');
  }
  return envelopes;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

async function readControls(source: BundleSource, manifest: BundleManifest, envelopes: ReadonlyMap<string, BundleEnvelope>, findings: Findings, checks: ReadonlyMap<string, FileCheck>): Promise<BundleControls | undefined> {
  if (!source.files.has(CONTROLS)) return undefined;
  const controls = await findings.during(CONTROLS, async () => readDocument(await readWhole(source, CONTROLS, MAX_DOCUMENT_BYTES), parseControls));
  if (controls === undefined) return undefined;
  checkControls(controls, manifest, envelopes, findings);
  checks.get(CONTROLS)?.checked.push('each control comes to what its populations give, by the rule');
  checks.get(CONTROLS)?.notProved.push('that the populations are enough for a control: that is the auditor’s to judge');
  return controls;
}

function sayLog(checks: ReadonlyMap<string, FileCheck>, log: BundleLog): void {
  checks.get('log/checkpoint')?.checked.push('the log’s key signed it; size and root are those of the manifest');
  checks.get('log/vkeys.json')?.checked.push('the key that the log was checked with is among these');
  if (log.consistent > 0) checks.get('log/consistency.jsonl')?.checked.push(`the log of ${log.consistent} earlier ${log.consistent === 1 ? 'checkpoint' : 'checkpoints'} is a part of this one: nothing before was changed`);
}

function own(path: string, source: BundleSource, attestation: ProvenAttestation | undefined): FileCheck {
  const checked =
    path === MANIFEST
      ? ['it is canonical and closed', ...(attestation === undefined ? [] : ['its SHA-256 is the one that was attested'])]
      : [`the evidence key that entry ${attestation?.index} of the log names signed it`];
  return { path, bytes: source.files.get(path) ?? 0, checked, notProved: [] };
}

/** What a file holds that nobody can check without the populations at hand, and a reader. */
function unprovenOf(path: string): string[] {
  if (path.startsWith('README.')) return ['that it says what the populations say: it was made from them, and compared by nobody here'];
  if (path.startsWith('oscal/') || path.startsWith('lineage/')) return ['that it says what the populations say, in its own format'];
  if (path.startsWith('verify.')) return ['that it verifies: compare its SHA-256 with the published one, or run a copy that you have from elsewhere'];
  if (path === ATTESTATION) return ['that it was signed at the time that it says'];
  return [];
}

function nothing(digest: string | null): Omit<BundleReport, 'findings' | 'findingCount' | 'proved' | 'notProved'> {
  return { digest, about: null, controls: [], files: [], samples: [] };
}

/** Half of the way is hashing, by bytes; the other half the rows. */
class Progress {
  private readonly total: number;
  private readonly tell: (done: number) => Promise<void> | void;
  private bytes = 0;
  private rows = 0;

  constructor(source: BundleSource, { onProgress }: VerifyBundleOptions) {
    this.total = Math.max(1, [...source.files.values()].reduce((all, size) => all + size, 0));
    this.tell = onProgress ?? (() => undefined);
  }

  add(bytes: number): Promise<void> | void {
    this.bytes += bytes;
    return this.tell(Math.min(0.5, this.bytes / this.total / 2));
  }

  tick(): Promise<void> | void {
    this.rows++;
    if (this.rows % 1000 !== 0) return undefined;
    // A row, its CSV and its share of samples are about 500 bytes.
    return this.tell(0.5 + Math.min(0.5, (this.rows * 500) / this.total / 2));
  }

  end(): Promise<void> | void {
    return this.tell(1);
  }
}
