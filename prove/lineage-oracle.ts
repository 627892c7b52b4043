import type { Pool } from 'pg';
import { parseEntry, type Entry } from '../src/core/entry.ts';
import { parsePayload } from '../src/core/payload.ts';
import type { Log } from '../src/ledger/log.ts';
import { ProofFailure } from './proof.ts';

type Json = Record<string, unknown>;

/** An entry as the log has it: bytes, and what its payload says once it is opened. */
export interface RawEntry extends Entry {
  principal: string;
  contract: string | null;
  rule: string;
  body: Json;
}

/** Everything that a log says, read from entries and payloads alone: no read model is asked. */
export class RawHistory {
  readonly entries: RawEntry[] = [];
  readonly predictions = new Map<string, RawEntry>();
  private readonly children = new Map<string, string[]>();
  private readonly requests = new Map<string, string[]>();
  private readonly told = new Map<number, RawEntry[]>();

  static async read(pool: Pool, log: Log): Promise<RawHistory> {
    const history = new RawHistory();
    const { size } = await log.readHead();
    for (let from = 0; from < size; from += 2000) {
      const { rows } = await pool.query<{ bytes: Buffer; key: number; sealed: Buffer }>(
        'select e.bytes, p.key, p.sealed from entry e join payload p on p.log = e.log and p.index = e.index where e.log = $1 and e.index >= $2 and e.index < $3 order by e.index',
        [log.row.id, from, from + 2000],
      );
      const entries = rows.map(({ bytes }) => parseEntry(bytes));
      const opened = await log.vault.openAll(rows.map(({ key, sealed }, i) => ({ key, sealed, commitment: entries[i]?.commitment ?? '' })));
      for (const [i, entry] of entries.entries()) {
        const opening = opened[i];
        if (opening === undefined) throw new ProofFailure(`the payload of entry ${entry.index} does not open`);
        history.add({ ...entry, ...(parsePayload(Buffer.from(opening.payload).toString('utf8')) as unknown as Pick<RawEntry, 'principal' | 'contract' | 'rule' | 'body'>) });
      }
    }
    return history;
  }

  parentsOf(id: string): string[] {
    return (this.predictions.get(id)?.body['parents'] as string[] | undefined) ?? [];
  }

  childrenOf(id: string): string[] {
    return this.children.get(id) ?? [];
  }

  toldOf(index: number): RawEntry[] {
    return this.told.get(index) ?? [];
  }

  pairsOf({ body }: RawEntry): string[] {
    const request = requestOf(body);
    return request === undefined ? [] : (this.requests.get(request) ?? []).filter((id) => id !== body['id']);
  }

  /** All that a prediction was made from, so many generations up: those that are there. */
  ancestorsOf(id: string, depth: number): Set<string> {
    const found = new Set<string>();
    let generation = [id];
    for (let level = 0; level < depth && generation.length > 0; level++) {
      generation = [...new Set(generation.flatMap((each) => this.parentsOf(each)))].filter((each) => this.predictions.has(each) && !found.has(each) && each !== id);
      for (const each of generation) found.add(each);
    }
    return found;
  }

  descendantsOf(id: string): Set<string> {
    const found = new Set<string>();
    for (let generation = [id]; generation.length > 0; ) {
      generation = [...new Set(generation.flatMap((each) => this.childrenOf(each)))].filter((each) => !found.has(each));
      for (const each of generation) found.add(each);
    }
    return found;
  }

  /** How a version stood just before an entry, by the entries before it. */
  standingBefore(model: unknown, version: unknown, { index, time }: Pick<RawEntry, 'index' | 'time'>): string {
    return this.standing(model, version, (entry) => entry.index < index, Date.parse(time)).word;
  }

  /** How a version stood at a time, ms since 1970, by the entries until then. */
  standingAt(model: unknown, version: unknown, time: number): string {
    return this.standing(model, version, (entry) => Date.parse(entry.time) <= time, time).word;
  }

  /** What was out of order with a prediction, in the words of the payload, by the entries before it. */
  exceptionsOf(entry: RawEntry): string[] {
    const { decided, retired } = this.standing(entry.body['model'], entry.body['version'], ({ index }) => index < entry.index, Date.parse(entry.time));
    const made = entry.body['time'];
    return [
      ...(decided === 'approved' ? [] : [WORDS[decided] ?? decided]),
      ...(retired ? ['retired-version'] : []),
      ...(typeof made === 'string' && Date.parse(made) > Date.parse(entry.time) + 5000 ? ['clock-skew'] : []),
    ];
  }

  private standing(model: unknown, version: unknown, counts: (entry: RawEntry) => boolean, time: number): { word: string; decided: string; retired: boolean } {
    let decided = 'unknown';
    let deployed: RawEntry | undefined;
    for (const entry of this.modelEntries) {
      if (!counts(entry)) break;
      if (entry.body['model'] !== model || entry.body['version'] !== version) continue;
      decided = DECIDED[entry.type] ?? decided;
      if (entry.type === 'model-deployed' && Date.parse(String(entry.body['from'])) <= time) deployed = entry;
    }
    const retired = deployed?.body['deployment'] === 'retired';
    return { word: decided === 'approved' && retired ? 'retired' : decided, decided, retired };
  }

  readonly modelEntries: RawEntry[] = [];

  registrationOf(model: unknown, version: unknown): RawEntry | undefined {
    return this.modelEntries.find(({ type, body }) => type === 'model-version-registered' && body['model'] === model && body['version'] === version);
  }

  private add(entry: RawEntry): void {
    this.entries.push(entry);
    const { type, body } = entry;
    if (type.startsWith('model-')) this.modelEntries.push(entry);
    const about = body['prediction'] as { index: number } | undefined;
    if (['outcome-recorded', 'prediction-reviewed', 'prediction-corrected'].includes(type) && about !== undefined) push(this.told, about.index, entry);
    if (type !== 'prediction') return;
    const id = String(body['id']);
    this.predictions.set(id, entry);
    for (const parent of (body['parents'] as string[] | undefined) ?? []) push(this.children, parent, id);
    const request = requestOf(body);
    if (request !== undefined) push(this.requests, request, id);
  }
}

const DECIDED: Record<string, string> = {
  'model-version-registered': 'registered', 'model-version-approved': 'approved', 'model-version-rejected': 'rejected', 'model-version-approval-withdrawn': 'withdrawn',
};
const WORDS: Record<string, string> = { unknown: 'unknown-version', registered: 'unapproved-version', rejected: 'rejected-version', withdrawn: 'withdrawn-version' };

function requestOf(body: Json): string | undefined {
  const trace = body['trace'];
  return typeof trace === 'string' ? trace.split('-')[1] : undefined;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
