import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { toHex } from '../src/core/bytes.ts';
import { formatCheckpointText, openCheckpoint } from '../src/core/checkpoint.ts';
import { decodeEntryBundle, encodeEntryBundle } from '../src/core/entry-bundle.ts';
import { encodeEntry, ZERO_HASH_HEX } from '../src/core/entry.ts';
import { leafHash } from '../src/core/merkle-tree.ts';
import { signNote } from '../src/core/signed-note.ts';
import { TILE_WIDTH } from '../src/core/tile.ts';
import { LogVerifier } from '../src/core/verify-log.ts';
import { parseVkey } from '../src/core/vkey.ts';
import { LogKeyFolder, type LogKey } from '../src/ledger/log-key.ts';
import { installNativeSha256 } from '../src/ledger/native-sha256.ts';
import { number, table, type Outcome } from './report.ts';
import { median } from './statistics.ts';
import { judge } from './verdict.ts';

export interface VerifyOptions {
  entries: number;
  rounds: number;
}

const ORIGIN = 'ledger.example/logs/bench';
const FIRST_TIME = Date.UTC(2026, 10, 22, 9);
/** Some 20,000 entries a second, and now and then an entry of the system between the predictions. */
const ENTRIES_A_MILLISECOND = 20;
const SYSTEM_ENTRY_EVERY = 1000;

/** Verifies a whole log from its entry bundles: form, leaf hashes, chain, tree and the signed checkpoint at its end. */
export async function measureVerifying({ entries, rounds }: VerifyOptions): Promise<Outcome> {
  installNativeSha256();
  const folder = await mkdtemp(join(tmpdir(), 'ledger-bench-verify-'));
  try {
    const key = await new LogKeyFolder(folder).readOrCreate('bench', ORIGIN);
    const bundles = makeBundles(entries);
    const note = await checkpointOf(bundles, entries, key);
    const rates: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const began = performance.now();
      verifyAll(bundles, note, key.vkey);
      rates.push((entries / (performance.now() - began)) * 1000);
      console.log(`round ${round + 1}: ${rates[round]?.toFixed(0)} entries/s`);
    }
    const bytes = bundles.reduce((sum, bundle) => sum + bundle.length, 0) / entries;
    return {
      title: 'Verifying a whole log',
      body: table([['entries', 'bytes an entry', 'entries/s'], [number(entries, 0), number(bytes, 0), number(median(rates), 0)]]),
      verdicts: [judge('entries verified a second', rates, { atLeast: 300_000 })],
      data: { entries, bytes, rates },
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function verifyAll(bundles: readonly Uint8Array[], note: string, vkey: string): void {
  const verifier = new LogVerifier({ origin: ORIGIN });
  for (const bundle of bundles) {
    for (const entry of decodeEntryBundle(bundle)) verifier.add(entry);
  }
  verifier.checkCheckpoint(openCheckpoint(note, parseVkey(vkey)));
}

function makeBundles(entries: number): Uint8Array[] {
  const policy = toHex(randomBytes(32));
  const bundles: Uint8Array[] = [];
  let prev = ZERO_HASH_HEX;
  for (let start = 0; start < entries; start += TILE_WIDTH) {
    const bundle: Uint8Array[] = [];
    for (let index = start; index < Math.min(start + TILE_WIDTH, entries); index += 1) {
      const time = new Date(FIRST_TIME + Math.floor(index / ENTRIES_A_MILLISECOND)).toISOString();
      const type = index % SYSTEM_ENTRY_EVERY === 0 ? 'intake-totals' : 'prediction';
      const entry = encodeEntry({ v: 1, origin: ORIGIN, index, time, type, commitment: toHex(randomBytes(32)), policy, prev });
      prev = toHex(leafHash(entry));
      bundle.push(entry);
    }
    bundles.push(encodeEntryBundle(bundle));
  }
  return bundles;
}

async function checkpointOf(bundles: readonly Uint8Array[], size: number, { signer }: LogKey): Promise<string> {
  const verifier = new LogVerifier({ origin: ORIGIN });
  for (const bundle of bundles) {
    for (const entry of decodeEntryBundle(bundle)) verifier.add(entry);
  }
  return signNote(formatCheckpointText({ origin: ORIGIN, size, root: verifier.root(), extensions: [] }), [signer]);
}
