import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../ledger/log.ts';
import { endEvidence, ErasedMeanwhileError } from './end-evidence.ts';
import type { EvidenceDesk } from './evidence-desk.ts';
import type { Queued } from './evidence-queue.ts';
import { fixSize, NoLongerOursError, readJob, takeJob, tellProgress, type EvidenceRow } from './evidence-table.ts';
import { filesFolder, finishBundle, gatherFor, statePath } from './make-bundle.ts';
import type { Making, Progress } from './order.ts';
import { Pace } from './pace.ts';

/** How long one piece of gathering takes, in ms. */
const PIECE_MS = 20_000;
/** After so many failures a bundle is given up. */
const MAX_FAILURES = 5;

/**
 * Does a piece of a bundle.
 *
 * @param pieceMs how long to gather, at least a page
 * @returns whether there is more to do
 */
export async function workOn(desk: EvidenceDesk, { log: number, id }: Queued, pieceMs = PIECE_MS): Promise<boolean> {
  const log = desk.logOf(number);
  if (log === undefined) throw new Error(`log ${number} of bundle ${id} is not open here`);
  const row = await takeJob(desk.pool, number, id, desk.holder);
  if (row === undefined) return false;
  const place = desk.placeOf(row);
  try {
    return await workPiece(desk, log, row, place, pieceMs);
  } catch (error) {
    if (error instanceof NoLongerOursError) {
      const now = await readJob(desk.pool, number, id);
      // Another try of this replica's works in the same place.
      if (now?.state !== 'running' || now.holder !== desk.holder) await rm(place, { recursive: true, force: true });
      return false;
    }
    if (error instanceof ErasedMeanwhileError) {
      await rm(place, { recursive: true, force: true });
      return true;
    }
    if ((await failuresOf(place)) < MAX_FAILURES) throw error;
    desk.say('warn', `bundle ${id} is given up: ${error instanceof Error ? error.message : String(error)}`);
    await endEvidence(log, row, { outcome: 'failed' }, undefined, row.attempts);
    await rm(place, { recursive: true, force: true });
    return false;
  }
}

async function workPiece(desk: EvidenceDesk, log: Log, row: EvidenceRow, place: string, pieceMs: number): Promise<boolean> {
  await mkdir(place, { recursive: true, mode: 0o700 });
  const making = await makingOf(desk, log, row, place);
  const tell = (progress: Progress): Promise<void> => tellProgress(desk.pool, row, progress);
  if (!(await gatherFor(making, place, performance.now() + pieceMs, tell))) return true;
  const { digest, bytes, opened } = await finishBundle(making, place, desk.partsOf(log), tell);
  await endEvidence(log, row, { outcome: 'made', made: { digest, length: bytes, expires: new Date(Date.now() + desk.evidencePolicy.lifeMs), opened } }, undefined, row.attempts);
  await removeWork(place);
  return false;
}

/** Everything that the bundle is made from. The range is fixed the first time. */
export async function makingOf(desk: EvidenceDesk, log: Log, row: EvidenceRow, place: string): Promise<Making> {
  const framework = desk.frameworks.of(row.framework);
  if (framework === undefined) throw new Error(`the policy has no framework ${row.framework} any more`);
  const checkpoint = row.size === null ? await log.publisher.covering((await log.readHead()).size) : await log.checkpoints.ofSize(row.size);
  if (checkpoint === undefined) throw new Error(`no checkpoint of ${row.size} entries was published`);
  if (row.size === null) await fixSize(desk.pool, row, checkpoint.size);
  row.size = checkpoint.size;
  const order = {
    framework: row.framework, from: new Date(row.from_time).toISOString(), to: new Date(row.to_time).toISOString(), nonce: row.nonce, principal: row.principal, role: row.role, rule: row.rule, receipts: row.receipts,
  };
  return { pool: log.pool, log, order, framework, contracts: desk.contracts, roles: desk.roles, policy: desk.policy, checkpoint, folder: filesFolder(place), pace: new Pace(log) };
}

/** Leaves of a bundle that is made the zip alone. */
export async function removeWork(place: string): Promise<void> {
  await rm(filesFolder(place), { recursive: true, force: true });
  await rm(statePath(place), { force: true });
  await rm(failuresPath(place), { force: true });
}

/** Counts one more failure beside the work, and says how many there were. */
async function failuresOf(place: string): Promise<number> {
  const path = failuresPath(place);
  const before = Number(await readFile(path, 'utf8').catch(() => '0'));
  await writeFile(path, String(before + 1), { mode: 0o600 }).catch(() => undefined);
  return before + 1;
}

function failuresPath(place: string): string {
  return join(place, 'failures');
}
