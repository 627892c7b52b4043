import { timingSafeEqual } from 'node:crypto';
import type { Contract } from '../contracts/contract.ts';
import type { Contracts } from '../contracts/contracts.ts';
import type { Judgement } from '../contracts/judgement.ts';
import type { JsonValue } from '../core/json-value.ts';
import { Problem } from '../http/problem.ts';
import { AlreadySequencedError } from '../ledger/append-error.ts';
import type { SequencedEntry } from '../ledger/entry-draft.ts';
import type { Log } from '../ledger/log.ts';
import type { ModelServing, Serving } from '../models/serving.ts';
import { ruleFor, type Appender } from './appender.ts';
import type { QuarantineDesk } from './decide-quarantine.ts';
import { openEntry, absence } from './open-entry.ts';
import { confirmRetry, isUnconfirmed, type Judged } from './confirm-retry.ts';
import { contentDigest, draftPrediction, readPosted, ServingChangedError, type Posted } from './prepared.ts';
import type { Quarantine, Quarantined } from './quarantine.ts';

/** Where a posted record stands in the log. */
export interface Accepted extends SequencedEntry {
  id: string;
  /** The log that holds it: the one that was asked, or, for an old id, one that it succeeds. */
  log: Log;
  /** Whether this very request brought it in; false when it was in the log already with the same content. */
  created: boolean;
}

/** What became of a posted record. */
export type Taken = Accepted | Quarantined;

/** Takes predictions in: form, contract, tokens, seal, place in the log; or in quarantine. */
export class PredictionIntake {
  private readonly contracts: Contracts;
  private readonly quarantine: Quarantine;
  private readonly models: ModelServing;
  private readonly maxDepth: number;

  constructor(contracts: Contracts, quarantine: Quarantine, models: ModelServing, maxDepth: number) {
    this.contracts = contracts;
    this.quarantine = quarantine;
    this.models = models;
    this.maxDepth = maxDepth;
  }

  /** What decisions on what it keeps in quarantine are made with. */
  get desk(): QuarantineDesk {
    return { contracts: this.contracts, models: this.models, maxDepth: this.maxDepth };
  }

  /**
   * Takes one record in: resolves when it is committed, and only then.
   *
   * @throws Problem, AppendError; nothing was taken in then, except where `outcome-unknown` says so
   */
  take(log: Log, bytes: Uint8Array, by: Appender): Promise<Taken> {
    return this.takeIn(log, bytes, by, VERSION_ROUNDS);
  }

  private async takeIn(log: Log, bytes: Uint8Array, by: Appender, rounds: number): Promise<Taken> {
    log.checkRoom(bytes.length);
    const posted = readPosted(bytes, this.maxDepth);
    const { id } = posted.prediction;
    // Rules look at what was posted, the contract changes it.
    const contract = this.contracts.of(posted.prediction.model, log.row.tenantName);
    const rule = ruleFor(by, posted.prediction, contract?.id);
    let serving = this.models.of(log, posted.prediction);
    // Asked again, so that nothing comes between what is said of the version and the draft.
    while (serving instanceof Promise) {
      await serving;
      serving = this.models.of(log, posted.prediction);
    }
    if (serving.action !== 'accept') return this.keepOut(log, posted, serving, { principal: by.principal, rule, contract });
    const judgement = contract?.judge(posted.prediction);
    if (contract === undefined || judgement?.verdict !== 'accepted') {
      const known = await this.findTaken(log, posted);
      if (known !== undefined) return known;
      if (contract === undefined || judgement?.verdict !== 'quarantined') throw refusalOf(judgement);
      return this.quarantine.keep(log, posted, { ...judgement, contract: contract.id, principal: by.principal, rule });
    }
    const { originals, handling, touched } = judgement;
    const stays = this.models.staying(log, posted.prediction, serving);
    try {
      const draft = draftPrediction(log.vault, posted, { principal: by.principal, rule, contract: contract.id, originals, handling: handling as JsonValue | undefined, touched, serving, stays });
      const { index, time, leafHash } = await log.append(draft instanceof Promise ? await draft : draft);
      return { id, log, index, time, leafHash, created: true };
    } catch (error) {
      if (error instanceof ServingChangedError) return this.takeAgain(log, bytes, by, rounds - 1);
      if (error instanceof AlreadySequencedError) return sameAgain(log, error, posted, { originals, handling });
      throw error;
    }
  }

  /** @throws Problem `vault-unavailable` when no rounds are left */
  private takeAgain(log: Log, bytes: Uint8Array, by: Appender, rounds: number): Promise<Taken> {
    if (rounds > 0) return this.takeIn(log, bytes, by, rounds);
    throw new Problem('vault-unavailable', 'How the model version stands changed again and again while the record was taken in: send the same again.');
  }

  /** A record of a version that policies/models.yaml does not let in. What its contract says comes first. @throws Problem */
  private async keepOut(log: Log, posted: Posted, serving: Serving, { principal, rule, contract }: Hand): Promise<Taken> {
    const known = await this.findTaken(log, posted);
    if (known !== undefined) return known;
    // Judging changes what it accepts, and what is held in quarantine is what was posted.
    const judgement = contract?.judge(structuredClone(posted.prediction));
    if (contract === undefined || judgement === undefined || judgement.verdict === 'refused') throw refusalOf(judgement);
    const faults = serving.words.filter((word) => word !== 'clock-skew').map((code) => ({ at: '/version', code, detail: 'a model version that is not approved to run' }));
    if (serving.action === 'refuse') throw new Problem('version-not-served', 'The model version is not approved to run, and policies/models.yaml refuses its predictions; see errors.', { errors: faults });
    const doubts = judgement.verdict === 'quarantined' ? judgement.faults : [];
    return this.quarantine.keep(log, posted, { faults: [...faults, ...doubts], expires: serving.quarantineFor, contract: contract.id, principal, rule });
  }

  /** A retry of what was taken in before is answered as ever, whatever contract came into force since. @throws Problem */
  private async findTaken(log: Log, posted: Posted): Promise<Accepted | undefined> {
    const known = await log.findPrediction(posted.prediction.id);
    return known && sameAgain(log, known, posted);
  }
}

/** By whose hand a record comes, and what governs it. */
interface Hand {
  principal: string;
  rule: string;
  contract: Contract | undefined;
}

function refusalOf(judgement: Judgement | undefined): Problem {
  if (judgement === undefined) {
    return new Problem('no-contract', 'No contract governs the model, and the tenant has no default contract: write one, or name a default in tenants.yaml.');
  }
  return new Problem('contract-broken', 'The record is not as its contract says; see errors for every place.', { errors: judgement.verdict === 'accepted' ? [] : judgement.faults });
}

/** So many changes of a model version may come between what is said of it and its place in the log; each takes an entry of its own. */
const VERSION_ROUNDS = 50;
/** Rounds of a retry of what was recovered, while others confirm it or keys go. */
const ROUNDS = 4;

/**
 * The first acceptance of the same content, in this log or in one that it succeeds.
 *
 * @param judged what the contract made of the retry; undefined where it does not take it in
 * @throws Problem `id-taken`, `erased`, `payload-lost`, `payload-missing`
 */
async function sameAgain(asked: Log, taken: { log: number; index: number }, posted: Posted, judged?: Judged): Promise<Accepted> {
  const log = asked.holderOf(taken.log) ?? asked;
  const { index } = taken;
  const { prediction, content } = posted;
  let opened = await openEntry(log, index);
  for (let round = 0; round < ROUNDS && opened.opening !== undefined && isUnconfirmed(opened.opening); round++) {
    if (!(await confirmRetry(log, posted, index, judged))) break;
    opened = await openEntry(log, index);
  }
  const { entry, leafHash, opening } = opened;
  if (opening === undefined) throw await absence(log, index);
  if (!timingSafeEqual(contentDigest(opening.salt, content), opening.contentDigest)) {
    throw new Problem('id-taken', `The id stands at index ${index} with other content: use a new id, or a correction.`);
  }
  return { id: prediction.id, log, index, time: entry.time, leafHash, created: false };
}
