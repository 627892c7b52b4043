import type { Command } from 'commander';
import { fromUtf8 } from '../core/bytes.ts';
import { parseReceipt } from '../core/receipt.ts';
import { verifyCertificate } from '../core/verify-certificate.ts';
import { verifyEntryProof, verifyReceipt } from '../core/verify-receipt.ts';
import { installNativeSha256 } from '../ledger/native-sha256.ts';
import { checkBundle } from './verify-bundle.ts';
import { checkCheckpoint, checkConsistency } from './verify-checkpoint.ts';
import { optionValue, readInput, readText, readVkey } from './verify-input.ts';
import { checkLog } from './verify-log.ts';
import { showShare } from './verify-progress.ts';
import { openSource, type LogSource } from './verify-source.ts';
import { CannotCheck, deliver } from './verify-verdict.ts';

const VKEY = ['--vkey <vkey|@file>', 'the log’s public key, not had from the log itself'] as const;
const KEY = ['--key <key|@file>', 'an API key, for a log that is closed'] as const;
const JSON_OUTPUT = ['--json', 'give the verdict as JSON'] as const;

interface Common {
  vkey: string;
  json?: boolean;
}

interface CheckpointOptions extends Common {
  consistentWith?: string;
  log?: string;
  key?: string;
}

interface LogOptions extends Common {
  checkpoint: string[];
  fromCheckpoint?: boolean;
  key?: string;
}

/** `prediction-ledger verify …`: trusts nothing but the vkey. Exits 0 valid, 1 not valid, 2 could not check. */
export function registerVerify(program: Command): void {
  const verify = program
    .command('verify')
    .summary('verify what a log gave out, without trusting it')
    .description(
      'Verifies what a log gave out, trusting nothing but its public key. ' +
        'Exit codes: 0 valid, 1 not valid, 2 could not check.',
    );
  verify
    .command('receipt')
    .argument('<file>', 'a receipt, - for standard input')
    .description('Verify the receipt of one entry, offline: its payload (or what erased it) and its place in the log.')
    .requiredOption(...VKEY)
    .option(...JSON_OUTPUT)
    .action((file: string, { vkey, json = false }: Common) =>
      deliver(json, async () => {
        const key = await readVkey(vkey);
        return verifyReceipt(parseReceipt(await readText(file)), key);
      }),
    );
  verify
    .command('certificate')
    .argument('<file>', 'an erasure certificate, - for standard input')
    .description('Verify the certificate of an erasure, offline: who may say so, what was erased, and from when on it is irrecoverable.')
    .requiredOption(...VKEY)
    .option(...JSON_OUTPUT)
    .action((file: string, { vkey, json = false }: Common) =>
      deliver(json, async () => {
        const key = await readVkey(vkey);
        return verifyCertificate(await readText(file), key);
      }),
    );
  verify
    .command('proof')
    .argument('<file>', 'a tlog-proof, - for standard input')
    .description('Verify the proof of one entry, offline and without its payload.')
    .requiredOption('--entry <file>', 'the entry, byte for byte')
    .requiredOption(...VKEY)
    .option(...JSON_OUTPUT)
    .action((file: string, { entry, vkey, json = false }: Common & { entry: string }) =>
      deliver(json, async () => {
        const key = await readVkey(vkey);
        return verifyEntryProof(fromUtf8(await readInput(entry)), await readText(file), key);
      }),
    );
  verify
    .command('checkpoint')
    .argument('<file>', 'a signed checkpoint, - for standard input')
    .description('Verify a checkpoint, and that the log has only grown between it and another one.')
    .requiredOption(...VKEY)
    .option('--consistent-with <file>', 'another checkpoint of the log, older or newer')
    .option('--log <url|folder>', 'the log, or a copy of it, whose tiles make the proof between two sizes')
    .option(...KEY)
    .option(...JSON_OUTPUT)
    .action((file: string, options: CheckpointOptions) =>
      deliver(options.json === true, () => runCheckpoint(file, options)),
    );
  verify
    .command('log')
    .argument('<url|folder>', 'the log’s URL (…/logs/<log>), or a folder with a copy of its resources')
    .description('Verify a whole log from its entries up: chain, tree, tiles, checkpoint. Names the first bad index.')
    .requiredOption(...VKEY)
    .option('--checkpoint <file>', 'a checkpoint that you kept and that must still hold; once or more', collect, [])
    .option('--from-checkpoint', 'trust the largest of these, and read only what came after it')
    .option(...KEY)
    .option(...JSON_OUTPUT)
    .action((place: string, options: LogOptions) => deliver(options.json === true, () => runLog(place, options)));
  verify
    .command('bundle')
    .argument('<zip|folder>', 'an evidence bundle, as it was handed out or unpacked')
    .description('Verify an evidence bundle, offline: every file, count, verdict, sample and proof. Names each file that does not hold.')
    .option('--vkey <vkey|@file>', 'the log’s public key, not had from the bundle; without it the bundle’s own is taken, and the answer says so')
    .option(...JSON_OUTPUT)
    .action(async (place: string, { vkey, json = false }: Partial<Common>) => {
      installNativeSha256();
      const progress = showShare();
      await checkBundle(place, { vkey, json, onProgress: progress.update });
    });
}

function collect(value: string, values: string[]): string[] {
  return [...values, value];
}

async function runCheckpoint(file: string, { vkey, consistentWith, log, key }: CheckpointOptions) {
  const verifierKey = await readVkey(vkey);
  const note = await readText(file);
  if (consistentWith === undefined) {
    if (log !== undefined) throw new CannotCheck('--log is of use only with --consistent-with');
    return checkCheckpoint(note, verifierKey);
  }
  const other = await readText(consistentWith);
  if (log === undefined) return checkConsistency(note, other, verifierKey, undefined);
  return withSource(log, key, (source) => checkConsistency(note, other, verifierKey, source));
}

async function runLog(place: string, { vkey, checkpoint, fromCheckpoint = false, key }: LogOptions) {
  installNativeSha256();
  const verifierKey = await readVkey(vkey);
  const earlier = await Promise.all(checkpoint.map(readText));
  return withSource(place, key, (source) => checkLog({ source, key: verifierKey, earlier, fromCheckpoint }));
}

async function withSource<T>(
  place: string,
  key: string | undefined,
  use: (source: LogSource) => Promise<T>,
): Promise<T> {
  const source = openSource(place, key === undefined ? undefined : await optionValue(key));
  try {
    return await use(source);
  } finally {
    source.close();
  }
}
