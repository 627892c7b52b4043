import { draftAct } from '../access/act.ts';
import type { AccessTrail } from '../access/access-trail.ts';
import type { Caller } from '../access/caller.ts';
import { disclosing } from '../access/disclosures.ts';
import type { Contracts } from '../contracts/contracts.ts';
import { refusePersonal } from '../contracts/kept-text.ts';
import { parseEntry } from '../core/entry.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload } from '../core/payload.ts';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import { attributesOf } from '../predictions/appender.ts';
import { originalsOf } from '../predictions/detokenize.ts';
import { FollowUpQueue } from '../predictions/follow-up-queue.ts';
import { findFollowUps, type FollowUpRow } from '../predictions/follow-up-table.ts';
import { absence, openEntry } from '../predictions/open-entry.ts';
import { openFor, type OpenedFor, type Place } from '../predictions/open-for.ts';
import type { Prediction } from '../predictions/prediction.ts';
import { askEndpoint, type Scored } from './ask-endpoint.ts';
import { differences } from './compare-outputs.ts';
import { rowAt } from './prediction-rows.ts';
import type { ReplayPolicy } from './replay-policy.ts';

type JsonObject = { [name: string]: JsonValue };
type Handling = { [done: string]: string[] | { at: string; did: string }[] | number };

/** What `POST /v1/predictions/{id}/replay` takes. */
export interface ReplayForm {
  /** The teller's own. */
  id: string;
  endpoint: string;
  /** By how much numbers may differ; 1e-9 unless said. */
  tolerance?: number;
  /** Why tokens in the inputs are opened. */
  purpose?: string;
}

export interface Replayed {
  id: string;
  prediction: string;
  index: number;
  verdict: 'same' | 'model-changed' | 'policy-changed' | 'data-erased';
  /** Places that differ, on the first answer: the entry keeps their number. */
  differs?: string[];
  created: boolean;
}

const DEFAULT_TOLERANCE = 1e-9;
/** What was done to values that cannot be undone. */
const LOST = ['masked', 'generalized', 'redacted', 'dropped'];

/** Hands recorded inputs to a scoring endpoint, and records what came of it. */
export class ReplayDesk {
  private readonly contracts: Contracts;
  private readonly policy: ReplayPolicy;
  private readonly trail: AccessTrail;
  private readonly queues = new Map<Log, FollowUpQueue>();

  constructor(contracts: Contracts, policy: ReplayPolicy, trail: AccessTrail) {
    this.contracts = contracts;
    this.policy = policy;
    this.trail = trail;
  }

  /**
   * Replays one prediction, once for each id.
   *
   * @throws Problem `not-found`, `id-taken`, `endpoint-not-allowed`, `not-replayable`, `endpoint-failed`, `forbidden`; AppendError
   */
  async replay(caller: Caller, place: Place, form: ReplayForm): Promise<Replayed> {
    const { log } = caller;
    const row = await rowAt(place.log, place.index);
    const [known] = await findFollowUps(log.pool, log.succession.map((each) => each.row.id), [{ kind: 'replay', id: form.id }]);
    if (known !== undefined) return this.again(caller, place, row.id, known);
    if (!this.policy.allows(form.endpoint, row.model)) throw new Problem('endpoint-not-allowed', 'policies/replay.yaml does not name this endpoint for the model: nothing was sent.');
    const opened = await this.open(caller, place);
    // Durable before the first byte leaves, to the endpoint too.
    await this.trail.allowed(caller, opened?.rule ?? caller.rule, place);
    const said = opened === undefined ? { verdict: 'data-erased', endpoint: null, differs: 0 } : await this.ask(caller, place, opened, form);
    const { places, ...body } = said as JsonObject & { places?: string[]; verdict: Replayed['verdict'] };
    const of = { log: place.log.row.origin, index: place.index, id: row.id };
    const act = { type: 'prediction-replayed', v: 1, body: { id: form.id, prediction: of, ...body } };
    const columns = { kind: 'replay' as const, id: form.id, ofLog: place.log.row.id, ofIndex: place.index, principal: caller.principal, verdict: body.verdict };
    for (let round = 0; round < 4; round++) {
      const settled = await this.queueOf(log).put(draftAct(log, { principal: caller.principal, rule: opened?.rule ?? caller.rule }, act), columns);
      if (settled === 'again') continue;
      if ('taken' in settled) return this.again(caller, place, row.id, settled.taken);
      return { id: form.id, prediction: row.id, index: settled.placed.index, verdict: body.verdict, ...(places !== undefined && { differs: places }), created: true };
    }
    throw new Problem('vault-unavailable', 'Keys changed again and again while the replay was recorded: send the same again.');
  }

  /** Undefined where its payload was erased. */
  private async open(caller: Caller, place: Place): Promise<OpenedFor | undefined> {
    try {
      return await openFor(caller, place);
    } catch (error) {
      if (!(error instanceof Problem && error.code === 'erased')) throw error;
      const { model, version, deployment, principal, time, index } = await rowAt(place.log, place.index);
      caller.decide({ model, version, deployment, own: principal === caller.principal, time, index });
      return undefined;
    }
  }

  private async ask(caller: Caller, place: Place, opened: OpenedFor, form: ReplayForm): Promise<JsonObject> {
    const { tolerance = DEFAULT_TOLERANCE, endpoint } = form;
    const prediction = opened.payload.body as unknown as Prediction;
    const inputs = await this.inputsFor(caller, place, opened, form.purpose);
    const scored = await askEndpoint(endpoint, { model: prediction.model, version: prediction.version, inputs }, this.policy.timeoutMs);
    const places = differing(prediction, scored, opened, tolerance);
    const recorded = opened.entry.policy;
    const now = parseEntry((await caller.log.readEntry((await caller.log.readHead()).size - 1)) ?? new Uint8Array()).policy;
    const contract = this.contracts.of(prediction.model, caller.log.row.tenantName)?.id ?? null;
    const governs = recorded !== now || opened.payload.contract !== contract;
    const isOther = scored.version !== undefined && scored.version !== prediction.version;
    const verdict = isOther ? 'model-changed' : places.length === 0 ? 'same' : governs ? 'policy-changed' : 'model-changed';
    return {
      verdict, endpoint: new URL(endpoint).origin, differs: places.length, tolerance, places,
      model: { recorded: prediction.version, answered: typeof scored.version === 'string' ? scored.version.slice(0, 128) : null },
      policy: { recorded, now }, contract: { recorded: opened.payload.contract, now: contract },
    };
  }

  /** The inputs as they were posted: whole, or not at all. */
  private async inputsFor(caller: Caller, place: Place, { payload, fields, entry }: OpenedFor, purpose: string | undefined): Promise<JsonObject> {
    if (!fields.sees(['inputs']) || !fields.sees(['output'])) throw new Problem('forbidden', 'A rule withholds some of the inputs or the output from you, so you cannot have them scored again.');
    const prediction = payload.body as unknown as Prediction & { handling?: Handling };
    const handling = prediction.handling ?? {};
    const isInput = (at: string): boolean => at.startsWith('/inputs');
    if (LOST.some((done) => ((handling[done] as string[] | undefined) ?? []).some(isInput)) || handling['droppedUnknown'] !== undefined) {
      throw new Problem('not-replayable', 'Some of the inputs were not kept as they were posted (masked, generalized, redacted or dropped): nobody can score them again.');
    }
    const places = [...((handling['tokenized'] as string[] | undefined) ?? []), ...((handling['hits'] as { at: string }[] | undefined) ?? []).map(({ at }) => at)].filter(isInput);
    if (places.length === 0) return prediction.inputs;
    const attributes = { ...tokenAttributes(prediction), time: Date.parse(entry.time), ...(purpose !== undefined && { 'stated-purpose': purpose }) };
    const decision = caller.judgeAbout('detokenize', 'token', attributes);
    if (purpose === undefined || !decision.allowed) throw new Problem('not-replayable', 'Some of the inputs are tokens: state a purpose, as somebody whom a rule lets open them for it.');
    refusePersonal({ purpose }, undefined);
    const originals = (await originalsOf(place.log, place.index, entry.commitment)).filter(({ at }) => isInput(at));
    const at = [...new Set(originals.map((each) => each.at))];
    const body = { of: { log: place.log.row.origin, index: place.index }, at, tokens: originals.length, purpose, class: null, role: caller.role, unknown: 0, withheld: 0 };
    const draft = draftAct(caller.log, { principal: caller.principal, rule: decision.rule }, { type: 'detokenization', v: 1, body });
    await caller.log.append({ ...draft, ...disclosing([{ log: place.log.row.id, index: place.index }]) });
    return detokenized(prediction.inputs, new Map(originals.map(({ token, value }) => [token, value])));
  }

  /** What was recorded under the id before. @throws Problem `id-taken`, `erased` */
  private async again(caller: Caller, place: Place, prediction: string, { log: id, index, ofLog, ofIndex }: FollowUpRow): Promise<Replayed> {
    if (ofLog !== place.log.row.id || ofIndex !== place.index) throw new Problem('id-taken', 'The id stands in the log for a replay of another prediction: use a new id.');
    const holder = caller.log.holderOf(id) ?? caller.log;
    const { opening } = await openEntry(holder, index);
    if (opening === undefined) throw await absence(holder, index);
    const { body } = parsePayload(Buffer.from(opening.payload).toString('utf8'));
    const { rule } = caller.decide({ own: null });
    await this.trail.allowed(caller, rule, place);
    const told = body as { id: string; verdict: Replayed['verdict'] };
    return { id: told.id, prediction, index, verdict: told.verdict, created: false };
  }

  private queueOf(log: Log): FollowUpQueue {
    const known = this.queues.get(log);
    if (known !== undefined) return known;
    const queue = new FollowUpQueue(log);
    this.queues.set(log, queue);
    return queue;
  }
}

/** Where the answer is another than what was recorded. What was kept as a token is not compared: nobody asked to open it. */
function differing({ output, decision, handling }: Prediction & { handling?: Handling }, scored: Scored, { payload }: OpenedFor, tolerance: number): string[] {
  const changed = [...((handling?.['tokenized'] as string[] | undefined) ?? []), ...LOST.flatMap((done) => (handling?.[done] as string[] | undefined) ?? [])];
  const places = differences(payload.body['output'] ?? output, scored.output, tolerance, '/output').filter((at) => !changed.some((place) => at === place || at.startsWith(`${place}/`)));
  const isDecided = decision !== undefined && scored.decision?.outcome !== undefined;
  return isDecided ? [...places, ...differences(decision.outcome, scored.decision?.outcome, 0, '/decision/outcome')] : places;
}

function tokenAttributes(prediction: Prediction): Omit<ReturnType<typeof attributesOf>, 'outcome' | 'own' | 'index'> {
  const { model, version, deployment, purpose } = attributesOf(prediction, undefined, new Map());
  return { model, version, deployment, purpose };
}

/** Each text with what its tokens stand for; one that is a token as a whole becomes the value itself. */
function detokenized<T extends JsonValue>(value: T, originals: ReadonlyMap<string, JsonValue>): T {
  const walk = (each: JsonValue): JsonValue => {
    if (typeof each === 'string') {
      const whole = originals.get(each);
      if (whole !== undefined) return whole;
      return each.replace(/tok_[\w-]{22}/g, (token) => {
        const part = originals.get(token);
        return typeof part === 'string' ? part : token;
      });
    }
    if (Array.isArray(each)) return each.map(walk);
    if (typeof each !== 'object' || each === null) return each;
    return Object.fromEntries(Object.entries(each).map(([name, member]) => [name, walk(member)]));
  };
  return walk(value) as T;
}
