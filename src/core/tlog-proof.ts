import { fromBase64, toBase64 } from './bytes.ts';
import { openCheckpoint, parseCheckpointText, type Checkpoint } from './checkpoint.ts';
import { CoreError } from './core-error.ts';
import { verifyInclusion } from './inclusion-proof.ts';
import { HASH_BYTES } from './merkle-tree.ts';
import { parseNote } from './signed-note.ts';
import { isIndex } from './subtree.ts';
import type { VerifierKey } from './vkey.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';
// A tree of at most 2^53 - 1 leaves is at most 53 levels high.
const MAX_PATH = 53;

/**
 * An offline proof that a leaf is in a log (c2sp.org/tlog-proof@v1): the leaf's index, the path of 32-byte hashes from
 * the leaf's sibling up, the signed checkpoint verbatim, and optional opaque data (base64 text, never authenticated).
 */
export interface TlogProof {
  index: number;
  path: Uint8Array[];
  checkpoint: string;
  extra?: string;
}

/** The text of a tlog-proof. @throws CoreError `proof-malformed` */
export function formatTlogProof(proof: TlogProof): string {
  const { index, path, checkpoint, extra } = proof;
  if (!isIndex(index)) throw malformed(`${index} is not a leaf index`);
  if (path.length > MAX_PATH || path.some((hash) => hash.length !== HASH_BYTES)) {
    throw malformed(`a path is at most ${MAX_PATH} hashes of 32 bytes`);
  }
  if (extra !== undefined) checkExtra(extra);
  const lines = [HEADER, ...(extra === undefined ? [] : [`extra ${extra}`]), `index ${index}`, ...path.map(toBase64)];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/**
 * Takes a tlog-proof apart; nothing of it is verified, `verifyTlogProof` does that.
 *
 * @throws CoreError `proof-malformed`, or `note-malformed` and `checkpoint-malformed` for the checkpoint in it
 */
export function parseTlogProof(text: string): TlogProof {
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw malformed('expected an empty line before the checkpoint');
  const lines = text.slice(0, blank).split('\n');
  const checkpoint = text.slice(blank + 2);
  if (lines.shift() !== HEADER) throw malformed(`the first line is ${HEADER}`);
  let extra: string | undefined;
  if (lines[0]?.startsWith('extra ')) {
    extra = lines.shift()?.slice('extra '.length) ?? '';
    checkExtra(extra);
  }
  const [, digits] = /^index (0|[1-9][0-9]{0,15})$/.exec(lines.shift() ?? '') ?? [];
  const index = Number(digits);
  if (!isIndex(index)) throw malformed('expected a line "index N" with N up to 2^53 - 1, without leading zeros');
  if (lines.length > MAX_PATH) throw malformed(`a path has at most ${MAX_PATH} hashes`);
  const path = lines.map(parseHash);
  parseCheckpointText(parseNote(checkpoint).text);
  return { index, path, checkpoint, ...(extra === undefined ? {} : { extra }) };
}

function parseHash(line: string): Uint8Array {
  const hash = decode(line);
  if (hash?.length !== HASH_BYTES) throw malformed('each line of the path is 32 bytes in padded base64');
  return hash;
}

function checkExtra(extra: string): void {
  // The standard omits the line when there is no data, so an empty one is a second spelling.
  if (extra === '' || decode(extra) === undefined) throw malformed('extra data is padded base64 and not empty');
}

function decode(text: string): Uint8Array | undefined {
  try {
    return fromBase64(text);
  } catch {
    return undefined;
  }
}

/**
 * Checks a proof for a leaf hash against the log's key: the checkpoint's signature and origin, then the path.
 *
 * @returns the checkpoint that was proved to hold the leaf at `proof.index`
 * @throws CoreError as `openCheckpoint` and `verifyInclusion`
 */
export function verifyTlogProof(proof: TlogProof, leaf: Uint8Array, vkey: VerifierKey): Checkpoint {
  const checkpoint = openCheckpoint(proof.checkpoint, vkey);
  const { size, root } = checkpoint;
  verifyInclusion({ index: proof.index, size, leaf, path: proof.path, root });
  return checkpoint;
}

function malformed(why: string): CoreError {
  return new CoreError('proof-malformed', `not a tlog-proof: ${why}`);
}
