import type { EntryDraft, SequencedEntry } from '../ledger/entry-draft.ts';
import type { Log } from '../ledger/log.ts';
import { findFollowUps, followedUp, type FollowUpColumns, type FollowUpRow } from './follow-up-table.ts';

/** What became of a follow-up: its place, the one that has its id already, or nothing: it is to be drafted anew. */
export type Settled = { placed: SequencedEntry } | { taken: FollowUpRow } | 'again';

interface Waiting {
  draft: EntryDraft;
  columns: FollowUpColumns;
  settle(settled: Settled): void;
  fail(error: unknown): void;
}

/** Follow-ups that share a transaction, at most. */
const BATCH = 256;

/** Ends a transaction in which nothing is to be written. */
class NothingNew extends Error {
  override readonly name = 'NothingNew';
}

/**
 * Puts follow-ups into one log, each id once: whether an id is free is looked up behind the locked head. All that come
 * while a transaction is under way share the next.
 */
export class FollowUpQueue {
  private readonly log: Log;
  private readonly waiting: Waiting[] = [];
  private running = false;

  constructor(log: Log) {
    this.log = log;
  }

  /** Resolves when it is committed, or turns out to be there already. @throws AppendError */
  put(draft: EntryDraft, columns: FollowUpColumns): Promise<Settled> {
    return new Promise((settle, fail) => {
      this.waiting.push({ draft, columns, settle, fail });
      if (!this.running) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      // All requests of this turn of the event loop get into the first batch.
      await new Promise((done) => setImmediate(done));
      const batch = this.waiting.splice(0, BATCH);
      await this.append(batch).catch((error: unknown) => {
        for (const { fail } of batch) fail(error);
      });
    }
    this.running = false;
  }

  private async append(batch: readonly Waiting[]): Promise<void> {
    const logs = this.log.succession.map(({ row }) => row.id);
    const taken = new Map<string, FollowUpRow>();
    let fresh: Waiting[] = [];
    const appending = this.log.appendWith(async (client, head) => {
      for (const row of await findFollowUps(client, logs, batch.map(({ columns }) => columns))) taken.set(nameOf(row), row);
      const names = new Set(taken.keys());
      fresh = batch.filter(({ draft, columns }) => {
        // Keys may have been erased since it was sealed.
        if (draft.vault !== head.vault || names.has(nameOf(columns))) return false;
        return names.add(nameOf(columns));
      });
      if (fresh.length === 0) throw new NothingNew('no id is new');
      return { drafts: fresh.map(({ draft, columns }) => ({ ...draft, ...followedUp(columns) })) };
    });
    const placed = await appending.catch((error: unknown) => {
      if (error instanceof NothingNew) return [];
      throw error;
    });
    for (const each of batch) {
      const at = fresh.indexOf(each);
      const known = taken.get(nameOf(each.columns));
      const entry = placed[at];
      each.settle(entry !== undefined ? { placed: entry } : known !== undefined ? { taken: known } : 'again');
    }
  }
}

function nameOf({ kind, id }: Pick<FollowUpColumns, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}
