import { timingSafeEqual } from 'node:crypto';
import type { Caller } from '../access/caller.ts';
import type { Contracts } from '../contracts/contracts.ts';
import { judgeFollowUp, type ToldParts } from '../contracts/judge-follow-up.ts';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { MAX_PAYLOAD_BYTES } from '../core/payload.ts';
import { Problem } from '../http/problem.ts';
import { draftEntry } from '../ledger/draft.ts';
import type { EntryDraft, SequencedEntry } from '../ledger/entry-draft.ts';
import type { Log } from '../ledger/log.ts';
import type { SealingKey } from '../vault/log-vault.ts';
import { CLOCK_SKEW_MS } from '../models/serving.ts';
import { tokenize } from '../vault/tokenize.ts';
import { VaultError } from '../vault/vault-error.ts';
import { FOLLOW_UP_TYPES, type FollowUpException, type FollowUpKind, type PostedCorrection, type PostedFollowUp, type PostedOutcome, type PostedReview } from './follow-up.ts';
import { FollowUpQueue } from './follow-up-queue.ts';
import type { FollowUpRow } from './follow-up-table.ts';
import { absence, openEntry } from './open-entry.ts';
import { openFor, type OpenedFor, type Place } from './open-for.ts';
import { contentDigest } from './prepared.ts';
import type { Prediction } from './prediction.ts';

type JsonObject = { [name: string]: JsonValue };

/** Where a follow-up stands. */
export interface RecordedFollowUp extends SequencedEntry {
  id: string;
  prediction: string;
  /** The log that holds it: the caller's, or, of an old one, one that it succeeds. */
  log: Log;
  /** False where it was in the log already, with the same content. */
  created: boolean;
}

const ROUNDS = 4;

/** Takes in what is told of predictions after them. */
export class FollowUpDesk {
  readonly maxDepth: number;
  private readonly contracts: Contracts;
  private readonly queues = new Map<Log, FollowUpQueue>();

  constructor(contracts: Contracts, maxDepth: number) {
    this.contracts = contracts;
    this.maxDepth = maxDepth;
  }

  /**
   * Takes one in: sealed under the key of the prediction's payload, so that it goes with it; classified as the contract has
   * it. Resolves when it is committed.
   *
   * @param caller has asked for the action that goes with the kind
   * @throws Problem `not-found`, `erased`, `payload-missing`, `no-contract`, `contract-broken`, `id-taken`; AppendError
   */
  async record(caller: Caller, place: Place, kind: FollowUpKind, posted: PostedFollowUp): Promise<RecordedFollowUp> {
    caller.log.checkRoom(0);
    const opened = await openFor(caller, place);
    const { id } = posted;
    const { id: prediction } = opened.payload.body as unknown as Prediction;
    const content = canonicalize({ kind, prediction, posted: posted as unknown as JsonValue });
    for (let round = 0; round < ROUNDS; round++) {
      const draft = await this.draft(caller, place, opened, kind, posted, content);
      const columns = { kind, id, ofLog: place.log.row.id, ofIndex: place.index, principal: caller.principal, verdict: verdictOf(posted) };
      const settled = await this.queueOf(caller.log).put(draft, columns);
      if (settled === 'again') continue;
      if ('taken' in settled) return { ...(await sameAgain(caller.log, settled.taken, content)), id, prediction, created: false };
      return { ...settled.placed, id, prediction, log: caller.log, created: true };
    }
    throw new Problem('vault-unavailable', 'Keys changed again and again while it was sealed: send the same again.');
  }

  private queueOf(log: Log): FollowUpQueue {
    const known = this.queues.get(log);
    if (known !== undefined) return known;
    const queue = new FollowUpQueue(log);
    this.queues.set(log, queue);
    return queue;
  }

  private async draft(caller: Caller, place: Place, opened: OpenedFor, kind: FollowUpKind, posted: PostedFollowUp, content: string): Promise<EntryDraft> {
    const { log } = caller;
    const { model, id } = opened.payload.body as unknown as Prediction;
    const contract = this.contracts.of(model, log.row.tenantName);
    if (contract === undefined) throw new Problem('no-contract', 'No contract governs the model any more: nothing can be said of its records.');
    const { vault } = log;
    const { version } = vault;
    const { key, row } = await keyFor(log, place);
    // Judged anew each time: tokens are put into the body itself.
    const body = structuredClone(posted) as unknown as JsonObject;
    const judgement = judgeFollowUp(contract, partsOf(body), key.subject !== undefined);
    if (judgement.verdict === 'refused') throw new Problem('contract-broken', 'It is not as the contract of the prediction’s model says; see errors for every place.', { errors: judgement.faults });
    const { originals, handling } = judgement;
    const sealed = await tokenize(vault, key, originals);
    const exceptions = exceptionsOf(posted, opened);
    const kept = {
      ...body, prediction: { log: place.log.row.origin, index: place.index, id },
      ...(exceptions.length > 0 && { exceptions }), ...(handling !== undefined && { handling: handling as unknown as JsonValue }),
    };
    const type = FOLLOW_UP_TYPES[kind];
    const payload = canonicalize({ type, v: 1, principal: caller.principal, rule: opened.rule, contract: contract.id, body: kept });
    if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) throw new Problem('payload-too-large', `It is at most ${MAX_PAYLOAD_BYTES} bytes in canonical form.`);
    const draft = draftEntry(key, version, { type, payload, digestOf: (salt) => contentDigest(salt, content), originals: sealed });
    return row === undefined ? draft : { ...draft, ownKey: row };
  }
}

/**
 * The key that seals what is told of a prediction: that of the prediction's own payload, so that one erasure takes both.
 * In a log that succeeds the prediction's: the same data subject's key there, or, where it has none, a key of its own.
 */
async function keyFor(log: Log, { log: holder, index }: Place): Promise<{ key: SealingKey; row?: EntryDraft['ownKey'] }> {
  const payload = await holder.payloads.read(index);
  if (payload === undefined) throw await absence(holder, index);
  try {
    if (holder === log) return { key: await log.vault.keyOf(payload.key) };
    const reference = await holder.vault.referenceOf(payload.key);
    if (reference !== undefined) return { key: await log.vault.subjectKey(reference) };
    return log.vault.ownKey();
  } catch (error) {
    if (error instanceof VaultError && error.code === 'key-erased') throw await absence(holder, index);
    throw error;
  }
}

/** What of the body the contract judges. */
function partsOf(body: JsonObject): ToldParts {
  const { outcome, decision, changes } = body as { outcome?: JsonObject; decision?: JsonObject; changes?: { inputs?: JsonObject; output?: JsonObject; decision?: JsonObject; explanation?: { counterfactual?: JsonObject } } };
  const parts = {
    '/outcome': outcome, '/decision': decision, '/changes/inputs': changes?.inputs, '/changes/output': changes?.output, '/changes/decision': changes?.decision,
    '/changes/explanation/counterfactual': changes?.explanation?.counterfactual,
  };
  return { parts: Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)), texts: { holder: body, names: ['reason', 'source'] }, identifiers: identifiersOf(body) };
}

/** Ids and names, which stand in lists and links. */
function identifiersOf(body: JsonObject): Record<string, string> {
  const { id, changes } = body as unknown as PostedCorrection;
  const parents = changes?.parents ?? [];
  const views = changes?.features ?? [];
  const named: [string, string][] = [['/id', id], ...parents.map((each, i): [string, string] => [`/changes/parents/${i}`, each]), ...views.map(({ view }, i): [string, string] => [`/changes/features/${i}/view`, view])];
  return Object.fromEntries(named);
}

function verdictOf(posted: PostedFollowUp): string | null {
  return 'verdict' in posted ? posted.verdict : null;
}

function exceptionsOf(posted: PostedOutcome | PostedReview | PostedCorrection, { entry, payload }: OpenedFor): FollowUpException[] {
  if (!('observed' in posted)) return [];
  const observed = Date.parse(posted.observed);
  const asked = payload.body['time'];
  const made = typeof asked === 'string' ? Date.parse(asked) : Date.parse(entry.time);
  return [...(observed < made ? (['observed-before-prediction'] as const) : []), ...(observed > Date.now() + CLOCK_SKEW_MS ? (['observed-in-future'] as const) : [])];
}

/** The first acceptance of the same content. @throws Problem `id-taken`, `erased`, `payload-missing` */
async function sameAgain(log: Log, { log: holderId, index }: FollowUpRow, content: string): Promise<SequencedEntry & { log: Log }> {
  const holder = log.holderOf(holderId) ?? log;
  const { entry, leafHash, opening } = await openEntry(holder, index);
  if (opening === undefined) throw await absence(holder, index);
  if (!timingSafeEqual(contentDigest(opening.salt, content), opening.contentDigest)) {
    throw new Problem('id-taken', `The id stands at index ${index} with other content, or about another prediction: use a new id.`);
  }
  return { index, time: entry.time, leafHash, log: holder };
}
