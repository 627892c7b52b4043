import type { Pool } from 'pg';
import { parseEntry, type Entry } from '../src/core/entry.ts';
import { parsePayload } from '../src/core/payload.ts';
import type { Log } from '../src/ledger/log.ts';

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
      for (const { bytes, key, sealed } of rows) {
        const entry = parseEntry(bytes);
        const { payload } = await log.vault.open(key, sealed, entry.commitment);
        history.add({ ...entry, ...(parsePayload(Buffer.from(payload).toString('utf8')) as unknown as Pick<RawEntry, 'principal' | 'contract' | 'rule' | 'body'>) });
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
    let standing = 'unknown';
    let deployed: RawEntry | undefined;
    for (const entry of this.modelEntries) {
      if (entry.index >= index) break;
      if (entry.body['model'] !== model || entry.body['version'] !== version) continue;
      if (entry.type === 'model-version-registered') standing = 'registered';
      else if (entry.type === 'model-version-approved') standing = 'approved';
      else if (entry.type === 'model-version-rejected') standing = 'rejected';
      else if (entry.type === 'model-version-approval-withdrawn') standing = 'withdrawn';
      else if (entry.type === 'model-deployed' && Date.parse(String(entry.body['from'])) <= Date.parse(time)) deployed = entry;
    }
    return standing === 'approved' && deployed?.body['deployment'] === 'retired' ? 'retired' : standing;
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

function requestOf(body: Json): string | undefined {
  const trace = body['trace'];
  return typeof trace === 'string' ? trace.split('-')[1] : undefined;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
