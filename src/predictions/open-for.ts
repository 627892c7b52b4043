import type { Caller } from '../access/caller.ts';
import type { VisibleFields } from '../access/visible-fields.ts';
import type { Entry } from '../core/entry.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload, type Payload } from '../core/payload.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import { attributesOf } from './appender.ts';
import { openEntry, absence } from './open-entry.ts';
import type { Prediction } from './prediction.ts';

/** Where an entry stands. */
export interface Place {
  readonly log: Log;
  readonly index: number;
}

/** An opened prediction, and what of it the caller may see. */
export interface OpenedFor {
  readonly entry: Entry;
  readonly leafHash: string;
  readonly payload: Payload & { body: Record<string, JsonValue> };
  readonly fields: VisibleFields;
  /** The rule that lets the caller see it. */
  readonly rule: string;
  /** Whether the rules let the caller read every field of it. */
  readonly readsAll: boolean;
}

/**
 * Opens a prediction and decides on it once more, by all that its payload says.
 *
 * @throws Problem `erased`, `payload-missing`; `not-found` where the rules do not let the caller see it: it looks as if it were not there
 */
export async function openFor(caller: Caller, { log, index }: Place): Promise<OpenedFor> {
  const { entry, leafHash, opening } = await openEntry(log, index);
  if (opening === undefined) throw await absence(log, index);
  const payload = parsePayload(Buffer.from(opening.payload).toString('utf8')) as OpenedFor['payload'];
  const own = payload.principal === caller.principal;
  const attributes = { ...attributesOf(payload.body as unknown as Prediction, payload.contract, caller.classes), own, time: Date.parse(entry.time), index };
  const decision = caller.judge(attributes);
  const { allowed, rule, fields } = decision;
  if (!allowed) {
    caller.denial = decision;
    throw notThere();
  }
  return { entry, leafHash, payload, fields, rule, readsAll: fields.everything && caller.judgeTo('read', attributes).fields.everything };
}

/** The refusal where there is nothing, or nothing for the caller: the two look alike. */
export function notThere(): Problem {
  return new Problem('not-found', 'The log holds no prediction of that id.');
}
