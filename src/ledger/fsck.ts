import type { Pool } from 'pg';
import { concat, equalBytes, fromHex } from '../core/bytes.ts';
import { CoreError } from '../core/core-error.ts';
import { LogVerifier } from '../core/verify-log.ts';
import type { PayloadOpener } from '../vault/log-vault.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import { AuthorityAudit } from './fsck-erased.ts';
import { changedEntry } from './fsck-blame.ts';
import { CheckpointAudit } from './fsck-checkpoints.ts';
import { LossAudit } from './fsck-lost.ts';
import { checkPayload } from './fsck-payload.ts';
import { TileAudit } from './fsck-tiles.ts';
import { headFromRow, frontierBytes, type HeadRow } from './head.ts';
import type { LogRow } from './log-row.ts';

/** Something that is not as it must be. */
export interface Finding {
  code: string;
  detail: string;
  /** The leaf index to look at, where there is one. */
  index?: number | undefined;
}

/** What was examined in one log, and what was found. */
export interface FsckReport {
  log: string;
  origin: string;
  entries: number;
  payloads: number;
  /** Payloads that are gone because an entry says so. */
  erased: number;
  /** Payloads that were lost with a tail, as an entry declares. */
  lost: number;
  tiles: number;
  checkpoints: number;
  /** In order of index; at most `MAX_FINDINGS`, the rest counted. */
  findings: Finding[];
  moreFindings: number;
}

export interface FsckOptions {
  pool: Pool;
  row: LogRow;
  opener: PayloadOpener;
  /** What the checkpoint store holds for this log. */
  stored: StoredCheckpoint | undefined;
  onProgress: (done: number, total: number) => void;
}

const PAGE = 1000;
const MAX_FINDINGS = 100;

/** A row of `entry` with what belongs to it. */
export interface EntryRow {
  index: number;
  bytes: Buffer;
  key: number | null;
  sealed: Buffer | null;
  /** The row of the read model, where there is one. */
  id: string | null;
  model: string | null;
  version: string | null;
  deployment: string | null;
  outcome: string | null;
  time: number | null;
  principal: string | null;
  /** Whether its payload is said to have been erased. */
  erased: boolean;
}

const ENTRIES = `
select e.index, e.bytes, p.key, p.sealed, r.id, r.model, r.version, r.deployment, r.outcome, r.time, r.principal, x.index is not null as erased
from entry e
left join payload p on p.log = e.log and p.index = e.index and p.index >= $2 and p.index < $2 + ${PAGE}
left join prediction r on r.log = e.log and r.index = e.index and r.index >= $2 and r.index < $2 + ${PAGE}
left join erased x on x.log = e.log and x.index = e.index and x.index >= $2 and x.index < $2 + ${PAGE}
where e.log = $1 and e.index >= $2 and e.index < $3 order by e.index limit ${PAGE}`;

/**
 * Verifies everything that the database holds of one log, from its entries alone: form, order, chain, tree, stored tiles,
 * head, every published checkpoint with its signature, the checkpoint store, each payload against its commitment, and the
 * read model. The chain ends at the first entry that breaks it; payloads are all examined up to there.
 */
export async function fsckLog({ pool, row, opener, stored, onProgress }: FsckOptions): Promise<FsckReport> {
  const report: FsckReport = { log: row.name, origin: row.origin, entries: 0, payloads: 0, erased: 0, lost: 0, tiles: 0, checkpoints: 0, findings: [], moreFindings: 0 };
  const find = (finding: Finding): void => {
    if (report.findings.length < MAX_FINDINGS) report.findings.push(finding);
    else report.moreFindings += 1;
  };
  // Checkpoints first, the head afterwards: a log that grows meanwhile has a head beyond both, never behind.
  const checkpoints = await CheckpointAudit.open(pool, row, stored, find);
  const { rows: heads } = await pool.query<HeadRow>('select * from log_head where log = $1', [row.id]);
  const [head] = heads;
  if (head === undefined) {
    find({ code: 'head-missing', detail: 'the log has no head' });
    return report;
  }
  const tiles = new TileAudit(pool, row.id, find);
  const verifier = new LogVerifier({ origin: row.origin, onNode: tiles.onNode });
  const authorities = new AuthorityAudit(pool, row.id);
  const losses = await LossAudit.open(pool, row.id);
  let policy = '';
  let bad: number | undefined;
  while (bad === undefined) {
    const { rows } = await pool.query<EntryRow>(ENTRIES, [row.id, verifier.size, head.size]);
    for (const entry of rows) {
      await checkpoints.reached(verifier);
      const fault = addEntry(verifier, entry);
      if (fault !== undefined) {
        bad = fault.code === 'chain-broken' ? await changedEntry(pool, row.id, entry.index, head.head) : fault.index;
        find({ ...fault, index: bad });
        break;
      }
      const checked = await checkPayload(entry, opener, losses);
      losses.note(checked);
      policy = checked.policy;
      if (entry.erased && entry.sealed === null) report.erased += 1;
      else if (checked.lost) report.lost += 1;
      else report.payloads += 1;
      for (const finding of [...checked.findings, ...(await authorities.of(checked))]) find({ ...finding, index: entry.index });
    }
    await tiles.compare();
    onProgress(verifier.size, head.size);
    if (rows.length < PAGE) break;
  }
  await checkpoints.reached(verifier);
  report.entries = verifier.size;
  report.tiles = tiles.compared;
  const rootFinding = checkpoints.rootFinding(bad);
  if (rootFinding !== undefined) find(rootFinding);
  if (bad === undefined) {
    for (const finding of [...headFindings(head, verifier, policy), ...(await surplus(pool, row.id)), ...(await authorities.unfounded()), ...losses.unfounded(), ...(await checkpoints.beyond(verifier.size))]) find(finding);
  }
  report.checkpoints = checkpoints.checked;
  return report;
}

function addEntry(verifier: LogVerifier, { index, bytes }: EntryRow): (Finding & { index: number }) | undefined {
  if (index !== verifier.size) return { code: 'entry-missing', detail: `entry ${verifier.size} is missing; the next one is ${index}`, index: verifier.size };
  try {
    verifier.add(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    return { code: error.code, detail: error.message, index };
  }
}

function headFindings(row: HeadRow, verifier: LogVerifier, policy: string): Finding[] {
  const wrong = (detail: string): Finding[] => [{ code: 'head-wrong', detail }];
  if (row.size > verifier.size) {
    return [{ code: 'entry-missing', detail: `the head counts ${row.size} entries, ${verifier.size} are there: the tail is missing`, index: verifier.size }];
  }
  try {
    const head = headFromRow(row);
    const position = verifier.position();
    if (!equalBytes(head.hash, position.prev)) return wrong('the head does not name the last entry’s leaf hash');
    if (!equalBytes(frontierBytes(head.range), concat(...position.hashes))) return wrong('the head’s frontier is not that of the entries');
    if (position.size > 0 && new Date(head.time).toISOString() !== position.time) return wrong('the head’s time is not the last entry’s');
    if (position.size > 0 && (head.policy === undefined || !equalBytes(head.policy, fromHex(policy)))) return wrong('the head’s policy is not the last entry’s');
  } catch (error) {
    if (error instanceof CoreError) return wrong(error.message);
    throw error;
  }
  return [];
}

/** Entries and tiles beyond the head of this moment: each statement sees one moment. */
async function surplus(pool: Pool, log: number): Promise<Finding[]> {
  const { rows } = await pool.query<{ what: string; index: number }>(
    `select 'an entry' as what, index from entry where log = $1 and index >= (select size from log_head where log = $1)
     union all
     select 'a full tile of level ' || level, index * power(256::numeric, level + 1)::bigint from tile
      where log = $1 and (index + 1) * power(256::numeric, level + 1) > (select size from log_head where log = $1)
     order by index limit 10`,
    [log],
  );
  return rows.map(({ what, index }) => ({ code: 'head-wrong', detail: `${what} stands beyond the head`, index }));
}

/** Whether a log is as it must be. */
export function isSound(report: FsckReport): boolean {
  return report.findings.length === 0;
}
