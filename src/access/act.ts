import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { draftOwnEntry } from '../ledger/draft.ts';
import type { EntryDraft, SequencedEntry } from '../ledger/entry-draft.ts';
import type { Log } from '../ledger/log.ts';

/** Who did something, and which rule let them. */
export interface Actor {
  principal: string;
  rule: string;
}

/** What somebody changed: the entry that says so, of a type of the catalogue (docs/spec/payloads.md). */
export interface Act {
  type: string;
  v: number;
  body: JsonValue;
}

/** The entry by which somebody's change of state is recorded, for a transaction of the caller's own (`log.appendWith`). */
export function draftAct(log: Log, { principal, rule }: Actor, { type, v, body }: Act): EntryDraft {
  return draftOwnEntry(log.vault, { type, payload: canonicalize({ type, v, principal, rule, contract: null, body }) });
}

/** Records in the log what somebody did. Resolves when it is committed. @throws AppendError */
export function record(log: Log, { principal, rule }: Actor, { type, v, body }: Act): Promise<SequencedEntry> {
  return log.append(draftAct(log, { principal, rule }, { type, v, body }));
}
