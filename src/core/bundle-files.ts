import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { toHex } from './bytes.ts';
import type { BundleManifest } from './bundle-documents.ts';
import type { FileCheck, Findings } from './bundle-report.ts';
import type { BundleSource } from './bundle-source.ts';

/** SHA-256 a piece at a time. */
export interface RunningHash {
  update(piece: Uint8Array): unknown;
  digest(): Uint8Array;
}

export const MANIFEST = 'manifest.json';
export const ATTESTATION = 'attestation.dsse.json';

/** SHA-256 as JavaScript, where the platform has none that works a piece at a time. */
export function runningSha256(): RunningHash {
  return nobleSha256.create();
}

// What may stand in a bundle (docs/spec/bundle.md, "Files"), whatever its manifest lists.
const KNOWN = new RegExp(
  '^(?:controls\\.json|README\\.(?:html|pdf)|verify\\.(?:mjs|html)|log/(?:checkpoint|vkeys\\.json|consistency\\.jsonl)' +
    '|populations/[a-z][a-z0-9-]{0,63}/(?:envelope\\.json|rows\\.jsonl|rows\\.csv|exceptions\\.jsonl)' +
    '|samples/[a-z][a-z0-9-]{0,63}/[A-Za-z0-9._-]+\\.jsonl|(?:policies|oscal|lineage)/.+)$',
);
const REQUIRED = ['controls.json', 'log/checkpoint', 'log/vkeys.json', 'log/consistency.jsonl'];

/**
 * Checks that each file that the manifest names is there, byte for byte, and none besides.
 *
 * @param onBytes told how many bytes more were read
 * @returns the files whose content is the manifest's, by path
 */
export async function checkFiles(
  source: BundleSource,
  manifest: BundleManifest,
  findings: Findings,
  { newHash, onBytes }: { newHash: () => RunningHash; onBytes: (bytes: number) => Promise<void> | void },
): Promise<Map<string, FileCheck>> {
  const checks = new Map<string, FileCheck>();
  const named = new Set<string>([MANIFEST, ATTESTATION]);
  let before = '';
  for (const { path, bytes, sha256 } of manifest.files) {
    if (path <= before) findings.add(MANIFEST, 'evidence-malformed', `its files are not in the order of their paths: ${path}`);
    before = path;
    named.add(path);
    if (!KNOWN.test(path)) findings.add(path, 'evidence-file-added', 'no bundle has such a file, and the manifest names it');
    const length = source.files.get(path);
    if (length === undefined) {
      findings.add(path, 'evidence-file-missing', 'the manifest names this file, and it is not in the bundle');
      continue;
    }
    const digest = await findings.during(path, () => digestOf(source, path, newHash(), onBytes));
    if (digest === undefined) continue;
    if (length !== bytes || digest !== sha256) {
      findings.add(path, 'evidence-file-changed', length === bytes ? 'its SHA-256 is not the one that the manifest names' : `it has ${length} bytes, the manifest says ${bytes}`);
      continue;
    }
    checks.set(path, { path, bytes, checked: ['its length and SHA-256 are those that the manifest names'], notProved: [] });
  }
  for (const path of REQUIRED) if (!named.has(path)) findings.add(path, 'evidence-file-missing', 'a bundle has this file, and the manifest does not name it');
  for (const path of source.files.keys()) {
    if (!named.has(path)) findings.add(path, 'evidence-file-added', 'it is in the bundle, and the manifest does not name it');
  }
  return checks;
}

async function digestOf(source: BundleSource, path: string, hash: RunningHash, onBytes: (bytes: number) => Promise<void> | void): Promise<string> {
  for await (const piece of source.read(path)) {
    hash.update(piece);
    await onBytes(piece.length);
  }
  return toHex(hash.digest());
}
