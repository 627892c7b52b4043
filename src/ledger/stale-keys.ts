import type { LogVault } from '../vault/log-vault.ts';
import { StaleKeyError } from './append-error.ts';
import type { EntryDraft } from './entry-draft.ts';

/** Whether every draft was sealed under keys of that version of the vault. */
export function isSealedAt(drafts: readonly EntryDraft[], version: number): boolean {
  return drafts.every((draft) => draft.vault === version);
}

/**
 * Makes sure that the keys of all drafts are there, and that what they say of the log's state holds: keys may have been erased
 * since the drafts were sealed, the epoch that wrapped them may have closed, or a model version may stand otherwise. Precondition: the head is locked, so that none is erased now, and its version is given.
 *
 * @throws StaleKeyError naming the drafts that must be made anew
 */
export async function requireKeys(vault: LogVault, version: number, drafts: readonly EntryDraft[]): Promise<void> {
  if (vault.version !== version) await vault.renew(version);
  const older = drafts.filter((draft) => draft.vault !== version);
  if (older.length === 0) return;
  const present = await vault.present(older.flatMap(({ key, ownKey }) => (ownKey === undefined ? key : [])));
  const stale = older.filter(({ key, ownKey }) => (ownKey === undefined ? !present.has(key) : ownKey.epoch !== vault.epoch));
  for (const draft of older) {
    if (draft.stays !== undefined && !(await draft.stays(version))) stale.push(draft);
    draft.vault = version;
  }
  if (stale.length > 0) throw new StaleKeyError(new Set(stale));
}

/**
 * Makes sure that no draft comes too late for what it says of the log's state.
 *
 * @param time the entries', ms since 1970
 * @throws StaleKeyError naming the drafts that must be made anew
 */
export function requireInTime(drafts: readonly EntryDraft[], time: number): void {
  if (drafts.every(({ until }) => until === undefined || time < until)) return;
  throw new StaleKeyError(new Set(drafts.filter(({ until }) => until !== undefined && until <= time)), time);
}
