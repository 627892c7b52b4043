import type { Command } from 'commander';
import { SYSTEM } from '../ledger/draft.ts';
import { EpochEndingError } from '../vault/epoch-ending-error.ts';
import { listEpochs } from '../vault/list-epochs.ts';
import { RotationRefusal, rotateSubjectKey } from '../vault/rotate-subject-key.ts';
import { exitOnRefusal } from './database-command.ts';
import { withService } from './with-service.ts';

/** `prediction-ledger keys end-epoch|rotate`: exits 0 when it is done, 1 when it cannot be done now, 2 otherwise. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').summary('administer the keys under which payloads are kept');
  keys
    .command('end-epoch')
    .description('Ends the open epoch of a log’s keys: what was erased until now cannot be brought back any more, from any backup. Stop an embedded service before, or ask a running one by POST /v1/key-epochs.')
    .option('--log <name>', 'the log', 'default')
    .action(({ log }: { log: string }) => exitOnRefusal(() => end(log)));
  keys
    .command('rotate')
    .description('Puts a new key in the place of one data subject’s, and seals anew what the old one sealed; no entry of the log changes. Stop an embedded service before.')
    .requiredOption('--subject <id>', 'the data subject’s opaque id, sub_…')
    .option('--log <name>', 'the log', 'default')
    .action(({ log, subject }: { log: string; subject: string }) => exitOnRefusal(() => rotate(log, subject)));
}

async function rotate(name: string, subject: string): Promise<void> {
  await withService(async ({ ledger }) => {
    const log = ledger.byLogName(name);
    if (log === undefined || log.stopped !== undefined) return refuse(log === undefined ? `there is no log ${name}` : `log ${name} has stopped: ${log.stopped}`);
    try {
      const { index, payloads } = await rotateSubjectKey(log, { principal: SYSTEM, rule: SYSTEM }, subject);
      process.stdout.write(
        `the key of ${subject} is another now, entry ${index}: ${payloads} payloads are sealed anew.\n` +
          'Make a backup: one from before opens with the old key alone, until the present epoch of keys ends.\n',
      );
    } catch (error) {
      if (!(error instanceof RotationRefusal)) throw error;
      refuse(error.message);
    }
  });
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
