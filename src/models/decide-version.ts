import { draftAct } from '../access/act.ts';
import { requireAnother } from '../access/another-person.ts';
import type { Caller } from '../access/caller.ts';
import { refusePersonal } from '../contracts/kept-text.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { Problem } from '../http/problem.ts';
import type { SequencedEntry } from '../ledger/entry-draft.ts';
import { advanceStanding } from './advance-standing.ts';
import { readHistories } from './model-history.ts';
import { logsOf } from './register-version.ts';
import { standingAt, type Decided } from './standing.ts';
import { LONG_TEXT } from './version-form.ts';
import { findVersion, INSERT_DECISION, type VersionRow } from './version-table.ts';

/** What `POST …/approvals` takes. */
export interface DecisionForm {
  decision: 'approve' | 'reject' | 'withdraw';
  reason: string;
  conditions?: string[];
}

export const DECISION_FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['decision', 'reason'],
  properties: {
    decision: { enum: ['approve', 'reject', 'withdraw'] },
    reason: LONG_TEXT,
    conditions: { type: 'array', maxItems: 100, items: LONG_TEXT },
  },
} as const;
export const isDecisionForm = new OwnSchemas().compile<DecisionForm>(DECISION_FORM);

const DECISIONS = {
  approve: { type: 'model-version-approved', decided: 'approved', from: ['registered', 'rejected', 'withdrawn'], mend: 'it is approved already' },
  reject: { type: 'model-version-rejected', decided: 'rejected', from: ['registered', 'withdrawn'], mend: 'an approved version’s approval is withdrawn; what is rejected is so already' },
  withdraw: { type: 'model-version-approval-withdrawn', decided: 'withdrawn', from: ['approved'], mend: 'there is no approval to withdraw' },
} as const satisfies Record<DecisionForm['decision'], { type: string; decided: Decided; from: readonly Decided[]; mend: string }>;

/** What was decided, and where that stands. */
export interface DecidedVersion extends SequencedEntry {
  model: string;
  version: string;
  standing: Decided;
}

/**
 * Another person's word on a version: it may run, must not, or may no longer.
 *
 * @throws Problem `forbidden`, `not-found`, `invalid-body`, `version-decided`; AppendError
 */
export async function decideVersion(caller: Caller, model: string, version: string, { decision, reason, conditions }: DecisionForm): Promise<DecidedVersion> {
  const { log } = caller;
  const row = await knownVersion(caller, model, version);
  caller.decide({ model, version, requester: row.principal, deployment: null });
  await requireAnother(log.pool, caller, row.principal);
  refusePersonal({ reason, ...Object.fromEntries((conditions ?? []).map((text, i) => [`conditions/${i}`, text])) }, undefined);
  const { type, decided, from, mend } = DECISIONS[decision];
  const body = { ...registrationOf(caller, row), reason, ...(conditions !== undefined && { conditions }) };
  const [entry] = await log.appendWith(async (client, head) => {
    const history = (await readHistories(client, log, model)).get(model);
    const standing = standingAt(history, version, { time: head.time, before: { log: log.row.id, index: head.size } });
    if (!(from as readonly Decided[]).includes(standing.decided)) throw new Problem('version-decided', `The version stands otherwise: ${mend}.`);
    const also = { text: INSERT_DECISION, values: [model, version, caller.principal, decided] };
    const vault = await advanceStanding(client, log.row.id);
    return { vault, drafts: [{ ...draftAct(log, caller, { type, v: 1, body }), also }] };
  });
  return { model, version, ...(entry as SequencedEntry), standing: decided }; // one for each draft
}

/**
 * Where a version is registered. One who asks for nothing is told of nothing.
 *
 * @throws Problem `not-found`
 */
export async function knownVersion(caller: Caller, model: string, version: string): Promise<VersionRow> {
  caller.decideLater();
  const row = await findVersion(caller.log.pool, logsOf(caller.log), model, version);
  if (row === undefined) throw new Problem('not-found', 'No such version of that model is registered.');
  return row;
}

/** How an entry about a version names it. */
export function registrationOf({ log }: Caller, row: VersionRow): { model: string; version: string; registered: number; origin?: string } {
  const { model, version, index } = row;
  return { model, version, registered: index, ...(row.log !== log.row.id && { origin: (log.holderOf(row.log) ?? log).row.origin }) };
}
