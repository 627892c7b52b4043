import { randomBytes } from 'node:crypto';
import { draftAct } from '../access/act.ts';
import type { Caller } from '../access/caller.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import type { EvidenceDesk } from './evidence-desk.ts';
import type { EvidenceQueue } from './evidence-queue.ts';
import { readJob, type EvidenceRow } from './evidence-table.ts';

/** What is posted to ask for a bundle. */
export interface EvidenceForm {
  framework: string;
  /** RFC 3339. */
  from: string;
  to: string;
  nonce?: string;
  size?: number;
  receipts?: boolean;
}

/** The same, as it is kept. Times in ms since 1970. */
export interface Asking {
  readonly framework: string;
  readonly from: number;
  readonly to: number;
  readonly nonce: string;
  readonly size: number | null;
  readonly receipts: boolean;
}

const LONGEST_MS = 36_525 * 24 * 60 * 60 * 1000;
const INSERT = `
insert into evidence_job (log, request_index, id, framework, from_time, to_time, nonce, receipts, principal, role, rule, size, job)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`;

/**
 * Asks for a bundle: an entry, its row and its place in the queue, all or none.
 *
 * @throws Problem `invalid-body`, `forbidden`; AppendError
 */
export async function requestEvidence(desk: EvidenceDesk, queue: EvidenceQueue, caller: Caller, form: EvidenceForm): Promise<EvidenceRow> {
  const { log, principal, role } = caller;
  const asking = await read(desk, log, form);
  const { rule } = caller.decide({ framework: asking.framework, requester: principal, time: Date.now() });
  if (asking.receipts && !mayReadAll(caller)) throw new Problem('forbidden', `No rule lets the role ${role} take receipts of every prediction, and the bundle would hold some.`);
  return enterRequest(queue, log, { principal, rule, role }, asking);
}

/** Whether a rule, whatever the prediction is, lets the caller have all of it. */
function mayReadAll(caller: Caller): boolean {
  const { allowed, fields } = caller.judgeAbout('receive', 'prediction', {});
  return allowed && fields.everything && caller.judgeAbout('read', 'prediction', {}).allowed;
}

/** Enters what was decided. */
export async function enterRequest(queue: EvidenceQueue, log: Log, asker: { principal: string; rule: string; role: string }, asking: Asking): Promise<EvidenceRow> {
  const id = `evd_${randomBytes(12).toString('hex')}`;
  const { framework, from, to, nonce, size, receipts } = asking;
  const body = { id, framework, period: { from: new Date(from).toISOString(), to: new Date(to).toISOString() }, nonce, size, receipts };
  await log.appendWith(async (client, head) => {
    const job = await queue.send({ log: log.row.id, id }, client);
    await client.query(INSERT, [log.row.id, head.size, id, framework, from, to, nonce, receipts, asker.principal, asker.role, asker.rule, size, job]);
    return { drafts: [draftAct(log, asker, { type: 'evidence-requested', v: 1, body })] };
  });
  const row = await readJob(log.pool, log.row.id, id);
  if (row === undefined) throw new Error('a bundle that was asked for is not there');
  return row;
}

async function read({ frameworks }: EvidenceDesk, log: Log, form: EvidenceForm): Promise<Asking> {
  const faults: { at: string; code: string; detail: string }[] = [];
  const [from, to] = [Date.parse(form.from), Date.parse(form.to)];
  if (frameworks.of(form.framework) === undefined) faults.push({ at: '/framework', code: 'unknown', detail: `is no framework of the policy: it has ${frameworks.all.map(({ id }) => id).join(', ') || 'none'}` });
  if (!(from < to)) faults.push({ at: '/to', code: 'order', detail: 'has to be later than from' });
  if (to - from > LONGEST_MS) faults.push({ at: '/to', code: 'too-long', detail: 'is more than 100 years later than from' });
  if (form.size !== undefined && (await log.checkpoints.ofSize(form.size)) === undefined) faults.push({ at: '/size', code: 'unknown', detail: 'is not the size of a checkpoint that the log has published: take one that it has, or leave it out' });
  if (faults.length > 0) throw new Problem('invalid-body', 'The bundle cannot be made as it is asked for.', { errors: faults });
  return { framework: form.framework, from, to, nonce: form.nonce ?? '0'.repeat(64), size: form.size ?? null, receipts: form.receipts ?? false };
}
