import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HttpSettings } from './http-settings.ts';
import { PROBLEM_MEDIA_TYPE, type Problem } from './problem.ts';
import { problemOf } from './problem-of.ts';

/** Answers every error with a problem document. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly http: HttpSettings) {}

  catch(error: unknown, host: ArgumentsHost): void {
    sendProblem(host.switchToHttp().getResponse<FastifyReply>(), problemOf(error, this.http.say));
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
