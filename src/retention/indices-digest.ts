import { canonicalize } from '../core/canonical-json.ts';
import { toHex, utf8 } from '../core/bytes.ts';
import { sha256 } from '../core/sha256.ts';

/** What an entry commits to of a list of leaf indices in ascending order (docs/spec/receipt.md). */
export function indicesDigest(indices: readonly number[]): { count: number; digest: string } {
  return { count: indices.length, digest: toHex(sha256(utf8(canonicalize([...indices])))) };
}
