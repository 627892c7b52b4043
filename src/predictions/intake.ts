import { timingSafeEqual } from 'node:crypto';
import { Problem } from '../http/problem.ts';
import { AlreadySequencedError } from '../ledger/append-error.ts';
import type { SequencedEntry } from '../ledger/entry-draft.ts';
import type { Log } from '../ledger/log.ts';
import type { Appender } from './appender.ts';
import { openEntry, payloadMissing } from './open-entry.ts';
import { contentDigest, draftPrediction, prepare, type Prepared } from './prepared.ts';

/** What became of a posted record. */
export interface Accepted extends SequencedEntry {
  id: string;
  /** The log that holds it: the one that was asked, or, for an old id, one that it succeeds. */
  log: Log;
  /** Whether this very request brought it in; false when it was in the log already with the same content. */
  created: boolean;
}

/**
 * Takes one record in: resolves when it is committed, and only then.
 *
 * @throws Problem, AppendError; nothing was taken in then, except where `outcome-unknown` says so
 */
export async function takeIn(log: Log, bytes: Uint8Array, by: Appender, maxDepth: number): Promise<Accepted> {
  log.checkRoom(bytes.length);
  const prepared = prepare(bytes, by, maxDepth);
  const { id } = prepared.prediction;
  try {
    const { index, time, leafHash } = await log.append(draftPrediction(log.sealer, prepared));
    return { id, log, index, time, leafHash, created: true };
  } catch (error) {
    if (error instanceof AlreadySequencedError) return sameAgain(holderOf(log, error), prepared, error.index);
    throw error;
  }
}

/** The log that holds the id: this one, or one that it succeeds. */
function holderOf(log: Log, taken: AlreadySequencedError): Log {
  return log.succession.find((each) => each.row.id === taken.log) ?? log;
}

/** The first acceptance of the same content. @throws Problem `id-taken`, `payload-missing` */
async function sameAgain(log: Log, { prediction, content }: Prepared, index: number): Promise<Accepted> {
  const { entry, leafHash, opening } = await openEntry(log, index);
  if (opening === undefined) throw payloadMissing(index);
  if (!timingSafeEqual(contentDigest(opening.salt, content), opening.contentDigest)) {
    throw new Problem('id-taken', `The id stands at index ${index} with other content: use a new id, or a correction.`);
  }
  return { id: prediction.id, log, index, time: entry.time, leafHash, created: false };
}
