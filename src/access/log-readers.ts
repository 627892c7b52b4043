import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../ledger/log.ts';
import { AccessTrail } from './access-trail.ts';
import { Authenticator } from './authenticator.ts';
import { circumstances } from './caller.ts';
import { inFurtherRoles, type Principal } from './principal.ts';
import { Roles } from './roles.ts';
import { NO_RULE } from './rule.ts';
import { hasAction } from './scope.ts';

/** Who may read a log's tiles and checkpoints: everybody where its tenant opened it, otherwise the tenant's own readers. */
@Injectable()
export class LogReaders {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly roles: Roles,
    private readonly ledger: Ledger,
    private readonly trail: AccessTrail,
  ) {}

  /** The log of that name. @throws Problem `not-found`: a closed log does not exist for others */
  async open(request: FastifyRequest, name: string): Promise<Log> {
    const log = this.ledger.byLogName(name);
    if (log?.row.open === true) return log;
    const principal = await this.authenticator.authenticate(request);
    if (log !== undefined && principal !== undefined && this.mayRead(principal, log)) return log;
    if (principal !== undefined) {
      const home = this.ledger.ofTenant(principal.tenant);
      await this.trail.denied(home, { principal: principal.id, rule: NO_RULE }, { action: 'read', resource: 'log', role: this.roles.roleOf(principal.role, NO_RULE) });
    }
    throw new Problem('not-found', 'There is no such log, or it is closed.');
  }

  private mayRead(principal: Principal, log: Log): boolean {
    if (log.row.tenant !== principal.tenant || !hasAction(principal, 'read')) return false;
    const roles = [principal, ...inFurtherRoles(principal, Date.now())];
    return roles.some((acting) => this.roles.decide(acting, 'read', 'log', { ...circumstances(log), open: log.row.open }).allowed);
  }
}
