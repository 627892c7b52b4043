import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withClient } from '../../src/database/connect.ts';
import { databaseUrlOf, withSetting } from '../../src/database/connection.ts';
import { openCheckpointStore } from '../../src/ledger/open-checkpoint-store.ts';
import { PostgresCheckpointStore } from '../../src/ledger/postgres-checkpoint-store.ts';
import { cloneTemplate, type Clone } from '../test-database.ts';
import { checkpointStoreConformance } from './checkpoint-store.ts';

const ORIGIN = 'ledger.example/logs/terminated';
const ROOT = 'ab'.repeat(32);

let clone: Clone;
let url: string;
beforeAll(async () => {
  clone = await cloneTemplate('template0');
  url = databaseUrlOf(clone.owner);
});
afterAll(async () => {
  expect(await clone.drop()).toEqual([]);
});

checkpointStoreConformance('PostgresCheckpointStore', async () => ({ open: () => openCheckpointStore(url), isShared: true }));

describe('PostgresCheckpointStore', () => {
  test('several replicas may make its table at once', async () => {
    const empty = await cloneTemplate('template0');
    const stores = await Promise.all(Array.from({ length: 6 }, () => PostgresCheckpointStore.open(databaseUrlOf(empty.owner))));
    await Promise.all(stores.map((store) => store.close()));
    await empty.drop();
  });

  test('refuses a server that acknowledges before it keeps', async () => {
    const weak = databaseUrlOf(withSetting(clone.owner, 'synchronous_commit', 'off'));
    await expect(PostgresCheckpointStore.open(weak)).rejects.toMatchObject({ name: 'CheckpointStoreError' });
  });

  test('refuses the ledger’s own database, whose restoration it is to notice', async () => {
    const ledger = await cloneTemplate();
    await expect(PostgresCheckpointStore.open(databaseUrlOf(ledger.owner))).rejects.toThrow('CHECKPOINT_STORE names a ledger’s own database');
    await ledger.drop();
  });

  test('connections that break cost one answer each, never the store', async () => {
    const store = await PostgresCheckpointStore.open(url);
    await store.replace(ORIGIN, undefined, { size: 1, root: ROOT });
    await withClient(clone.owner, () => undefined, (client) =>
      client.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"),
    );
    const answers = await Promise.allSettled([store.read(ORIGIN), store.read(ORIGIN)]);
    for (const answer of answers) if (answer.status === 'fulfilled') expect(answer.value).toEqual({ size: 1, root: ROOT });
    expect(await store.replace(ORIGIN, { size: 1, root: ROOT }, { size: 2, root: ROOT })).toBe(true);
    await store.close();
  });
});

describe('openCheckpointStore', () => {
  test('gives a store that says why, where the database is not there', async () => {
    const store = await openCheckpointStore(databaseUrlOf({ ...clone.owner, database: 'pl_nowhere' }));
    await expect(store.read(ORIGIN)).rejects.toMatchObject({ name: 'CheckpointStoreError', message: expect.stringContaining('/pl_nowhere') });
    await expect(store.read(ORIGIN)).rejects.not.toThrow(String(clone.owner.password));
    await expect(store.replace(ORIGIN, undefined, { size: 0, root: ROOT })).rejects.toMatchObject({ name: 'CheckpointStoreError' });
    await store.close();
  });
});
