import type { Clock } from '../ledger/clock.ts';
import type { Log } from '../ledger/log.ts';
import { exceptionBits, type ExceptionWord } from '../predictions/exception-words.ts';
import { readHistories } from './model-history.ts';
import { SERVING_ACTIONS, type ServingAction, type ServingPolicy, type ServingRules, type VersionFault } from './serving-policy.ts';
import { nextTurn, standingAt, type ModelHistory, type Standing } from './standing.ts';

/** What becomes of predictions of a version, and what is out of order with them. */
export interface Serving {
  readonly action: ServingAction;
  readonly words: readonly ExceptionWord[];
  /** The words as a payload holds them, canonical JSON; undefined where there are none. */
  readonly text: string | undefined;
  /** The words as the read model keeps them. */
  readonly bits: number | undefined;
  /** It holds for entries before this time, ms since 1970; undefined: until the log says otherwise. */
  readonly until: number | undefined;
  readonly quarantineFor: string;
}

/** What of a prediction decides. */
export interface Served {
  readonly model: string;
  readonly version: string;
  /** When its producer says that it was made, RFC 3339. */
  readonly time?: string | undefined;
}

/** A producer's clock may be so far ahead of the log's, in ms. */
export const CLOCK_SKEW_MS = 5000;

const WORDS: Readonly<Record<VersionFault, ExceptionWord>> = {
  unknown: 'unknown-version',
  unapproved: 'unapproved-version',
  rejected: 'rejected-version',
  withdrawn: 'withdrawn-version',
  retired: 'retired-version',
};

/**
 * How versions stand, for whoever takes predictions in: from memory, and read again when the log's vault version has moved,
 * which every entry about models makes it do (`advance_vault`). The sequencer compares that version with the head's behind which
 * it appends, so what is said of a prediction agrees with the order of the log, on whichever replica it comes.
 */
export class ModelServing {
  private readonly policy: ServingPolicy;
  private readonly clock: Clock;
  private readonly known = new Map<number, KnownModels>();

  constructor(policy: ServingPolicy, clock: Clock) {
    this.policy = policy;
    this.clock = clock;
  }

  /** At once where the log has said nothing new of models. */
  of(log: Log, served: Served): Serving | Promise<Serving> {
    const known = this.knownOf(log);
    if (known.version >= log.vault.version) return known.of(served, this.clock.now());
    return known.refresh(log).then(() => known.of(served, this.clock.now()));
  }

  /** Tells whether a serving is the same at a version of the vault and, where it is given, at an entry's time, ms since 1970. */
  staying(log: Log, served: Served, serving: Serving): (vault: number, time?: number) => Promise<boolean> {
    return (vault, time) => this.stays(log, served, serving, vault, time);
  }

  private async stays(log: Log, served: Served, serving: Serving, vault: number, time = 0): Promise<boolean> {
    const known = this.knownOf(log);
    known.sawTime(time);
    if (known.version < vault) await known.refresh(log);
    const now = known.of(served, this.clock.now());
    return now.action === serving.action && now.bits === serving.bits && now.until === serving.until;
  }

  private knownOf(log: Log): KnownModels {
    let known = this.known.get(log.row.id);
    if (known === undefined) this.known.set(log.row.id, (known = new KnownModels((model) => this.policy.of(model, log.row.tenantName))));
    return known;
  }
}

/** What one log says of its models, as far as it was read. */
class KnownModels {
  /** The vault version at which it was read: it knows at least what was said until then. */
  version = -1;
  private readonly rulesOf: (model: string) => ServingRules;
  private histories: ReadonlyMap<string, ModelHistory> = new Map();
  private servings = new Map<string, Map<string, Serving>>();
  private readonly ofUnknown = new Map<ServingRules, Serving>();
  private reading: Promise<void> | undefined;
  private readAt = -1;
  /** No entry to come is older than this, ms since 1970. */
  private latest = 0;

  constructor(rulesOf: (model: string) => ServingRules) {
    this.rulesOf = rulesOf;
  }

  sawTime(time: number): void {
    if (time > this.latest) this.latest = time;
  }

  of({ model, version, time }: Served, now: number): Serving {
    const serving = this.serving(model, version, now);
    return time === undefined ? serving : judgedByClock(serving, Date.parse(time) - CLOCK_SKEW_MS, Math.max(now, this.latest));
  }

  private serving(model: string, version: string, now: number): Serving {
    const history = this.histories.get(model);
    // Names that nobody registered may be any number: none is remembered.
    if (history?.versions.has(version) !== true) return this.unknown(this.rulesOf(model));
    const time = now > this.latest ? now : this.latest;
    let servings = this.servings.get(model);
    if (servings === undefined) this.servings.set(model, (servings = new Map<string, Serving>()));
    const known = servings.get(version);
    if (known !== undefined && (known.until === undefined || time < known.until)) return known;
    const serving = servingOf(standingAt(history, version, { time, before: ANYTHING }), this.rulesOf(model), nextTurn(history.deployments, time));
    servings.set(version, serving);
    return serving;
  }

  /** Reads what the log says by now. A reading that has begun may have missed what was said since: it is then read once more. */
  async refresh(log: Log): Promise<void> {
    const wanted = log.vault.version;
    while (this.reading !== undefined) {
      await this.reading;
      if (this.readAt >= wanted) return;
    }
    this.reading = this.read(log).finally(() => (this.reading = undefined));
    await this.reading;
  }

  private async read(log: Log): Promise<void> {
    // The version first: what is said between the two readings is known earlier than need be, and never later.
    const { vault } = await log.readHead();
    this.histories = await readHistories(log.pool, log);
    this.servings = new Map();
    this.version = vault;
    this.readAt = vault;
  }

  private unknown(rules: ServingRules): Serving {
    let serving = this.ofUnknown.get(rules);
    if (serving === undefined) this.ofUnknown.set(rules, (serving = made(['unknown'], rules, undefined)));
    return serving;
  }
}

/** Later than every entry: what is known is what was read. */
const ANYTHING = { log: Number.MAX_SAFE_INTEGER, index: 0 };

function servingOf({ decided, deployed }: Standing, rules: ServingRules, until: number | undefined): Serving {
  const faults: VersionFault[] = [];
  if (decided !== 'approved') faults.push(decided === 'registered' ? 'unapproved' : decided);
  if (deployed?.deployment === 'retired') faults.push('retired');
  return made(faults, rules, until);
}

/**
 * With `clock-skew`, while the log has not come to the time at which the prediction may have been made.
 *
 * @param possible the first time, ms since 1970, of an entry by which its producer's clock is no longer too far ahead
 */
function judgedByClock(serving: Serving, possible: number, time: number): Serving {
  if (!(possible > time)) return serving;
  const words: ExceptionWord[] = [...serving.words, 'clock-skew'];
  return { ...serving, words, text: JSON.stringify(words), bits: exceptionBits(words), until: Math.min(serving.until ?? possible, possible) };
}

function made(faults: readonly VersionFault[], rules: ServingRules, until: number | undefined): Serving {
  const words = faults.map((fault) => WORDS[fault]);
  const severity = Math.max(0, ...faults.map((fault) => SERVING_ACTIONS.indexOf(rules[fault])));
  return {
    action: SERVING_ACTIONS[severity] ?? 'refuse',
    words,
    text: words.length === 0 ? undefined : JSON.stringify(words),
    bits: exceptionBits(words),
    until,
    quarantineFor: rules.quarantineFor,
  };
}
