import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../ledger/log.ts';
import type { Principal } from './api-key.ts';
import { Authenticator } from './authenticator.ts';
import { circumstances } from './caller.ts';
import { Roles } from './roles.ts';

/** Who may read a log's tiles and checkpoints: everybody where its tenant opened it, otherwise the tenant's own readers. */
@Injectable()
export class LogReaders {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly roles: Roles,
    private readonly ledger: Ledger,
  ) {}

  /** The log of that name. @throws Problem `not-found`: a closed log does not exist for others */
  async open(request: FastifyRequest, name: string): Promise<Log> {
    const log = this.ledger.byLogName(name);
    if (log?.row.open === true) return log;
    const principal = await this.authenticator.authenticate(request.headers.authorization);
    if (log === undefined || principal === undefined || !this.mayRead(principal, log)) throw new Problem('not-found', 'There is no such log, or it is closed.');
    return log;
  }

  private mayRead(principal: Principal, log: Log): boolean {
    return log.row.tenant === principal.tenant && this.roles.decide(principal, 'read', 'log', { ...circumstances(log), open: log.row.open }).allowed;
  }
}
