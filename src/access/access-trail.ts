import { AppendError } from '../ledger/append-error.ts';
import type { Log } from '../ledger/log.ts';
import type { Tally } from '../ledger/tally.ts';
import { draftAct, record, type Act } from './act.ts';
import type { Caller } from './caller.ts';
import type { Action, Resource } from './catalogue.ts';
import { disclosing } from './disclosures.ts';
import type { HeldDecisions } from './held-decisions.ts';
import { TokenBuckets } from './token-bucket.ts';

/** What was asked, and how it was decided. Nothing of it is personal: it stands in an entry. */
export interface Traced {
  outcome: 'allow' | 'deny';
  action: Action;
  resource: Resource;
  /** The role that the principal acted in. */
  role: string;
  /** Where what was asked for stands, or its id in quarantine; undefined where it was not looked for. An id that a producer chose may name a person. */
  of?: { log: Log; index: number } | { log: Log; quarantine: string } | undefined;
  /** Why the caller says that they ask, one of the policy's words. */
  purpose?: string | null | undefined;
}

/** Who asked, and the rule that decided: `none` where no rule allows it. */
export interface Asking {
  principal: string;
  rule: string;
}

/** Denials of one principal that are entries; more are counted. */
const DENIALS = { perSecond: 1 / 6, burst: 10 };
const MAX_PRINCIPALS = 10_000;

/** This replica must not append now, and reads go on (invariant 8): the log has stopped, the clock or the policy is another. */
const READABLE: ReadonlySet<string> = new Set(['log-stopped', 'clock-skew', 'policy-mismatch']);

/** Makes decisions entries, before what they allow leaves (design of invariant 6: docs/design). */
export class AccessTrail {
  private readonly tally: Tally;
  private readonly held: HeldDecisions;
  private readonly denials = new TokenBuckets(MAX_PRINCIPALS);

  constructor(tally: Tally, held: HeldDecisions) {
    this.tally = tally;
    this.held = held;
  }

  /**
   * Records that a rule let the caller see something; resolves when that is durable. It shares its commit with whatever is
   * appended at the same time.
   *
   * @param of where it stands
   * @throws AppendError: nothing may leave then
   */
  async allowed(caller: Caller, rule: string, of: Traced['of']): Promise<void> {
    const { purpose } = caller;
    const { action, resource } = caller.declared;
    const traced: Traced = { outcome: 'allow', action, resource, role: caller.roleBy(rule), of, purpose };
    const asking = { principal: caller.principal, rule };
    try {
      const seen = of !== undefined && 'index' in of ? [{ log: of.log.row.id, index: of.index }] : [];
      await caller.log.append({ ...draftAct(caller.log, asking, actOf(traced)), ...disclosing(seen) });
    } catch (error) {
      if (!(error instanceof AppendError && READABLE.has(error.code))) throw error;
      // What such a read leaves behind becomes an entry as soon as a replica can append to a log of the tenant again.
      await this.held.hold(caller.log, asking, bodyOf(traced));
    }
    caller.traced = true;
  }

  /** Records or counts that somebody was refused. Never fails: the refusal stands in any case, and opens nothing. */
  async denied(log: Log, asking: Asking, traced: Omit<Traced, 'outcome'>): Promise<void> {
    const now = performance.now();
    try {
      if (this.denials.of(asking.principal, DENIALS, now).take(now) === 0) {
        await record(log, asking, actOf({ ...traced, outcome: 'deny' }));
        return;
      }
    } catch {
      // A log that takes nothing in keeps the count.
    }
    this.tally.note({ log: log.row.id, what: 'denied', subject: asking.principal, reason: `${traced.action}-${traced.resource}` });
  }

  /** Counts a request that somebody was let in with and that was wrong: many of them are somebody who tries what there is. */
  refused({ log, principal }: Caller, status: number): void {
    this.tally.note({ log: log.row.id, what: 'denied', subject: principal, reason: `status-${status}` });
  }

  /** Counts an answer that holds no payload. */
  listed({ log, principal, declared }: Caller): void {
    this.tally.note({ log: log.row.id, what: 'listed', subject: principal, reason: `${declared.action}-${declared.resource}` });
  }
}

/** The body of an `access-decision` (docs/spec/payloads.md). */
export interface DecisionBody {
  [name: string]: string | null | { log: string; index: number } | { log: string; quarantine: string };
}

export function decisionAct(body: DecisionBody): Act {
  return { type: 'access-decision', v: 1, body };
}

function actOf(traced: Traced): Act {
  return decisionAct({ ...bodyOf(traced), at: null });
}

function bodyOf({ outcome, action, resource, role, of, purpose }: Traced): DecisionBody {
  return { outcome, action, resource, role, of: placeOf(of), purpose: purpose ?? null };
}

function placeOf(of: Traced['of']): DecisionBody[string] {
  if (of === undefined) return null;
  const log = of.log.row.origin;
  return 'index' in of ? { log, index: of.index } : { log, quarantine: of.quarantine };
}
