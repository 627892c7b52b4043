import { fromBase64, toBase64 } from './bytes.ts';
import { CoreError } from './core-error.ts';
import { HASH_BYTES } from './merkle-tree.ts';
import { verifyNote } from './signed-note.ts';
import { isIndex } from './subtree.ts';
import type { VerifierKey } from './vkey.ts';

/** What a log states about its tree (c2sp.org/tlog-checkpoint): `size` in leaves, `root` 32 bytes. */
export interface Checkpoint {
  origin: string;
  size: number;
  root: Uint8Array;
  extensions: string[];
}

/**
 * The note text of a checkpoint: origin, size, root and extension lines, each ended by a newline.
 *
 * @throws CoreError `checkpoint-malformed`
 */
export function formatCheckpointText(checkpoint: Checkpoint): string {
  const { origin, size, root, extensions } = checkpoint;
  if (!isIndex(size)) throw malformed(`${size} is not a tree size`);
  if (root.length !== HASH_BYTES) throw malformed('a root hash is 32 bytes');
  const lines = [origin, String(size), toBase64(root), ...extensions];
  if (lines.some((line) => line === '' || line.includes('\n'))) throw malformed('every line holds one non-empty text');
  return `${lines.join('\n')}\n`;
}

/**
 * Reads a checkpoint's note text, which must have been verified before (see `openCheckpoint`).
 *
 * @throws CoreError `checkpoint-malformed`
 */
export function parseCheckpointText(text: string): Checkpoint {
  if (!text.endsWith('\n')) throw malformed('the last line is not ended');
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || size === undefined || root === undefined) throw malformed('fewer than three lines');
  if (origin === '' || extensions.includes('')) throw malformed('an empty line');
  return { origin, size: parseDecimal(size), root: parseRoot(root), extensions };
}

function parseDecimal(text: string): number {
  const size = Number(text);
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text) || !isIndex(size)) {
    throw malformed('a tree size is a decimal number up to 2^53 - 1 without leading zeros');
  }
  return size;
}

function parseRoot(text: string): Uint8Array {
  let root: Uint8Array;
  try {
    root = fromBase64(text);
  } catch {
    throw malformed('a root hash is padded base64');
  }
  if (root.length !== HASH_BYTES) throw malformed('a root hash is 32 bytes');
  return root;
}

/**
 * Opens a signed checkpoint of the log whose key this is.
 *
 * @throws CoreError as `verifyNote`, `checkpoint-malformed`, or `origin-mismatch` when it is another log's
 */
export function openCheckpoint(note: string, vkey: VerifierKey): Checkpoint {
  const checkpoint = parseCheckpointText(verifyNote(note, [vkey]).text);
  if (checkpoint.origin !== vkey.name) {
    throw new CoreError('origin-mismatch', `the checkpoint is of ${checkpoint.origin}, the key of ${vkey.name}`);
  }
  return checkpoint;
}

function malformed(why: string): CoreError {
  return new CoreError('checkpoint-malformed', `not a checkpoint: ${why}`);
}
