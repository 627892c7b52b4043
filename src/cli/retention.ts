import type { Command } from 'commander';
import { SYSTEM } from '../ledger/draft.ts';
import { runRetention, type RetentionReport } from '../retention/retention-run.ts';
import { exitOnRefusal } from './database-command.ts';
import { withService } from './with-service.ts';

/** `prediction-ledger retention run`: exits 0 when it ran on every log, 1 when one has stopped, 2 otherwise. */
export function registerRetention(program: Command): void {
  program
    .command('retention')
    .summary('dispose of what is due')
    .command('run')
    .description('Disposes of the payloads whose contract’s retention is over, an entry a batch; a legal hold wins. The service does this by itself once a day. Stop an embedded service before.')
    .option('--dry-run', 'only say what is due')
    .option('--log <name>', 'only this log')
    .action((options: { dryRun?: boolean; log?: string }) => exitOnRefusal(() => runAll(options)));
}

async function runAll({ dryRun = false, log: name }: { dryRun?: boolean; log?: string }): Promise<void> {
  await withService(async ({ ledger, contracts }) => {
    const logs = ledger.logs.filter((log) => ledger.ofTenant(log.row.tenant) === log && (name === undefined || log.row.name === name));
    if (name !== undefined && logs.length === 0) throw new Error(`there is no log ${name}, or another one has succeeded it`);
    for (const log of logs) {
      if (log.stopped === undefined || dryRun) {
        process.stdout.write(describe(log.row.name, await runRetention(contracts, log, { principal: SYSTEM, rule: SYSTEM }, { dryRun })));
      } else {
        process.stdout.write(`log ${log.row.name} has stopped: ${log.stopped}\n`);
        process.exitCode = 1;
      }
    }
  });
}

function describe(log: string, { dryRun, schedules }: RetentionReport): string {
  const lines = schedules.map(({ contract, period, before, due, held, disposed, resealed, entries }) => {
    const what = dryRun ? '' : `, ${disposed} disposed of${entries.length === 0 ? '' : ` by entries ${entries.join(', ')}`}, ${resealed} sealed anew`;
    return `  ${contract}: ${period}, due up to ${before}: ${due} payloads${held === 0 ? '' : `, ${held} more held by a legal hold`}${what}`;
  });
  return `log ${log}${dryRun ? ' (nothing is done)' : ''}\n${lines.join('\n')}\n`;
}
