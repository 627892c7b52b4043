import { resolve } from 'node:path';
import type { Command } from 'commander';
import { openBackup, restoreBackup } from '../database/restore.ts';
import { reachServer } from '../database/server.ts';
import { readSettings } from '../settings.ts';
import { describeBackup } from './backup.ts';
import { exitOnRefusal, showProgress, stderrLog } from './database-command.ts';

/** `prediction-ledger restore <file>`: exits 0, 1 when the backup is not valid, or 2 when it could not be restored. */
export function registerRestore(program: Command): void {
  program
    .command('restore')
    .argument('<file>', 'a file that "prediction-ledger backup" wrote')
    .summary('bring a backup into an empty database')
    .description('Brings a backup into an empty database, checks it whole before any of it stays, and migrates it. Reads DATA_DIR and DATABASE_URL.')
    .action((file: string) => exitOnRefusal(() => restore(file)));
}

async function restore(file: string): Promise<void> {
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = readSettings(process.env);
  const backup = await openBackup(resolve(file));
  try {
    const server = await reachServer({ dataDir, databaseUrl, runtimeDatabaseUrl, log: stderrLog });
    try {
      const progress = showProgress('restore');
      await restoreBackup({ backup, server, onProgress: progress.update, log: stderrLog }).finally(progress.end);
    } finally {
      await server.stop();
    }
  } finally {
    backup.archive.close();
  }
  process.stdout.write(`${describeBackup(backup.manifest)}\n${WHAT_WAS_CHECKED}${WHAT_NEXT}`);
}

const WHAT_WAS_CHECKED = `All of it is restored: every table has the SHA-256 and the rows, and every log the root hash, that the backup states.\n`;

const WHAT_NEXT = `
Before you start the service, put back what no backup holds: the signing keys (DATA_DIR/log-keys), DATA_DIR/key-encryption-keys.json and DATA_DIR/keys.json.
Keep the checkpoint store as it is. Where it is ahead of this backup, that log will refuse to append and say so: entries are missing.
Then run "prediction-ledger recover". "prediction-ledger fsck" verifies every entry of every log.
`;
