import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../ledger/log.ts';
import { ACCESS, PUBLIC, type Declaration, type GuardedRequest } from './access.ts';
import { AccessTrail } from './access-trail.ts';
import { Authenticator } from './authenticator.ts';
import { Caller, circumstances, refusal } from './caller.ts';
import type { Decision } from './decision.ts';
import { inFurtherRoles, type Principal } from './principal.ts';
import { Roles } from './roles.ts';
import { NO_RULE } from './rule.ts';
import { denied } from './ruling.ts';
import { hasAction, isConfined, SCOPE_RULE } from './scope.ts';
import { PURPOSE_HEADER, StatedPurposes } from './stated-purpose.ts';

/** The one place where requests are let in. A route that declares nothing lets nobody in. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly declarations = new WeakMap<Function, Declaration | 'public'>();

  constructor(
    private readonly authenticator: Authenticator,
    private readonly roles: Roles,
    private readonly ledger: Ledger,
    private readonly trail: AccessTrail,
    private readonly purposes: StatedPurposes,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    return this.admit(context.switchToHttp().getRequest<FastifyRequest>(), context.getHandler());
  }

  /**
   * Lets a request in by what its route's handler declares, and says on the request who it is.
   *
   * @throws Problem `unauthenticated`, `forbidden`
   */
  admit(request: GuardedRequest, handler: Function): true | Promise<true> {
    const declared = this.declarationOf(handler);
    if (declared === 'public') return true;
    const principal = this.authenticator.authenticate(request);
    // Known keys are answered without a promise: this is on the way of every append.
    return principal instanceof Promise
      ? principal.then((found) => this.letIn(request, found, declared))
      : this.letIn(request, principal, declared);
  }

  /** Read once: looking metadata up takes longer than deciding. */
  private declarationOf(handler: Function): Declaration | 'public' {
    const known = this.declarations.get(handler);
    if (known !== undefined) return known;
    const declared = Reflect.getMetadata(PUBLIC, handler) === true ? 'public' : (Reflect.getMetadata(ACCESS, handler) as Declaration | undefined);
    if (declared === undefined) throw new Problem('forbidden', 'The route declares no action.');
    this.declarations.set(handler, declared);
    return declared;
  }

  private letIn(request: GuardedRequest, principal: Principal | undefined, declared: Declaration): true | Promise<true> {
    if (principal === undefined) throw new Problem('unauthenticated', 'Send a valid key as "Authorization: Bearer …".');
    const log = this.ledger.ofTenant(principal.tenant);
    const said = request.headers[PURPOSE_HEADER];
    const purpose = said === undefined ? null : this.purposeOf(request, principal, log, declared, String(said));
    const decision = this.decide(principal, log, declared, purpose);
    const caller = decision?.allowed === false ? this.inAnotherRole(principal, log, declared, purpose) : new Caller(principal, log, declared, this.roles, decision, purpose);
    if (caller === undefined) return this.turnAway(principal, log, declared, decision, purpose);
    request.caller = caller;
    return true;
  }

  /** @throws Problem `bad-request`, as of somebody who is known, so that it is counted */
  private purposeOf(request: GuardedRequest, principal: Principal, log: Log, declared: Declaration, said: string): string {
    try {
      return this.purposes.check(said);
    } catch (error) {
      request.caller = new Caller(principal, log, declared, this.roles, undefined);
      throw error;
    }
  }

  /** @throws Problem `forbidden`, when that is recorded */
  private async turnAway(principal: Principal, log: Log, declared: Declaration, decision: Decision | undefined, purpose: string | null): Promise<never> {
    const { action, resource } = declared;
    const rule = decision?.rule ?? NO_RULE;
    await this.trail.denied(log, { principal: principal.id, rule }, { action, resource, role: this.roles.roleOf(principal.role, rule), purpose });
    throw refusal(principal, declared);
  }

  /** The first of the roles that it has for a time that may: by itself, because who breaks the glass acts as another. */
  private inAnotherRole(principal: Principal, log: Log, declared: Declaration, purpose: string | null): Caller | undefined {
    for (const acting of inFurtherRoles(principal, Date.now())) {
      const decision = this.decide(acting, log, declared, purpose);
      if (decision?.allowed !== false) return new Caller(acting, log, declared, this.roles, decision, purpose);
    }
    return undefined;
  }

  /** Undefined where the handler has to decide, on each thing that it finds. */
  private decide(principal: Principal, log: Log, { action, resource, each }: Declaration, purpose: string | null): Decision | undefined {
    const isBarred = !hasAction(principal, action) || (isConfined(principal, resource) && !each);
    if (isBarred) return denied({ action, resource, policy: this.roles.policy }, SCOPE_RULE);
    const settled = this.roles.settled(principal.role, action, resource);
    if (each && settled?.allowed === true && isConfined(principal, resource)) return undefined;
    if (settled !== undefined || each) return settled;
    return this.roles.decide(principal, action, resource, { ...circumstances(log), 'stated-purpose': purpose, open: log.row.open });
  }
}
