import type { Pool } from 'pg';
import { lastDisclosures } from '../access/disclosures.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload } from '../core/payload.ts';
import type { Log } from '../ledger/log.ts';
import { openEntry } from '../predictions/open-entry.ts';
import type { ReportPlace } from './subject-report.ts';

/** So many of each prediction are opened, the last ones. */
const EACH = 20;

/** That somebody saw a prediction, by the entry that says so. */
export interface Seen {
  time: string;
  /** Opaque id. */
  principal: string;
  role: string | null;
  /** The type of the entry: a read, a detokenization, a report. */
  how: string;
  purpose: string | null;
  log: string;
  entry: number;
}

/** Who saw these predictions, by `origin index`. */
export async function readDisclosures(pool: Pool, log: Log, places: readonly ReportPlace[]): Promise<Map<string, { total: number; last: Seen[] }>> {
  const found = new Map<string, { total: number; last: Seen[] }>();
  if (places.length === 0) return found;
  const opened = new Map<string, Promise<Seen>>();
  const holder = (id: number): Log | undefined => log.succession.find(({ row }) => row.id === id);
  for (const { log: of, index, byLog, byIndex, total } of await lastDisclosures(pool, places, EACH)) {
    const by = holder(byLog);
    const origin = holder(of)?.row.origin;
    if (by === undefined || origin === undefined) continue;
    const name = `${byLog} ${byIndex}`;
    const seen = opened.get(name) ?? openSeen(by, byIndex);
    opened.set(name, seen);
    const ofOne = found.get(`${origin} ${index}`) ?? { total, last: [] };
    ofOne.last.push(await seen);
    found.set(`${origin} ${index}`, ofOne);
  }
  return found;
}

async function openSeen(log: Log, index: number): Promise<Seen> {
  const { entry, opening } = await openEntry(log, index);
  const payload = opening && parsePayload(Buffer.from(opening.payload).toString('utf8'));
  const body = (payload?.body ?? {}) as { [name: string]: JsonValue };
  const text = (name: string): string | null => (typeof body[name] === 'string' ? body[name] : null);
  return { time: entry.time, principal: payload?.principal ?? 'unknown', role: text('role'), how: entry.type === 'access-decision' ? (text('action') ?? 'read') : entry.type, purpose: text('purpose'), log: log.row.origin, entry: index };
}
