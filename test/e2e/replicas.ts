import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseUrlOf } from '../../src/database/connection.ts';
import { cloneTemplate, createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startTestService, type TestService } from './service.ts';

/** Two services on one database, with the checkpoint store and the journal of erasures in another one. */
export interface Replicas {
  here: TestService;
  there: TestService;
  database: TestDatabase;
  close(): Promise<void>;
}

export async function startReplicas(env: (dataDir: string) => Promise<Record<string, string>>): Promise<Replicas> {
  const database = await createTestDatabase();
  const checkpoints = await cloneTemplate('template0');
  const folder = await mkdtemp(join(tmpdir(), 'pl-replica-'));
  const shared = { ...(await env(database.settings.dataDir)), CHECKPOINT_STORE: databaseUrlOf(checkpoints.owner) };
  const here = await startTestService(shared, {}, database);
  const { dataDir } = database.settings;
  // Keys of data are one provider's, whichever replica ends an epoch.
  await symlink(join(dataDir, 'key-encryption-keys.json'), join(folder, 'key-encryption-keys.json'));
  for (const name of ['log-keys', 'keys.json']) await cp(join(dataDir, name), join(folder, name), { recursive: true });
  const there = await startTestService(shared, {}, { ...database, settings: { ...database.settings, dataDir: folder } });
  return {
    here,
    there,
    database,
    close: async () => {
      await there.close();
      await here.close();
      await database.drop();
      await checkpoints.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
