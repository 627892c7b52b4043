import { openDatabase, type Database } from '../database/database.ts';
import type { Settings } from '../settings.ts';
import { stderrLog } from './database-command.ts';

/** The database of the settings; an embedded one that a service is running is used as it is, unless `attach` is false. */
export function connectDatabase({ dataDir, databaseUrl, runtimeDatabaseUrl }: Settings, { attach } = { attach: true }): Promise<Database> {
  return openDatabase({ dataDir, databaseUrl, runtimeDatabaseUrl, poolSize: 4, attach, log: stderrLog });
}
