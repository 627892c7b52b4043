import { toHex } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { parseEntry, type Entry } from '../core/entry.ts';
import { leafHash } from '../core/merkle-tree.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import type { Opening } from '../vault/opening.ts';

/** An entry with what its commitment opens to. */
export interface OpenedEntry {
  entry: Entry;
  /** Exactly the leaf's bytes, as text. */
  text: string;
  leafHash: string;
  /** Undefined when its payload is not there. */
  opening: Opening | undefined;
}

/** Reads and opens the entry at an index. Precondition: index < the log's size. */
export async function openEntry(log: Log, index: number): Promise<OpenedEntry> {
  const [bytes, payload] = await Promise.all([log.readEntry(index), log.payloads.read(index)]);
  if (bytes === undefined) throw new CoreError('bundle-malformed', `the database lacks entry ${index}`);
  const entry = parseEntry(bytes);
  const opening = payload && (await log.vault.open(payload.key, payload.sealed, entry.commitment));
  return { entry, text: Buffer.from(bytes).toString('utf8'), leafHash: toHex(leafHash(bytes)), opening };
}

/** The refusal where a payload should be and is not. */
export function payloadMissing(index: number): Problem {
  return new Problem('payload-missing', `The payload of entry ${index} is not in the database: restore it from a backup or from its receipt.`);
}
