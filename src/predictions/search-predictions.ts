import type { Caller } from '../access/caller.ts';
import { Problem } from '../http/problem.ts';
import { requireWindow, type PredictionFilter } from './combinations.ts';
import { EXCEPTION_WORDS, exceptionBits, exceptionWords, type ExceptionWord } from './exception-words.ts';
import { predictionColumns, PredictionTable } from './prediction-table.ts';

/** Filters and page, as a URL or a body has them. */
export interface Asked {
  model?: string;
  version?: string;
  decision?: string;
  deployment?: string;
  producer?: string;
  exception?: ExceptionWord | 'any';
  /** The reference by which producers name the data subject. */
  subject?: string;
  /** RFC 3339. */
  from?: string;
  to?: string;
  order?: 'asc' | 'desc';
  cursor?: string;
}

/** A row of a list, as it is shown. */
export interface ListedPrediction {
  id: string;
  index: number;
  time: string;
  model: string;
  version: string;
  deployment?: string;
  exceptions?: ExceptionWord[];
}

/**
 * One page of the predictions that the caller may see. By a data subject, only for who may know data subjects.
 *
 * @throws Problem `window-needed`, `forbidden`
 */
export async function searchPredictions(caller: Caller, asked: Asked, limit: number): Promise<{ items: ListedPrediction[]; next?: string }> {
  const seen = caller.rows(predictionColumns(caller.classes));
  const filter = filterOf(asked);
  if (asked.subject !== undefined) {
    if (!caller.judgeAbout('read', 'subject', {}).allowed) throw new Problem('forbidden', `No rule lets the role ${caller.role} read a subject: search without it.`);
    const key = await caller.log.vault.findSubjectKey(asked.subject);
    // Nobody can tell whether the reference was never heard of, or nothing is held of it.
    if (key?.subject === undefined) return { items: [] };
    filter.subject = Buffer.from(key.subject.slice('sub_'.length), 'hex');
  }
  requireWindow(filter);
  const { rows, next } = await new PredictionTable(caller.log.pool).page(caller.log.row.id, filter, asked.order ?? 'desc', asked.cursor === undefined ? undefined : Number(asked.cursor), limit, seen);
  const items = rows.map(({ deployment, time, exceptions, ...row }) => ({
    ...row,
    time: new Date(time).toISOString(),
    ...(deployment !== null && { deployment }),
    ...(exceptions !== null && { exceptions: exceptionWords(exceptions) }),
  }));
  return { items, ...(next !== undefined && { next: String(next) }) };
}

/** The filters of a URL or a body as the read model knows them, but the data subject. */
export function filterOf({ model, version, decision, deployment, producer, exception, from, to }: Asked): PredictionFilter {
  return {
    model, version, outcome: decision, deployment, principal: producer,
    exceptions: exception === undefined ? undefined : exceptionBits(exception === 'any' ? EXCEPTION_WORDS : [exception]),
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
  };
}
