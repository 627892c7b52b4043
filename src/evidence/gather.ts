import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../core/bytes.ts';
import { writeDurably } from '../database/durable-file.ts';
import type { Fact, ReadFact } from './fact.ts';
import { FactReader, FIRST, readFact, type ReaderState } from './fact-reader.ts';
import type { Assertion } from './frameworks.ts';
import { readHolds } from './holds.ts';
import type { Making } from './order.ts';
import { newWriterState, PopulationWriter, type WriterState } from './population-writer.ts';
import type { Asked, Hold } from './query.ts';

/** How much of it was gathered, as JSON beside the bundle: a job that was interrupted goes on from it. */
export interface GatherState {
  /** The policy in force: under another, all is gathered anew. */
  policy: string;
  reader: ReaderState;
  root: string | null;
  first: number | null;
  last: number | null;
  erased: number;
  asOf: string;
  holds: Hold[];
  populations: Record<string, { state: object; writer: WriterState }>;
  isDone: boolean;
}

/** A population that is being gathered. */
interface Running {
  readonly assertion: Assertion;
  readonly state: object;
  readonly writer: PopulationWriter;
  readonly asked: Asked;
}

const MAX_CACHED_FACTS = 1000;

/** Goes once through the entries of a range and lets every query of a framework take what it is about. */
export class Gathering {
  private readonly making: Making;
  private readonly statePath: string;
  private readonly kept: GatherState;
  private readonly reader: FactReader;
  private readonly running: Running[];
  private readonly byType: ReadonlyMap<string, readonly Running[]>;

  private constructor(making: Making, statePath: string, kept: GatherState, reader: FactReader, running: Running[]) {
    this.making = making;
    this.statePath = statePath;
    this.kept = kept;
    this.reader = reader;
    this.running = running;
    const types = new Set(running.flatMap(({ assertion: { query } }) => [...query.types, ...(query.context ?? [])]));
    this.byType = new Map([...types].map((type) => [type, running.filter(({ assertion: { query } }) => query.types.includes(type) || query.types.includes('*') || query.context?.includes(type) === true)]));
  }

  /** Begins, or goes on where `statePath` says. */
  static async open(making: Making, statePath: string): Promise<Gathering> {
    const before = await readState(statePath);
    const kept = before?.policy === making.policy.digestHex ? before : await newState(making);
    try {
      return await Gathering.resume(making, statePath, kept);
    } catch (error) {
      // What the state counts on did not reach the disk: from the beginning, then.
      if (kept.reader.next === 0) throw error;
      return Gathering.resume(making, statePath, await newState(making));
    }
  }

  private static async resume(making: Making, statePath: string, kept: GatherState): Promise<Gathering> {
    const { pool, log, checkpoint, framework, folder } = making;
    const reader = new FactReader(pool, log, checkpoint.size, kept.reader);
    const running: Running[] = [];
    try {
      for (const assertion of kept.isDone ? [] : framework.assertions) {
        const { id } = assertion.file;
        const { state, writer } = (kept.populations[id] ??= { state: assertion.query.begin(), writer: newWriterState() });
        const into = join(folder, 'populations', id);
        await mkdir(into, { recursive: true, mode: 0o700 });
        running.push({ assertion, state, writer: await PopulationWriter.open({ rows: join(into, 'rows.jsonl'), exceptions: join(into, 'exceptions.jsonl'), ...(assertion.query.countsIds === true && { marks: `${statePath}.${id}` }) }, writer), asked: askedOf(making, kept, reader, assertion) });
      }
    } catch (error) {
      await Promise.all(running.map(({ writer }) => writer.close()));
      throw error;
    }
    return new Gathering(making, statePath, kept, reader, running);
  }

  get state(): GatherState {
    return this.kept;
  }

  get isDone(): boolean {
    return this.kept.isDone;
  }

  get progress(): { entries: number; rows: number; bytes: number } {
    const writers = Object.values(this.kept.populations).map(({ writer }) => writer);
    return { entries: this.reader.state.next, rows: total(writers, 'rows'), bytes: total(writers, 'rowBytes') + total(writers, 'exceptionBytes') };
  }

  /** Goes on, for a page at least, until all is gathered or it is later than `until` (ms of `performance.now`), and keeps how far it is. */
  async run(until: number): Promise<void> {
    do {
      const page = await this.reader.page();
      for (const fact of page) await this.take(fact);
      if (page.length === 0) await this.finish();
      else for (const { writer } of this.running) await writer.flush();
      await this.making.pace.rest();
    } while (!this.kept.isDone && performance.now() < until);
    await this.save();
  }

  async close(): Promise<void> {
    if (!this.kept.isDone) await Promise.all(this.running.map(({ writer }) => writer.close()));
  }

  private async take(fact: Fact): Promise<void> {
    const { from, to } = periodOf(this.making);
    const isInPeriod = fact.time >= from && fact.time < to;
    if (isInPeriod) {
      this.kept.first ??= fact.index;
      this.kept.last = fact.index;
    }
    if (fact.gone === 'erased') this.kept.erased += 1;
    for (const running of this.byType.get(fact.type) ?? this.byType.get('*') ?? []) {
      const told = tell(running, fact, isInPeriod);
      if (told !== undefined) await told;
    }
  }

  private async finish(): Promise<void> {
    this.kept.root = this.reader.root ?? null;
    for (const { assertion: { query }, state, writer, asked } of this.running) {
      await query.finish?.(state as never, writer, asked);
      const { facts, rows, used, excluded } = writer.state;
      writer.total('population', { facts }, { ...(query.basis === 'entries' ? { rows } : { used }), excluded: Object.values(excluded).reduce((sum, each) => sum + each, 0) });
      await writer.end();
    }
    this.kept.isDone = true;
  }

  private async save(): Promise<void> {
    this.kept.reader = this.reader.state;
    await writeDurably(this.statePath, JSON.stringify(this.kept));
  }
}

function tell({ assertion: { query }, state, writer, asked }: Running, fact: Fact, isInPeriod: boolean): void | Promise<void> {
  const isOfAll = query.types.includes('*');
  const counts = isInPeriod && (isOfAll || query.types.includes(fact.type));
  if (counts) writer.state.facts += 1;
  query.look?.(fact, state as never, writer, asked);
  if (fact.payload !== undefined) return query.take(fact as ReadFact, state as never, writer, asked);
  if (counts && !isOfAll) writer.exclude(`payload ${fact.gone ?? 'missing'}`);
}

function askedOf({ pool, log, checkpoint, contracts, roles, order }: Making, kept: GatherState, reader: FactReader, { parameters }: Assertion): Asked {
  const facts = new Map<number, Fact>();
  return {
    parameters,
    period: { from: Date.parse(order.from), to: Date.parse(order.to) },
    asOf: Date.parse(kept.asOf),
    size: checkpoint.size,
    root: toHex(checkpoint.root),
    contracts,
    roles,
    tenant: log.row.tenantName,
    succeeds: log.succession.length > 1,
    holds: kept.holds,
    readFact: async (index) => {
      if (index < 0 || index >= checkpoint.size) return undefined;
      const known = facts.get(index) ?? (await readFact(pool, log, index));
      if (facts.size >= MAX_CACHED_FACTS) facts.clear();
      facts.set(index, known);
      return known;
    },
    findPredictions: (ids) => findPredictions({ pool, log }, ids, checkpoint.size),
    rootRead: () => reader.root,
  };
}

async function findPredictions({ pool, log }: Pick<Making, 'pool' | 'log'>, ids: readonly string[], size: number): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ id: string; index: number }>({
    name: 'find-parents',
    text: 'select id, index from prediction where log = $1 and id = any($2) and index < $3',
    values: [log.row.id, ids, size],
  });
  return new Map(rows.map(({ id, index }) => [id, index]));
}

async function newState({ pool, log, checkpoint, policy }: Making): Promise<GatherState> {
  const last = await readFact(pool, log, checkpoint.size - 1);
  return { policy: policy.digestHex, reader: FIRST, root: null, first: null, last: null, erased: 0, asOf: last.at, holds: await readHolds(pool, log, checkpoint.size), populations: {}, isDone: false };
}

async function readState(path: string): Promise<GatherState | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as GatherState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function periodOf({ order }: Making): { from: number; to: number } {
  return { from: Date.parse(order.from), to: Date.parse(order.to) };
}

function total(states: readonly WriterState[], of: 'rows' | 'rowBytes' | 'exceptionBytes'): number {
  return states.reduce((sum, state) => sum + state[of], 0);
}
