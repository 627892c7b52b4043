import type { Command } from 'commander';
import { connectDatabase } from './connect-database.ts';
import { exitOnRefusal, showProgress } from './database-command.ts';
import { fsckLog, isSound, type FsckReport } from '../ledger/fsck.ts';
import { installNativeSha256 } from '../ledger/native-sha256.ts';
import { openCheckpointStore } from '../ledger/open-checkpoint-store.ts';
import { readLogs } from '../ledger/log-row.ts';
import { readSettings } from '../settings.ts';
import { openVault } from '../vault/open-vault.ts';

/** `prediction-ledger fsck`: exits 0 when all is sound, 1 with findings, 2 when it could not look. */
export function registerFsck(program: Command): void {
  program
    .command('fsck')
    .summary('verify everything that the database holds')
    .description('Verifies every entry, payload, tile, head and checkpoint that the database holds, and names the first bad index. The service may go on running. Reads DATA_DIR and DATABASE_URL.')
    .option('--log <name>', 'only this log')
    .option('--json', 'give the report as JSON')
    .action((options: { log?: string; json?: boolean }) => exitOnRefusal(() => runFsck(options)));
}

async function runFsck({ log, json }: { log?: string; json?: boolean }): Promise<void> {
  installNativeSha256();
  const settings = readSettings(process.env);
  const database = await connectDatabase(settings);
  try {
    const store = await openCheckpointStore(settings.checkpointStore);
    const vault = await openVault(settings, database);
    const rows = (await readLogs(database.pool)).filter(({ name }) => log === undefined || name === log);
    if (rows.length === 0) throw new Error(log === undefined ? 'the database holds no log' : `there is no log ${log}`);
    const reports: FsckReport[] = [];
    for (const row of rows) {
      const progress = showProgress(row.name);
      const stored = await store.read(row.origin);
      reports.push(
        await fsckLog({ pool: database.pool, row, opener: vault.openerOf(row), stored, onProgress: progress.update }).finally(progress.end),
      );
    }
    await store.close();
    process.stdout.write(json === true ? `${JSON.stringify({ logs: reports }, null, 2)}\n` : reports.map(describe).join(''));
    if (!reports.every(isSound)) process.exitCode = 1;
  } finally {
    await database.close();
  }
}

function describe(report: FsckReport): string {
  const { log, origin, entries, payloads, erased, lost, tiles, checkpoints, findings, moreFindings } = report;
  const lines = [
    `log ${log} (${origin})`,
    `  verified ${entries} entries in one chain and tree, ${payloads} payloads against their commitments, ${tiles} full tiles, ${checkpoints} published checkpoints`,
    ...(erased > 0 ? [`  ${erased} payloads erased with authority`] : []),
    ...(lost > 0 ? [`  ${lost} payloads lost with a tail that was brought back, as entries of type log-recovered declare`] : []),
  ];
  const first = findings.filter(({ index }) => index !== undefined).toSorted((a, b) => Number(a.index) - Number(b.index))[0];
  if (first !== undefined) lines.push(`  FIRST BAD INDEX: ${first.index}`);
  for (const { code, detail, index } of findings) lines.push(`  ${code}${index === undefined ? '' : ` at ${index}`}: ${detail}`);
  if (moreFindings > 0) lines.push(`  and ${moreFindings} more`);
  lines.push(
    findings.length === 0
      ? '  sound: nothing differs. Not shown: that entries were not left out before they came in, or that others see the same log (compare checkpoints).'
      : '  NOT sound',
  );
  return `${lines.join('\n')}\n`;
}
