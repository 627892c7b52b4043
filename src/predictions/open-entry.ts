import { toHex } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { parseEntry, type Entry } from '../core/entry.ts';
import { leafHash } from '../core/merkle-tree.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import type { Opening } from '../vault/opening.ts';
import { VaultError } from '../vault/vault-error.ts';

/** A payload whose key is gone again and again is no race: its row is wrong. */
const ATTEMPTS = 3;

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
  const opening = await openPayload(log, index, payload, entry.commitment);
  return { entry, text: Buffer.from(bytes).toString('utf8'), leafHash: toHex(leafHash(bytes)), opening };
}

/** Its key may go between the reading of the payload's row and of its own: then the payload is erased, or sealed anew under another. */
async function openPayload(log: Log, index: number, found: { key: number; sealed: Uint8Array } | undefined, commitment: string): Promise<Opening | undefined> {
  let payload = found;
  for (let attempt = 1; payload !== undefined; attempt++) {
    try {
      return await log.vault.open(payload.key, payload.sealed, commitment);
    } catch (error) {
      if (!(error instanceof VaultError && error.code === 'key-erased') || attempt === ATTEMPTS) throw error;
      payload = await log.payloads.read(index);
    }
  }
  return undefined;
}

/** The refusal where there is no payload: it was erased with authority, was lost with a tail, or is missing; these are not the same. */
export async function absence(log: Log, index: number): Promise<Problem> {
  const erased = await log.erased.of(index);
  if (erased === undefined) return lostOrMissing(index, await log.payloads.lossOf(index));
  const { by } = erased;
  const holder = log.row.id === by?.log || by === undefined ? '' : ' of the log that succeeds this one';
  return new Problem('erased', `The payload of entry ${index} was erased with authority${by === undefined ? '' : `, by entry ${by.index}${holder}`}.`);
}

function lostOrMissing(index: number, loss: { by: number | null } | undefined): Problem {
  if (loss !== undefined) return new Problem('payload-lost', `The payload of entry ${index} was lost with the log’s tail${loss.by === null ? '' : `, as entry ${loss.by} declares`}: its receipt, where somebody holds it, is what is left of it.`);
  return new Problem('payload-missing', `The payload of entry ${index} is not in the database: restore it from a backup or from its receipt.`);
}
