import { readdir, rm } from 'node:fs/promises';
import { SYSTEM } from '../ledger/draft.ts';
import type { Log } from '../ledger/log.ts';
import { endEvidence } from './end-evidence.ts';
import type { EvidenceDesk } from './evidence-desk.ts';
import { completePeriod } from './evidence-policy.ts';
import type { EvidenceQueue } from './evidence-queue.ts';
import { expiredJobs, NoLongerOursError } from './evidence-table.ts';
import { enterRequest } from './request-evidence.ts';
import { removeWork } from './work-evidence.ts';

const ZEROS = '0'.repeat(64);

/** What is to be done about bundles as time passes: those whose time is over go, those that the policy schedules are asked for, what is left over is removed. */
export async function tendEvidence(desk: EvidenceDesk, queue: EvidenceQueue, now: number): Promise<void> {
  for (const log of desk.ledger.logs) {
    if (log.stopped !== undefined) continue;
    await expire(desk, log);
    if (desk.ledger.ofTenant(log.row.tenant) === log) await schedule(desk, queue, log, now);
  }
  await sweep(desk);
}

async function expire(desk: EvidenceDesk, log: Log): Promise<void> {
  for (const row of await expiredJobs(desk.pool, log.row.id)) {
    // First the file: a bundle that the log calls gone is.
    await rm(desk.placeOf(row), { recursive: true, force: true });
    await endEvidence(log, row, { outcome: 'expired' }).catch((error: unknown) => {
      if (!(error instanceof NoLongerOursError)) throw error;
    });
  }
}

/** A period is asked for once, and not for the time before the log. */
async function schedule(desk: EvidenceDesk, queue: EvidenceQueue, log: Log, now: number): Promise<void> {
  for (const { framework, every } of desk.evidencePolicy.exports) {
    const { from, to } = completePeriod(every, now);
    const { rows } = await desk.pool.query<{ is: boolean }>(
      `select (select created from log where id = $1) < to_timestamp($4 / 1000.0)
              and not exists (select from evidence_job where log = $1 and principal = 'system' and framework = $2 and from_time = $3 and to_time = $4) as is`,
      [log.row.id, framework, from, to],
    );
    if (rows[0]?.is === true) await enterRequest(queue, log, { principal: SYSTEM, rule: SYSTEM, role: SYSTEM }, { framework, from, to, nonce: ZEROS, size: null, receipts: false });
  }
}

/** What is left of bundles that have ended: of those that are made, all but the zip. What is at work stays. */
async function sweep(desk: EvidenceDesk): Promise<void> {
  const found = (await readdir(desk.folder).catch(() => [])).filter((name) => /^evd_[0-9a-f]{24}$/.test(name));
  if (found.length === 0) return;
  const { rows } = await desk.pool.query<{ id: string; state: string }>(`select id, state from evidence_job where id = any($1) and state in ('made', 'failed', 'cancelled', 'expired') and ended < clock_timestamp() - interval '10 minutes'`, [found]);
  for (const { id, state } of rows) await (state === 'made' ? removeWork(desk.placeOf({ id })) : rm(desk.placeOf({ id }), { recursive: true, force: true }));
}
