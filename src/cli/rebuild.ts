import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { derivations } from '../derivations.ts';
import { toHex, utf8 } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import { sha256 } from '../core/sha256.ts';
import { ErasedDerivation, type ErasedLists } from '../ledger/derive-erased.ts';
import { installNativeSha256 } from '../ledger/native-sha256.ts';
import { readLogs } from '../ledger/log-row.ts';
import { rebuild, RebuildError } from '../ledger/rebuild.ts';
import type { TableReport } from '../ledger/rebuilt-table.ts';
import { readSettings } from '../settings.ts';
import { openVault } from '../vault/open-vault.ts';
import { connectDatabase } from './connect-database.ts';
import { exitOnRefusal, showProgress } from './database-command.ts';

interface RebuildCommand {
  check?: boolean;
  lists?: string;
  json?: boolean;
}

/** `prediction-ledger rebuild`: exits 0 when the read models are what entries say, or were made so; 1 with differences or where a list cannot be told; 2 otherwise. */
export function registerRebuild(program: Command): void {
  program
    .command('rebuild')
    .summary('derive the read models again from the entries')
    .description('Derives lists, totals, requests, holds, credentials and what else is a read model from entries, surviving payloads and erasures, in one transaction as the tables’ owner. Stop the service before; with --check it may go on. Reads DATA_DIR and DATABASE_URL.')
    .option('--check', 'tell what differs, and change nothing')
    .option('--lists <path>', 'erasure certificates or erased receipts, a file or a folder of .json files: they hold lists of erased entries')
    .option('--json', 'give the report as JSON')
    .action((options: RebuildCommand) => exitOnRefusal(() => runRebuild(options)));
}

async function runRebuild({ check = false, lists, json = false }: RebuildCommand): Promise<void> {
  installNativeSha256();
  const settings = readSettings(process.env);
  const erased = new ErasedDerivation(lists === undefined ? undefined : await readLists(lists));
  const database = await connectDatabase(settings, { attach: check });
  const progress = showProgress('rebuild');
  try {
    const vault = await openVault(settings, database);
    const tables = await rebuild({
      owner: database.owner,
      logs: await readLogs(database.pool),
      openerOf: (row) => vault.openerOf(row),
      derivations: derivations(erased),
      check,
      onProgress: (_log, done, total) => progress.update(done, total),
    });
    const { unresolved } = erased;
    process.stdout.write(json ? `${JSON.stringify({ check, tables, unresolved }, null, 2)}\n` : describe(tables, check, unresolved));
    if (unresolved.length > 0 || (check && tables.some(differs))) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof RebuildError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  } finally {
    progress.end();
    await database.close();
  }
}

function differs({ missing, surplus, different }: TableReport): boolean {
  return missing + surplus + different > 0;
}

function describe(tables: readonly TableReport[], check: boolean, unresolved: readonly { index: number }[]): string {
  const lines = tables.map((report) => {
    const { table, rows, missing, surplus, different, examples } = report;
    const found = differs(report) ? `${missing} missing, ${surplus} surplus, ${different} different (${examples.join('; ')})` : 'as entries say';
    return `${table}: ${rows} rows, ${found}`;
  });
  for (const { index } of unresolved) lines.push(`what entry ${index} erased cannot be told any more: give its certificate with --lists`);
  const isRight = !tables.some(differs);
  lines.push(isRight ? 'nothing differs' : check ? 'nothing was changed: run it without --check, with the service stopped' : 'the read models are now what entries say');
  return `${lines.join('\n')}\n`;
}

/** Lists of erased indices that certificates and erased receipts hold, by what entries commit to. None is believed for another reason. */
async function readLists(path: string): Promise<ErasedLists> {
  const files = (await stat(path)).isDirectory() ? (await readdir(path)).filter((name) => name.endsWith('.json')).map((name) => join(path, name)) : [path];
  const lists = new Map<string, readonly number[]>();
  for (const file of files) {
    const { erasure, succession = [] } = JSON.parse(await readFile(file, 'utf8')) as { erasure?: { indices?: number[] }; succession?: { indices?: number[] }[] };
    for (const { indices } of [erasure ?? {}, ...succession]) if (Array.isArray(indices)) lists.set(toHex(sha256(utf8(canonicalize(indices)))), indices);
  }
  return lists;
}
