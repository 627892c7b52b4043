import { timingSafeEqual } from 'node:crypto';
import { Problem } from '../http/problem.ts';
import { AlreadySequencedError } from '../ledger/append-error.ts';
import type { SequencedEntry } from '../ledger/entry-draft.ts';
import type { Log } from '../ledger/log.ts';
import type { Appender } from './appender.ts';
import { openEntry, payloadMissing } from './open-entry.ts';
import { contentDigest, draftPrediction, readPosted, type Posted } from './prepared.ts';

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
  const posted = readPosted(bytes, maxDepth);
  const { id } = posted.prediction;
  try {
    const rule = typeof by.rule === 'string' ? by.rule : by.rule(posted.prediction);
    const draft = draftPrediction(log.vault, posted, { principal: by.principal, rule, contract: null, originals: [], handling: undefined });
    const { index, time, leafHash } = await log.append(draft instanceof Promise ? await draft : draft);
    return { id, log, index, time, leafHash, created: true };
  } catch (error) {
    if (error instanceof AlreadySequencedError) return sameAgain(holderOf(log, error), posted, error.index);
    throw error;
  }
}

/** The log that holds the id: this one, or one that it succeeds. */
function holderOf(log: Log, taken: AlreadySequencedError): Log {
  return log.succession.find((each) => each.row.id === taken.log) ?? log;
}

/** The first acceptance of the same content. @throws Problem `id-taken`, `payload-missing` */
async function sameAgain(log: Log, { prediction, content }: Posted, index: number): Promise<Accepted> {
  const { entry, leafHash, opening } = await openEntry(log, index);
  if (opening === undefined) throw payloadMissing(index);
  if (!timingSafeEqual(contentDigest(opening.salt, content), opening.contentDigest)) {
    throw new Problem('id-taken', `The id stands at index ${index} with other content: use a new id, or a correction.`);
  }
  return { id: prediction.id, log, index, time: entry.time, leafHash, created: false };
}
