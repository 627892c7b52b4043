import { isPostgresUrl } from '../settings.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import { FileCheckpointStore } from './file-checkpoint-store.ts';
import { PostgresCheckpointStore } from './postgres-checkpoint-store.ts';

/** The checkpoint store at a place: a postgres:// URL or a file. @throws CheckpointStoreError */
export function openCheckpointStore(place: string): Promise<CheckpointStore> {
  return isPostgresUrl(place) ? PostgresCheckpointStore.open(place) : Promise.resolve(new FileCheckpointStore(place));
}
