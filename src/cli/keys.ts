import type { Command } from 'commander';
import { SYSTEM } from '../ledger/draft.ts';
import { EpochEndingError } from '../vault/epoch-ending-error.ts';
import { listEpochs } from '../vault/list-epochs.ts';
import { exitOnRefusal } from './database-command.ts';
import { withService } from './with-service.ts';

/** `prediction-ledger keys end-epoch`: exits 0 when the epoch has ended, 1 when it cannot end now, 2 otherwise. */
export function registerKeys(program: Command): void {
  program
    .command('keys')
    .summary('administer the keys under which payloads are kept')
    .command('end-epoch')
    .description('Ends the open epoch of a log’s keys: what was erased until now cannot be brought back any more, from any backup. Stop an embedded service before, or ask a running one by POST /v1/key-epochs.')
    .option('--log <name>', 'the log', 'default')
    .action(({ log }: { log: string }) => exitOnRefusal(() => end(log)));
}

async function end(name: string): Promise<void> {
  await withService(async ({ ledger, endsEpochs }) => {
    const log = ledger.byLogName(name);
    if (log === undefined || log.stopped !== undefined) return refuse(log === undefined ? `there is no log ${name}` : `log ${name} has stopped: ${log.stopped}`);
    try {
      await endsEpochs.end(log, { principal: SYSTEM, rule: SYSTEM });
    } catch (error) {
      if (!(error instanceof EpochEndingError)) throw error;
      return refuse(error.message);
    }
    const [open, ended] = await listEpochs(endsEpochs.office.pool, log.row.id, { before: undefined, limit: 2 });
    process.stdout.write(
      `epoch ${ended?.number} of the keys of log ${name} has ended, entry ${ended?.endedIndex}: ${ended?.rewrapped} keys are wrapped in epoch ${open?.number} now.\n` +
        'Replace every copy of the key file by the present one, and keep no older one: with it, what was erased could be brought back.\n',
    );
  });
}

function refuse(why: string): void {
  process.stderr.write(`${why}\n`);
  process.exitCode = 1;
}
