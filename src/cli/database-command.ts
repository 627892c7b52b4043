import { SingleBar } from 'cli-progress';
import { DatabaseError } from '../database/database-error.ts';
import type { Log } from '../database/log.ts';
import { SettingsError } from '../settings.ts';

/** Runs a command; a refusal becomes one line on stderr and the exit code 1 for a backup that is not valid, 2 for anything else. */
export async function exitOnRefusal(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof DatabaseError || error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error instanceof DatabaseError && error.code === 'backup-malformed' ? 1 : 2;
  }
}

/** Lines of the database layer, on stderr, where they do not mix with what a command answers. */
export const stderrLog: Log = (level, message) => {
  if (level !== 'debug') process.stderr.write(`${message}\n`);
};

/** A bar on stderr, where that is a terminal. */
export function showProgress(name: string): { update(done: number, total: number): void; end(): void } {
  const bar = new SingleBar({ format: `${name} {bar} {percentage} % | {value} of {total} rows | {eta_formatted} left`, stream: process.stderr, hideCursor: true });
  let started = false;
  return {
    update: (done, total) => {
      if (!started) bar.start(total, 0);
      started = true;
      bar.update(done);
    },
    end: () => {
      if (started) bar.stop();
    },
  };
}
