import { Problem } from '../http/problem.ts';
import type { LegalHoldRow } from './legal-hold-table.ts';
import type { RequestRow } from './request-table.ts';

/** A malformed id is one that nothing has: it is told nothing else. @throws Problem `not-found` */
export function knownId(id: string, prefix: 'req' | 'hold'): string {
  if (!new RegExp(`^${prefix}_[0-9a-f]{24}$`).test(id)) throw new Problem('not-found', 'There is nothing of that id.');
  return id;
}

/** A request as an answer gives it. Which subject it is about is in the entry alone, as an opaque id. */
export function shownRequest(row: RequestRow): object {
  const { id, kind, state, requester, requested, requestIndex, expires, hold, detail, decider, decided, decisionIndex } = row;
  return {
    id, kind, state, requester, requested: requested.toISOString(), index: requestIndex, expires: expires.toISOString(), ...(hold !== null && { hold }), ...detail,
    ...(decided !== null && { decider, decided: decided.toISOString(), decision: decisionIndex }),
  };
}

export function shownHold({ id, subjects, models, from, to, reason, citation, placedBy, placed, placedIndex, released, releasedIndex }: LegalHoldRow): object {
  const at = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
  return {
    id, ofSubject: subjects.length > 0, models, from: at(from), to: at(to), reason, citation, placedBy, placed: placed.toISOString(), index: placedIndex,
    released: released?.toISOString() ?? null, ...(releasedIndex !== null && { releasedBy: releasedIndex }),
  };
}
