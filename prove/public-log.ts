import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../src/core/bytes.ts';
import { openCheckpoint, type Checkpoint } from '../src/core/checkpoint.ts';
import { decodeEntryBundle } from '../src/core/entry-bundle.ts';
import { leafHash } from '../src/core/merkle-tree.ts';
import { entriesPath, TILE_WIDTH } from '../src/core/tile.ts';
import { LogVerifier } from '../src/core/verify-log.ts';
import { parseVkey } from '../src/core/vkey.ts';
import { runCommand } from './child-processes.ts';
import type { LedgerClient } from './ledger-client.ts';
import { mustHold } from './proof.ts';

/** A log as it was verified from its public resources. */
export interface PublicLog {
  checkpoint: Checkpoint;
  note: string;
  /** Leaf hashes by index, hexadecimal. */
  leaves: string[];
  /** The root of any size that `earlier` named was compared. */
  compared: number;
}

const AT_ONCE = 4;

/**
 * Fetches the log's newest checkpoint and every entry below it, and verifies all with core: form, chain, tree, signature,
 * and that the tree has only grown since the `earlier` checkpoints.
 *
 * @throws CoreError, ProofFailure
 */
export async function verifyPublicLog(client: LedgerClient, vkey: string, earlier: readonly Checkpoint[] = [], log = 'default'): Promise<PublicLog> {
  const key = parseVkey(vkey);
  const note = await client.text(`/logs/${log}/checkpoint`);
  const checkpoint = openCheckpoint(note, key);
  const due = earlier.toSorted((a, b) => a.size - b.size);
  mustHold((due.at(-1)?.size ?? 0) <= checkpoint.size, `the newest checkpoint covers ${checkpoint.size} entries, an earlier one covered ${due.at(-1)?.size}`);
  const verifier = new LogVerifier({ origin: key.name });
  const leaves: string[] = [];
  let next = 0;
  const compare = (): void => {
    for (; due[next]?.size === verifier.size; next++) verifier.checkCheckpoint(due[next] as Checkpoint);
  };
  compare();
  const bundles = Math.ceil(checkpoint.size / TILE_WIDTH);
  for (let from = 0; from < bundles; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, bundles - from) }, async (_, i) => {
      const index = from + i;
      const width = Math.min(TILE_WIDTH, checkpoint.size - index * TILE_WIDTH);
      return decodeEntryBundle(await client.get(`/logs/${log}/${entriesPath({ index, width })}`));
    });
    for (const entry of (await Promise.all(some)).flat()) {
      verifier.add(entry);
      leaves.push(toHex(leafHash(entry)));
      compare();
    }
  }
  verifier.checkCheckpoint(checkpoint);
  return { checkpoint, note, leaves, compared: next };
}

/** The verdict of `prediction-ledger verify log`, a process that is given a place, a key and checkpoints that were kept. */
export interface Verdict {
  /** The exit code: 0 valid, 1 not valid, 2 could not check. */
  exit: number;
  /** Of what does not hold. */
  code?: string;
  message?: string;
  index?: number;
}

/** Has the command verify a log. `notes` are earlier checkpoints; `folder` is where they are put for it. */
export async function verifyByCommand(place: string, vkey: string, notes: readonly string[], folder: string): Promise<Verdict> {
  const args: string[] = [];
  for (const [i, note] of notes.entries()) {
    const file = join(folder, `kept-checkpoint-${i}`);
    await writeFile(file, note);
    args.push('--checkpoint', file);
  }
  const { code: exit, stdout, stderr } = await runCommand(['verify', 'log', place, '--vkey', vkey, '--json', ...args]);
  mustHold(stdout.startsWith('{'), `verify log said nothing: ${stderr}`);
  return { ...(JSON.parse(stdout) as Omit<Verdict, 'exit'>), exit };
}

/** What `fsck --json` reports of a log. */
export interface FsckFindings {
  /** The exit code: 0 sound, 1 not. */
  exit: number;
  entries: number;
  payloads: number;
  /** Payloads that an entry declares to be lost with a tail. */
  lost: number;
  tiles: number;
  checkpoints: number;
  findings: { code: string; detail: string; index?: number }[];
}

/** Has the command examine the default log of a database. */
export async function fsck(env: Record<string, string>): Promise<FsckFindings> {
  const { code: exit, stdout, stderr } = await runCommand(['fsck', '--json', '--log', 'default'], env);
  mustHold(exit === 0 || exit === 1, `fsck could not look: ${stderr}`);
  const [log] = (JSON.parse(stdout) as { logs: Omit<FsckFindings, 'exit'>[] }).logs;
  mustHold(log !== undefined, 'fsck found no log');
  return { ...log, exit };
}

/** The findings in a line, for the message of a failure. */
export function describeFindings({ findings }: FsckFindings): string {
  return findings.map(({ code, detail, index }) => `${code}${index === undefined ? '' : ` at ${index}`}: ${detail}`).join('; ');
}

/** The public key of a log, as its service shows it; for a proof that began the service itself. */
export async function vkeyOf(client: LedgerClient, log = 'default'): Promise<string> {
  return (await client.text(`/logs/${log}/vkey`)).trim();
}

