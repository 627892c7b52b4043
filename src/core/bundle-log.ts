import { fromBase64, fromHex, fromUtf8, toHex } from './bytes.ts';
import { parseConsistency, parseVkeys, readDocument, type BundleManifest } from './bundle-documents.ts';
import type { Findings } from './bundle-report.ts';
import { readLines, readWhole, type BundleSource } from './bundle-source.ts';
import { openCheckpoint } from './checkpoint.ts';
import { verifyConsistency } from './consistency-proof.ts';
import { CoreError } from './core-error.ts';
import { formatVkey, parseVkey, type VerifierKey } from './vkey.ts';

const VKEYS = 'log/vkeys.json';
const CHECKPOINT = 'log/checkpoint';
const CONSISTENCY = 'log/consistency.jsonl';
const MAX_BYTES = 1_000_000;

/** What the log says of itself in a bundle, once it was checked. */
export interface BundleLog {
  vkey: VerifierKey;
  /** The signed checkpoint, verbatim: each proof of a sample ends in it. */
  checkpoint: string;
  root: Uint8Array;
  /** Earlier checkpoints that were shown to be of the same history. */
  consistent: number;
}

/**
 * The keys that the bundle says are the log's, and the one of them that it is checked with: the one that the caller has from
 * elsewhere, which must be among them.
 *
 * @throws CoreError `evidence-malformed`, `vkey-malformed`, `evidence-contradiction`
 */
async function logKeys(source: BundleSource, given: VerifierKey | undefined, checkpoint: string): Promise<{ signer: VerifierKey; all: VerifierKey[] }> {
  const { keys } = readDocument(await readWhole(source, VKEYS, MAX_BYTES), parseVkeys);
  const all = keys.map(({ vkey }) => parseVkey(vkey));
  const isGiven = ({ name, type, publicKey }: VerifierKey): boolean => given !== undefined && formatVkey(name, type, publicKey) === formatVkey(given.name, given.type, given.publicKey);
  if (given !== undefined && !all.some(isGiven)) throw new CoreError('evidence-contradiction', 'the vkey that was given is not among the log’s keys', '/keys');
  // After a rotation any of the log's keys may have signed; the newest that did is taken.
  const signer = given ?? all.findLast((key) => opens(checkpoint, key)) ?? all.at(-1);
  if (signer === undefined) throw new CoreError('evidence-malformed', 'it names no key', '/keys');
  return { signer, all };
}

function opens(checkpoint: string, key: VerifierKey): boolean {
  try {
    openCheckpoint(checkpoint, key);
    return true;
  } catch (error) {
    if (error instanceof CoreError) return false;
    throw error;
  }
}

/** Checks checkpoint and consistency proofs against the log's key and the manifest. Undefined where the key or the checkpoint fails. */
export async function checkLog(source: BundleSource, manifest: BundleManifest, given: VerifierKey | undefined, findings: Findings): Promise<BundleLog | undefined> {
  const checkpoint = await findings.during(CHECKPOINT, async () => fromUtf8(await readWhole(source, CHECKPOINT, MAX_BYTES)));
  if (checkpoint === undefined) return undefined;
  const keys = await findings.during(VKEYS, () => logKeys(source, given, checkpoint));
  const key = keys?.signer ?? given;
  if (key === undefined) return undefined;
  const opened = findings.at(CHECKPOINT, () => openCheckpoint(checkpoint, key));
  if (opened === undefined) return undefined;
  const { origin, size, root } = manifest.log;
  if (opened.origin !== origin) findings.add(CHECKPOINT, 'origin-mismatch', 'it is of another log than the manifest says');
  if (opened.size !== size) findings.add(CHECKPOINT, 'size-mismatch', `it is of ${opened.size} entries, the manifest says ${size}`);
  if (toHex(opened.root) !== root) findings.add(CHECKPOINT, 'root-mismatch', 'its root hash is not the one that the manifest names');
  const log = { vkey: key, checkpoint, root: opened.root, consistent: 0 };
  await findings.during(CONSISTENCY, async () => {
    let line = 0;
    for await (const bytes of readLines(source, CONSISTENCY)) {
      line++;
      const holds = findings.at(CONSISTENCY, () => checkConsistency(bytes, opened, keys?.all ?? [key]), line);
      if (holds === true) log.consistent++;
    }
  });
  return log;
}

function checkConsistency(line: Uint8Array, to: { size: number; root: Uint8Array; origin: string }, keys: readonly VerifierKey[]): true {
  const proof = readDocument(line, parseConsistency);
  // Of the time before a rotation: an earlier key signed it. That key need not be trusted, since what it signed is shown to be of this history.
  const from = openCheckpoint(proof.from.note, keys.findLast((key) => opens(proof.from.note, key)) ?? (keys.at(-1) as VerifierKey)); // there is one
  if (from.origin !== to.origin || from.size !== proof.from.size || toHex(from.root) !== proof.from.root) throw new CoreError('evidence-contradiction', 'the earlier checkpoint is another than the line says', '/from');
  if (proof.to.size !== to.size || proof.to.root !== toHex(to.root)) throw new CoreError('evidence-contradiction', 'it leads to another checkpoint than the bundle’s', '/to');
  verifyConsistency({ from: from.size, to: to.size, fromRoot: fromHex(proof.from.root), toRoot: to.root, path: proof.hashes.map((hash) => fromBase64(hash)) });
  return true;
}
