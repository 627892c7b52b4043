import { randomBytes } from 'node:crypto';
import { draftAct, type Actor } from '../access/act.ts';
import type { Contracts } from '../contracts/contracts.ts';
import type { Log } from '../ledger/log.ts';
import { eraseKeys } from '../vault/erase-keys.ts';
import { countDue, dueKeys, partKeys, schedulesOf, type Schedule } from './due.ts';
import { indicesDigest } from './indices-digest.ts';

/** Payloads that one transaction disposes of, at least, where there are so many: it keeps appends waiting. */
const BATCH = 500;

/** What a run did, or would do, under one contract. */
export interface ScheduleReport {
  contract: string;
  period: string;
  citation: string;
  /** Entry time. */
  before: string;
  due: number;
  /** Due, and kept by a legal hold, which wins. */
  held: number;
  disposed: number;
  /** Sealed anew, because they shared a key with what went. */
  resealed: number;
  /** The entries that say so. */
  entries: number[];
}

export interface RetentionReport {
  run: string;
  dryRun: boolean;
  schedules: ScheduleReport[];
}

/**
 * Disposes of the payloads of a log, and of those that it succeeds, whose retention is over: an entry for each batch.
 *
 * @throws AppendError, VaultError; what was disposed of by then stays so, each batch with its entry
 */
export async function runRetention(contracts: Contracts, log: Log, actor: Actor, { dryRun, now = Date.now() }: { dryRun: boolean; now?: number }): Promise<RetentionReport> {
  const run = `run_${randomBytes(12).toString('hex')}`;
  const schedules: ScheduleReport[] = [];
  for (const schedule of schedulesOf(contracts, log.row.tenantName, now)) {
    const { period, citation } = schedule.contract.file.retention;
    const report: ScheduleReport = {
      contract: schedule.contract.id, period, citation, before: new Date(schedule.before).toISOString(), due: 0, held: 0, disposed: 0, resealed: 0, entries: [],
    };
    for (const of of log.succession) {
      const counted = await countDue(log.pool, log, of, schedule);
      report.due += counted.due;
      report.held += counted.held;
      if (!dryRun) await dispose({ log, of, actor, schedule, run }, report);
    }
    schedules.push(report);
  }
  return { run, dryRun, schedules };
}

/** Ends a transaction that has nothing to do. */
class NothingDue extends Error {
  override readonly name = 'NothingDue';
}

interface Disposing {
  /** The log that takes the entries, and the one whose payloads go: that one, or one that it succeeds. */
  log: Log;
  of: Log;
  actor: Actor;
  schedule: Schedule;
  run: string;
}

async function dispose({ log, of, actor, schedule, run }: Disposing, report: ScheduleReport): Promise<void> {
  for (;;) {
    const keys = await dueKeys(log.pool, log, of, schedule, BATCH);
    if (keys.length === 0) return;
    const before = report.disposed;
    const disposing = log.appendWith(async (client, head) => {
      const { due, staying } = await partKeys(client, log, of, schedule, keys);
      // Erased meanwhile, or held since.
      if (due.length === 0) throw new NothingDue('what was due is not any more');
      const { rows: epochs } = await client.query<{ epoch: number }>('select distinct epoch from data_key where log = $1 and id = any($2::bigint[]) and epoch is not null order by epoch', [of.row.id, keys]);
      const erased = await eraseKeys(client, { log: of.row.id, vault: of.vault, keys, staying, by: { log: log.row.id, index: head.size } });
      report.disposed += erased.indices.length;
      report.resealed += staying.length;
      const own = of === log;
      const body = {
        run, contract: report.contract, period: report.period, citation: report.citation, before: report.before,
        indices: indicesDigest(own ? erased.indices : []), succession: own ? [] : [{ origin: of.row.origin, indices: indicesDigest(erased.indices) }],
        keys: keys.length, resealed: staying.length, epochs: epochs.map(({ epoch }) => epoch),
      };
      return { drafts: [draftAct(log, actor, { type: 'disposition', v: 1, body })], ...(own && { vault: erased.vault }) };
    });
    const entries = await disposing.catch((error: unknown) => {
      if (error instanceof NothingDue) return undefined;
      throw error;
    });
    if (entries === undefined || report.disposed === before) return;
    report.entries.push(...entries.map(({ index }) => index));
  }
}
