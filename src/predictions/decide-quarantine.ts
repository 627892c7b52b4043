import { draftAct } from '../access/act.ts';
import { requireAnother } from '../access/another-person.ts';
import type { Caller } from '../access/caller.ts';
import type { Contracts } from '../contracts/contracts.ts';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { Problem } from '../http/problem.ts';
import { StaleKeyError } from '../ledger/append-error.ts';
import type { EntryDraft, SequencedEntry } from '../ledger/entry-draft.ts';
import type { Log } from '../ledger/log.ts';
import type { ModelServing } from '../models/serving.ts';
import { draftPrediction, readPosted } from './prepared.ts';
import { openHeld } from './quarantine.ts';
import { settleQuarantine, type QuarantineRow, type SealedRecord } from './quarantine-table.ts';

/** What decisions on records in quarantine are made with. */
export interface QuarantineDesk {
  contracts: Contracts;
  models: ModelServing;
  maxDepth: number;
}

/** A record that can still be decided on. */
export type Held = QuarantineRow & SealedRecord;

/** Thrown within a transaction whose keys are not those of the draft. */
const STALE = new Error('the keys of a draft went before it was sequenced');

/**
 * Lets a record out of quarantine and into the log, in one transaction with the entry that says so.
 *
 * @returns where the prediction stands
 * @throws Problem `forbidden`, `no-contract`, `contract-broken`, `id-taken`, `quarantine-closed`; AppendError
 */
export async function release(desk: QuarantineDesk, caller: Caller, held: Held, reason: string): Promise<SequencedEntry> {
  await requireAnother(caller.log.pool, caller, held.principal);
  for (let round = 0; round < 3; round++) {
    const { draft, contract } = await draftReleased(desk, caller.log, held);
    try {
      const [prediction] = await caller.log.appendWith(async (client, head) => {
        if (draft.vault !== head.vault) throw STALE;
        if ((await caller.log.findPrediction(held.prediction)) !== undefined) throw new Problem('id-taken', 'The id stands in the log already: reject the one in quarantine.');
        const by = { decider: caller.principal, log: caller.log.row.id, index: head.size + 1 };
        if (!(await settleQuarantine(client, held, 'released', by))) throw closed();
        const body = { ...said(held), prediction: head.size, contract, reason };
        return { drafts: [draft, draftAct(caller.log, caller, { type: 'quarantine-released', v: 1, body })] };
      });
      return prediction as SequencedEntry; // one for each draft
    } catch (error) {
      if (error !== STALE && !(error instanceof StaleKeyError)) throw error;
      // Too late for what it says of its model version: the next draft says what holds at that time.
      if (error instanceof StaleKeyError) await draft.stays?.(caller.log.vault.version, error.time);
    }
  }
  throw new Problem('vault-unavailable', 'Keys changed again and again while the record was released: try again.');
}

/** Ends a record's stay with its deletion. @throws Problem `quarantine-closed`; AppendError */
export async function reject(caller: Caller, held: Held, reason: string): Promise<SequencedEntry> {
  const { log } = caller;
  const [entry] = await log.appendWith(async (client, head) => {
    if (!(await settleQuarantine(client, held, 'rejected', { decider: caller.principal, log: log.row.id, index: head.size }))) throw closed();
    return { drafts: [draftAct(log, caller, { type: 'quarantine-rejected', v: 1, body: { ...said(held), contract: held.contract, reason } })] };
  });
  return entry as SequencedEntry; // one for each draft
}

/** The refusal of a second decision. */
export function closed(): Problem {
  return new Problem('quarantine-closed', 'The record is no longer in quarantine: it was decided on, has expired or was erased.');
}

/** Read, judged and sealed anew: tokens are put into the record itself, so each try begins from what is held. */
async function draftReleased({ contracts, models, maxDepth }: QuarantineDesk, log: Log, held: Held): Promise<{ draft: EntryDraft; contract: string }> {
  const holder = log.holderOf(held.log) ?? log;
  const opened = await openHeld(holder, held);
  if (opened === undefined) throw closed();
  const { record } = opened;
  const posted = readPosted(Buffer.from(canonicalize(record)), maxDepth);
  const contract = contracts.of(held.model, log.row.tenantName);
  if (contract === undefined) throw new Problem('no-contract', 'No contract governs the model any more.');
  const judgement = contract.judgeReleased(posted.prediction);
  if (judgement.verdict !== 'accepted') {
    throw new Problem('contract-broken', 'Not all that its contract doubts can be mended by a token or left out: reject it.', { errors: judgement.faults });
  }
  const { originals, handling, touched } = judgement;
  // Whoever lets it out lets it in: how its version stands is said, and keeps it out no more.
  const served = { model: held.model, version: held.version, time: posted.prediction.time };
  let serving = models.of(log, served);
  while (serving instanceof Promise) {
    await serving;
    serving = models.of(log, served);
  }
  const stays = models.staying(log, served, serving);
  const by = { principal: held.principal, rule: held.rule, contract: contract.id, originals, handling: handling as JsonValue | undefined, touched, serving, stays };
  return { draft: await draftPrediction(log.vault, posted, by), contract: contract.id };
}

function said({ id, principal, received }: QuarantineRow): { [name: string]: JsonValue } {
  return { quarantine: id, producer: principal, received: received.toISOString() };
}
