import { toBase64, toHex } from '../core/bytes.ts';
import { type Checkpoint, openCheckpoint } from '../core/checkpoint.ts';
import { consistencyProof, verifyConsistency } from '../core/consistency-proof.ts';
import { tileHashReader } from '../core/tile-hash-reader.ts';
import type { VerifierKey } from '../core/vkey.ts';
import { TileReads } from './verify-reads.ts';
import type { LogSource } from './verify-source.ts';
import { CannotCheck, type Report } from './verify-verdict.ts';

/** What a checkpoint says, and whether it extends another. */
export interface CheckpointReport extends Report {
  kind: 'checkpoint';
  origin: string;
  size: number;
  /** Base64. */
  root: string;
  /** Size of the other checkpoint. */
  consistentWith?: number;
}

/** Verifies a checkpoint by itself. @throws CoreError */
export function checkCheckpoint(note: string, key: VerifierKey): CheckpointReport {
  const { origin, size, root: bytes } = openCheckpoint(note, key);
  const root = toBase64(bytes);
  return {
    kind: 'checkpoint',
    origin,
    size,
    root,
    proved: [`The key ${key.name}+${toHex(key.keyId)} signed that the log had ${size} entries with root hash ${root}.`],
    notProved: [
      'That the log holds entries that make this root hash: verify the log.',
      'That the log shows everyone the same tree: no witness cosignatures were checked.',
    ],
  };
}

/**
 * Verifies two checkpoints and that the larger tree extends the smaller one, by a proof made from the log's tiles.
 *
 * @param source read only when the sizes differ
 * @throws CoreError, NotValid, CannotCheck
 */
export async function checkConsistency(
  note: string,
  otherNote: string,
  key: VerifierKey,
  source: LogSource | undefined,
): Promise<CheckpointReport> {
  const report = checkCheckpoint(note, key);
  const [older, newer] = bySize(openCheckpoint(note, key), openCheckpoint(otherNote, key));
  const args = { from: older.size, to: newer.size, fromRoot: older.root, toRoot: newer.root };
  if (source === undefined && older.size !== newer.size) {
    throw new CannotCheck('checkpoints of two sizes need --log: the proof between them is made from its tiles');
  }
  const path =
    source === undefined
      ? []
      : await consistencyProof(args.from, args.to, tileHashReader(newer.size, new TileReads(source).tile));
  verifyConsistency({ ...args, path });
  return {
    ...report,
    consistentWith: openCheckpoint(otherNote, key).size,
    proved: [
      ...report.proved,
      `The tree of ${newer.size} entries extends the one of ${older.size} that the same key signed: ` +
        'nothing in that was changed or taken out.',
    ],
  };
}

function bySize(a: Checkpoint, b: Checkpoint): [Checkpoint, Checkpoint] {
  return a.size <= b.size ? [a, b] : [b, a];
}
