import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { installNativeSha256 } from '../ledger/native-sha256.ts';
import { readLogs, type LogRow } from '../ledger/log-row.ts';
import { openCheckpointStore } from '../ledger/open-checkpoint-store.ts';
import { RecoveryError, recoverTail, type Recovered } from '../ledger/recover-tail.ts';
import { readRecoveries, type Recovery } from '../ledger/recovery-table.ts';
import { ReceiptPayloads } from '../predictions/receipt-payloads.ts';
import { readSettings, type Settings } from '../settings.ts';
import type { Database } from '../database/database.ts';
import { bringBackAllKeys } from '../vault/bring-back-all.ts';
import type { ErasureJournal } from '../vault/erasure-journal.ts';
import type { LogVault } from '../vault/log-vault.ts';
import { openErasureJournal } from '../vault/open-erasure-journal.ts';
import { openVault } from '../vault/open-vault.ts';
import { connectDatabase } from './connect-database.ts';
import { exitOnRefusal, showProgress, stderrLog } from './database-command.ts';
import { readEntriesFrom } from './entry-source.ts';
import { withService } from './with-service.ts';

/** `prediction-ledger recover tail|successor`: exits 0 when the log can go on, 1 when the copy is refused, 2 otherwise. */
export function registerRecover(program: Command): void {
  const recover = program.command('recover').summary('let a log that has stopped go on').description('A log stops rather than fork. Stop the service, then choose one of these.');
  recover
    .command('tail')
    .description('Append the entries that were signed and that the database lost, from any copy of the log. They are taken only if they make exactly the root that was signed.')
    .requiredOption('--from <url|folder>', 'a copy of the log in tlog-tiles form, such as a mirror')
    .option('--receipts <path>', 'receipts of the lost entries: a folder of .json files, or one file with a receipt a line; they bring payloads back')
    .option('--log <name>', 'the log', 'default')
    .action((options: TailOptions) => exitOnRefusal(() => runTail(options)));
  recover
    .command('successor')
    .description('Open a new log in the place of one that cannot go on. Its first entry names the old log’s origin, size and root; the old log stays readable.')
    .option('--log <name>', 'the log that has stopped', 'default')
    .action((options: { log: string }) => exitOnRefusal(() => runSuccessor(options.log)));
}

interface TailOptions {
  from: string;
  receipts?: string;
  log: string;
}

async function runTail(options: TailOptions): Promise<void> {
  installNativeSha256();
  const settings = readSettings(process.env);
  try {
    const { recovered, withheld } = await bringBack(settings, options);
    let declared: readonly Recovery[] = [];
    // The start says in the log what came back, and what did not.
    await withService(async ({ ledger, database }) => {
      const log = ledger.byLogName(options.log);
      if (log?.stopped !== undefined) throw new RecoveryError(`the tail is back, but the log still stops: ${log.stopped}`);
      if (log !== undefined) declared = (await readRecoveries(database.pool, log.row.id)).filter(({ from }) => from >= recovered.from);
    });
    process.stdout.write(describeRecovered(recovered, withheld, declared));
  } catch (error) {
    if (!(error instanceof RecoveryError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

function describeRecovered({ from, to, payloads, unconfirmed }: Recovered, withheld: number, declared: readonly Recovery[]): string {
  const lost = to - from - payloads;
  const at = declared.flatMap(({ by }) => by ?? []).join(', ');
  return [
    `entries ${from} to ${to - 1} are back and make the root that was signed; ${payloads} of them with their payloads.`,
    ...(unconfirmed > 0 ? [`${unconfirmed} of these hold tokens or a data subject: the first retry of each that agrees with it in all else is taken for the same.`] : []),
    ...(withheld > 0 ? [`${withheld} receipts were not taken: their data subjects may be among those who were erased since.`] : []),
    ...(lost > 0 ? [`${lost} payloads are lost with the tail, as entry ${at} declares. Of the predictions among them the ids are unknown: sent again, they are taken in as new ones.`] : []),
    'The log goes on.',
    '',
  ].join('\n');
}

async function bringBack(settings: Settings, options: TailOptions): Promise<{ recovered: Recovered; withheld: number }> {
  const database = await connectDatabase(settings, { attach: false });
  const journal = openErasureJournal(settings.checkpointStore);
  try {
    await bringBackAllKeys(database, { journal, exports: settings.keyExports, say: stderrLog });
    const row = (await readLogs(database.pool)).find(({ name }) => name === options.log);
    if (row === undefined) throw new RecoveryError(`there is no log ${options.log}`);
    const store = await openCheckpointStore(settings.checkpointStore);
    const stored = await store.read(row.origin);
    await store.close();
    if (stored === undefined) throw new RecoveryError('the checkpoint store holds nothing for this log: put it back, or open a successor');
    const payloads = await receiptPayloads(settings, options, row, { database, journal });
    const progress = showProgress('recover');
    const recovered = await recoverTail({
      owner: database.owner,
      row,
      stored,
      readEntries: readEntriesFrom(options.from, stored.size),
      payloadOf: (index, entry) => payloads.of(index, entry),
      onProgress: progress.update,
    }).finally(progress.end);
    return { recovered, withheld: payloads.withheld };
  } finally {
    await journal.close();
    await database.close();
  }
}

interface Places {
  database: Database;
  journal: ErasureJournal;
}

async function receiptPayloads(settings: Settings, { receipts }: TailOptions, row: LogRow, { database, journal }: Places): Promise<ReceiptPayloads> {
  const vault = await (await openVault(settings, database)).of(row);
  const found = new ReceiptPayloads(vault, await lastUnknownErasure(journal, row.origin, vault));
  if (receipts === undefined) return found;
  if ((await stat(receipts)).isDirectory()) {
    for (const name of await readdir(receipts)) if (name.endsWith('.json')) found.add(await readFile(join(receipts, name), 'utf8'));
  } else {
    for (const line of (await readFile(receipts, 'utf8')).split('\n')) if (line.trim() !== '') found.add(line);
  }
  return found;
}

/** When keys were last erased that the database does not hold: keys of before it was saved, or of its lost tail. */
async function lastUnknownErasure(journal: ErasureJournal, origin: string, vault: LogVault): Promise<number> {
  let last = -Infinity;
  for await (const record of journal.read(origin)) {
    if (record.kind !== 'erasure' || record.keys.length === 0) continue;
    const held = await vault.present(record.keys);
    if (record.keys.some((key) => !held.has(key))) last = Math.max(last, Date.parse(record.time));
  }
  return last;
}

async function runSuccessor(name: string): Promise<void> {
  await withService(async ({ ledger }) => {
    const log = ledger.byLogName(name);
    if (log === undefined || log.stopped === undefined) {
      process.stderr.write(log === undefined ? `there is no log ${name}\n` : `log ${name} has not stopped: it needs no successor\n`);
      process.exitCode = 1;
      return;
    }
    const successor = await ledger.succeed(log);
    process.stdout.write(
      `log ${successor.row.name} takes over from ${name}, which stays readable.\norigin: ${successor.row.origin}\nvkey:   ${successor.row.keys[0]?.vkey}\nGive the new vkey to everyone who verifies.\n`,
    );
  });
}
