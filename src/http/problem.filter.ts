import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AccessTrail } from '../access/access-trail.ts';
import type { Caller } from '../access/caller.ts';
import { NO_RULE } from '../access/rule.ts';
import { HttpSettings } from './http-settings.ts';
import { PROBLEM_MEDIA_TYPE, type Problem } from './problem.ts';
import { problemOf } from './problem-of.ts';

/** Answers every error with a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly http: HttpSettings,
    private readonly trail: AccessTrail,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const problem = problemOf(error, this.http.say);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { caller } = host.switchToHttp().getRequest<FastifyRequest>();
    // Whom the guard let in and the handler refused, whatever the answer says of it; the guard records its own refusals.
    if (caller === undefined || (problem.code !== 'forbidden' && caller.denial === undefined)) sendProblem(reply, problem);
    else void this.sendRecorded(reply, problem, caller);
  }

  private async sendRecorded(reply: FastifyReply, problem: Problem, { log, principal, role, declared, denial, purpose }: Caller): Promise<void> {
    const { action, resource } = declared;
    await this.trail.denied(log, { principal, rule: denial?.rule ?? NO_RULE }, { action, resource, role, purpose });
    sendProblem(reply, problem);
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  reply.status(problem.status).headers(problemFields(problem)).send(JSON.stringify(problem.document()));
}

/** The header fields of a problem's answer. */
export function problemFields(problem: Problem): Record<string, string> {
  return {
    ...(problem.code === 'unauthenticated' && { 'www-authenticate': 'Bearer' }),
    ...(problem.retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(problem.retryAfterMs / 1000)) }),
    'content-type': PROBLEM_MEDIA_TYPE,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
}
