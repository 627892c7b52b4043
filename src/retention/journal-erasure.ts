import type { Log } from '../ledger/log.ts';
import { openEntry } from '../predictions/open-entry.ts';
import type { ErasureJournal } from '../vault/erasure-journal.ts';
import type { RequestRow } from './request-table.ts';

interface Body {
  keys: { id: number }[];
  succession: { origin: string; keys: { id: number }[] }[];
}

/**
 * Appends an erasure that is committed to the journal outside the database, under the log and each that it succeeds; the
 * log's own record comes last, so that where it stands all do. To be done before the erasure is acknowledged.
 *
 * @throws JournalError
 */
export async function journalErasure(journal: ErasureJournal, log: Log, { id, decisionIndex }: Pick<RequestRow, 'id' | 'decisionIndex'>): Promise<void> {
  if (decisionIndex === null) return;
  const { opening, entry } = await openEntry(log, decisionIndex);
  if (opening === undefined) return;
  const { body } = JSON.parse(Buffer.from(opening.payload).toString('utf8')) as { body: Body };
  for (const { origin, keys } of [...body.succession, { origin: log.row.origin, keys: body.keys }]) {
    await journal.append(origin, { v: 1, kind: 'erasure', id, keys: keys.map((key) => key.id), time: entry.time });
  }
}
