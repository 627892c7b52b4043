import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { draftSystemEntry } from '../ledger/draft.ts';
import { installNativeSha256 } from '../ledger/native-sha256.ts';
import { readLogs, type LogRow } from '../ledger/log-row.ts';
import { openCheckpointStore } from '../ledger/open-checkpoint-store.ts';
import { RecoveryError, recoverTail, type Recovered } from '../ledger/recover-tail.ts';
import { ReceiptPayloads } from '../predictions/receipt-payloads.ts';
import { readSettings, type Settings } from '../settings.ts';
import type { Database } from '../database/database.ts';
import { bringBackAllKeys } from '../vault/bring-back-all.ts';
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
    const recovered = await bringBack(settings, options);
    await withService(async ({ ledger }) => {
      const log = ledger.byLogName(options.log);
      if (log?.stopped !== undefined) throw new RecoveryError(`the tail is back, but the log still stops: ${log.stopped}`);
      await log?.append(draftSystemEntry(log.vault, { type: 'log-recovered', v: 1, body: { ...recovered } }));
    });
    const missing = recovered.to - recovered.from - recovered.payloads;
    process.stdout.write(
      `entries ${recovered.from} to ${recovered.to - 1} are back and make the root that was signed; ${recovered.payloads} of them with their payloads.\n` +
        (missing === 0 ? '' : `${missing} payloads are missing: their ids are unknown, and a retry of theirs would be taken in again. Bring their receipts, if anyone has them, before starting.\n`) +
        `The log goes on.\n`,
    );
  } catch (error) {
    if (!(error instanceof RecoveryError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

async function bringBack(settings: Settings, options: TailOptions): Promise<Recovered> {
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
    const payloads = await receiptPayloads(settings, options, row, database);
    const progress = showProgress('recover');
    return await recoverTail({
      owner: database.owner,
      row,
      stored,
      readEntries: readEntriesFrom(options.from, stored.size),
      payloadOf: (index, entry) => payloads.of(index, entry),
      onProgress: progress.update,
    }).finally(progress.end);
  } finally {
    await journal.close();
    await database.close();
  }
}

async function receiptPayloads(settings: Settings, { receipts }: TailOptions, row: LogRow, database: Database): Promise<ReceiptPayloads> {
  const vault = await openVault(settings, database);
  const found = new ReceiptPayloads(await vault.of(row));
  if (receipts === undefined) return found;
  if ((await stat(receipts)).isDirectory()) {
    for (const name of await readdir(receipts)) if (name.endsWith('.json')) found.add(await readFile(join(receipts, name), 'utf8'));
  } else {
    for (const line of (await readFile(receipts, 'utf8')).split('\n')) if (line.trim() !== '') found.add(line);
  }
  return found;
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
