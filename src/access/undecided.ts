import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, PROBLEM_MEDIA_TYPE } from '../http/problem.ts';
import type { Caller } from './caller.ts';

/**
 * Holds back every answer of a route that said it would decide on each thing itself and then did not: a handler that
 * forgets must not be an open door.
 */
export function refuseUndecided(fastify: FastifyInstance, say: (message: string) => void): void {
  fastify.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, payload: unknown, done) => {
    if (request.caller === undefined || request.caller.decided || reply.statusCode >= 400) {
      done(null, payload);
      return;
    }
    const problem = undecided(request.caller, say);
    reply.status(problem.status).headers({ 'content-type': PROBLEM_MEDIA_TYPE });
    reply.removeHeader('content-length');
    done(null, JSON.stringify(problem.document()));
  });
}

/** What is answered in the place of an answer that nobody decided on. */
export function undecided({ declared: { action, resource } }: Caller, say: (message: string) => void): Problem {
  say(`a route that declares ${action} ${resource} answered without a decision; the answer was held back`);
  return new Problem('internal', 'The route has not decided whether you may see its answer.');
}
