import type { Database } from '../database/database.ts';
import { readLogs } from '../ledger/log-row.ts';
import { bringBackKeys, type KeyReturn } from './bring-back-keys.ts';

/** `bringBackKeys` for every log of a database. To be done before its keys are opened. @throws JournalError */
export async function bringBackAllKeys({ pool, owner }: Pick<Database, 'pool' | 'owner'>, from: Omit<KeyReturn, 'owner'>): Promise<void> {
  for (const log of await readLogs(pool)) await bringBackKeys({ ...from, owner }, log);
}
