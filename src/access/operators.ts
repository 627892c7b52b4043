import { BlockList, isIP } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.ts';
import { Ledger } from '../ledger/ledger.ts';
import { AccessTrail } from './access-trail.ts';
import { Authenticator } from './authenticator.ts';
import { DEFAULT_LOG } from './bootstrap.ts';
import { circumstances } from './caller.ts';
import { Roles } from './roles.ts';
import { NO_RULE } from './rule.ts';
import { hasAction } from './scope.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Who may see what adds up over all tenants: whoever asks on this machine, and who may read totals in the tenant that runs the service. */
@Injectable()
export class Operators {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly roles: Roles,
    private readonly ledger: Ledger,
    private readonly trail: AccessTrail,
  ) {}

  /** @throws Problem `unauthenticated`, `forbidden`: a tenant could count what another does */
  async admit(request: FastifyRequest): Promise<void> {
    if (isLocal(request)) return;
    const principal = await this.authenticator.authenticate(request);
    if (principal === undefined) throw new Problem('unauthenticated', 'From another machine, send a valid key as "Authorization: Bearer …".');
    const log = this.ledger.ofTenant(principal.tenant);
    const runsIt = this.ledger.byLogName(DEFAULT_LOG)?.row.tenant === principal.tenant;
    if (runsIt && hasAction(principal, 'read') && this.roles.decide(principal, 'read', 'totals', { ...circumstances(log), own: false }).allowed) return;
    await this.trail.denied(log, { principal: principal.id, rule: NO_RULE }, { action: 'read', resource: 'totals', role: this.roles.roleOf(principal.role, NO_RULE) });
    throw new Problem('forbidden', 'Only who may read totals in the tenant that runs the service sees its metrics.');
  }
}

/** On a connection from this machine, and not handed on by a proxy on it. */
function isLocal({ raw: { socket }, headers }: FastifyRequest): boolean {
  const { remoteAddress: address = '' } = socket;
  const family = isIP(address);
  return family !== 0 && LOOPBACK.check(address, family === 6 ? 'ipv6' : 'ipv4') && ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'].every((name) => headers[name] === undefined);
}
