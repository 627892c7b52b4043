import { isPostgresUrl } from '../settings.ts';
import { CheckpointStoreError, type CheckpointStore } from './checkpoint-store.ts';
import { FileCheckpointStore } from './file-checkpoint-store.ts';
import { PostgresCheckpointStore } from './postgres-checkpoint-store.ts';

/**
 * The checkpoint store at a place: a postgres:// URL or a file. One that cannot be used is given all the same: every log
 * that asks it stops with the reason, and serves reads.
 */
export async function openCheckpointStore(place: string): Promise<CheckpointStore> {
  if (!isPostgresUrl(place)) return new FileCheckpointStore(place);
  try {
    return await PostgresCheckpointStore.open(place);
  } catch (error) {
    if (error instanceof CheckpointStoreError) return new LostCheckpointStore(error);
    throw error;
  }
}

/** Stands where a checkpoint store should be. */
class LostCheckpointStore implements CheckpointStore {
  private readonly reason: CheckpointStoreError;

  constructor(reason: CheckpointStoreError) {
    this.reason = reason;
  }

  read(): Promise<never> {
    return Promise.reject(this.reason);
  }

  replace(): Promise<never> {
    return Promise.reject(this.reason);
  }

  async close(): Promise<void> {
    // nothing is open
  }
}
