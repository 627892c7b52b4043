import { resolve } from 'node:path';
import type { Command } from 'commander';
import { writeBackup } from '../database/backup.ts';
import type { BackupManifest } from '../database/backup-manifest.ts';
import { reachServer } from '../database/server.ts';
import { readSettings } from '../settings.ts';
import { exitOnRefusal, showProgress, stderrLog } from './database-command.ts';

/** `prediction-ledger backup <file>`: exits 0, or 2 when no backup could be made. */
export function registerBackup(program: Command): void {
  program
    .command('backup')
    .argument('<file>', 'the file to write, such as ledger-2027-01-31.zip; it must not exist yet')
    .summary('write all of the database into one file')
    .description('Writes all of the database, as of one moment, into one file. The service may go on running. Reads DATA_DIR and DATABASE_URL.')
    .action((file: string) => exitOnRefusal(() => backUp(file)));
}

async function backUp(file: string): Promise<void> {
  const { dataDir, databaseUrl } = readSettings(process.env);
  const server = await reachServer({ dataDir, databaseUrl, attach: true, log: stderrLog });
  try {
    const progress = showProgress('backup');
    const manifest = await writeBackup({ owner: server.owner, path: resolve(file), onProgress: progress.update, log: stderrLog }).finally(progress.end);
    process.stdout.write(`${describeBackup(manifest)}\n${file} is written.\n${WHAT_IS_MISSING}`);
  } finally {
    await server.stop();
  }
}

/** What a backup holds, in lines for people. */
export function describeBackup({ tables, logs, created, migrations }: BackupManifest): string {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const lines = [`${rows} rows of ${tables.length} tables as of ${created}, schema ${migrations.at(-1)?.name}`];
  for (const { origin, size, root } of logs) lines.push(`  ${origin}: ${size} entries, root hash ${root}`);
  return lines.join('\n');
}

const WHAT_IS_MISSING = `
It does not hold what must never lie beside the data. Copy these by themselves, to another place, with mode 0600:
  - DATA_DIR/log-keys, the logs' signing keys: without them a restored log cannot go on, only be read and succeeded by a new one;
  - the key file (KEY_FILE, DATA_DIR/key-encryption-keys.json): without it no payload can ever be opened again. Keep its newest copy ALONE,
    and replace it after each end of an epoch of keys: with an older copy what was erased could be brought back;
  - the key exports (KEY_EXPORTS, DATA_DIR/key-exports): without them this backup opens no more once the present epoch of keys has ended;
  - the erasure journal (erasures.jsonl beside the checkpoint store): it tells a restored database what was erased. Never roll it back;
  - DATA_DIR/keys.json, the API keys in the clear, unless you have handed them all out (the database holds digests of them);
  - the checkpoint store (CHECKPOINT_STORE). Do not roll it back with the database: it is what shows that a restored log lost its tail.
`;
