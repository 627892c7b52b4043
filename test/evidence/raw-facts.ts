import type { Log } from '../../src/ledger/log.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';

export type Json = Record<string, unknown>;

/** An entry and what its payload says, read one by one, past everything that makes bundles. */
export interface RawFact {
  index: number;
  at: string;
  time: number;
  type: string;
  /** Undefined where the payload is gone. */
  payload: { v: number; principal: string; rule: string; contract: string | null; body: Json } | undefined;
}

/** Every entry below a size. */
export async function rawFacts(log: Log, size: number): Promise<RawFact[]> {
  const facts: RawFact[] = [];
  for (let index = 0; index < size; index++) {
    const { entry, opening } = await openEntry(log, index);
    const payload = opening === undefined ? undefined : (JSON.parse(Buffer.from(opening.payload).toString('utf8')) as NonNullable<RawFact['payload']>);
    facts.push({ index, at: entry.time, time: Date.parse(entry.time), type: entry.type, payload });
  }
  return facts;
}
