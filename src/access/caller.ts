import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import type { Declaration } from './access.ts';
import type { Action, Resource } from './catalogue.ts';
import type { Attributes } from './condition.ts';
import type { Target } from './condition-sql.ts';
import type { Decision } from './decision.ts';
import type { Roles } from './roles.ts';
import type { Principal } from './principal.ts';
import { rowRules, type RowRules } from './row-rules.ts';
import { NO_RULE } from './rule.ts';
import { denied } from './ruling.ts';
import { hasAction, hasModel, rowsInScope, SCOPE_RULE } from './scope.ts';
import { rolesOfName } from './several-roles.ts';
import type { Asker } from './variable.ts';

/** Who is let in, to which log, to do what. */
export class Caller {
  readonly log: Log;
  readonly asker: Principal;
  readonly declared: Declaration;
  /** Why it says that it asks, one of the policy's words; null: it does not say. */
  readonly purpose: string | null;
  private readonly roles: Roles;
  /** Whether an entry says already what is about to leave. */
  traced = false;
  /** The decision by which something was refused last. */
  denial: Decision | undefined;
  private last: Decision | undefined;
  private hasDecided: boolean;

  /**
   * @param settled the decision that no attribute can change, which allows; undefined where the handler has to decide
   * @param purpose one of the policy's words (`StatedPurposes`)
   */
  constructor(asker: Principal, log: Log, declared: Declaration, roles: Roles, settled: Decision | undefined, purpose: string | null = null) {
    this.asker = asker;
    this.log = log;
    this.declared = declared;
    this.purpose = purpose;
    this.roles = roles;
    this.last = settled;
    this.hasDecided = settled !== undefined;
  }

  /** Opaque id. */
  get principal(): string {
    return this.asker.id;
  }

  /** The most guarded class of data that each contract knows of, by `name@version`. */
  get classes(): ReadonlyMap<string, string> {
    return this.roles.classes;
  }

  /** The role that the caller acts in: of several at once, the one whose rule decided. */
  get role(): string {
    return this.roleBy((this.denial ?? this.last)?.rule ?? NO_RULE);
  }

  /** The role in which a rule lets the caller do something. */
  roleBy(rule: string): string {
    return this.roles.roleOf(this.asker.role, rule);
  }

  /** Whether a decision was made: an answer without one does not leave. */
  get decided(): boolean {
    return this.hasDecided;
  }

  /** The decision that lets the caller do it; the last one, where the handler decides on each thing. Precondition: decided. */
  get decision(): Decision {
    if (this.last === undefined) throw new Error('the handler has not decided');
    return this.last;
  }

  /** The rule that lets the caller do it. Precondition: decided. */
  get rule(): string {
    return this.decision.rule;
  }

  /**
   * Decides on one thing, by what is known of it: `null` where it has none of an attribute. The tenant and the time are added.
   *
   * @throws Problem `forbidden`
   */
  decide(attributes: Attributes): Decision {
    const decision = this.judge(attributes);
    if (!decision.allowed) {
      this.denial = decision;
      throw refusal(this.asker, this.declared);
    }
    this.last = decision;
    return decision;
  }

  /** `decide` for a handler that may find nothing to decide on, as a batch of nothing. */
  decideLater(): (attributes: Attributes) => Decision {
    this.hasDecided = true;
    return (attributes) => this.decide(attributes);
  }

  /** The rules about rows, for the query that finds them. Precondition: the query stays within the caller's log. */
  rows(columns: Target['columns']): RowRules {
    this.hasDecided = true;
    const { action, resource } = this.declared;
    const target = { columns, attributes: { 'stated-purpose': this.purpose, ...circumstances(this.log) }, asker: this.asker };
    return rowsInScope(this.asker, resource, columns['model'], rowRules(this.roles.about(this.asker.role, action, resource), target));
  }

  /** As `decide`, and says no instead of throwing. */
  judge(attributes: Attributes): Decision {
    this.hasDecided = true;
    return this.judgeTo(this.declared.action, attributes);
  }

  /** Whether the caller may do something else to it, which what the route does takes for granted. */
  judgeTo(action: Action, attributes: Attributes): Decision {
    return this.judgeAbout(action, this.declared.resource, attributes);
  }

  /** Whether the caller may do something else to something else, which what the route does takes for granted too. */
  judgeAbout(action: Action, resource: Resource, attributes: Attributes): Decision {
    const inScope = hasAction(this.asker, action) && hasModel(this.asker, resource, attributes);
    if (!inScope) return denied({ action, resource, policy: this.roles.policy }, SCOPE_RULE);
    return (
      this.roles.settled(this.asker.role, action, resource) ??
      this.roles.decide(this.asker, action, resource, { 'stated-purpose': this.purpose, ...attributes, ...circumstances(this.log) })
    );
  }
}

/** What is known of every request for something of a log. */
export function circumstances({ row }: Log): { tenant: string; now: number } {
  return { tenant: row.tenantName, now: Date.now() };
}

/** The refusal where no rule allows it. It names what was asked, and nothing that was found. */
export function refusal({ role }: Asker, { action, resource }: Declaration): Problem {
  return new Problem('forbidden', `No rule lets the role ${rolesOfName(role).join(' or ')} ${action} a ${resource}.`);
}
