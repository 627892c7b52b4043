import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, PROBLEM_MEDIA_TYPE } from '../http/problem.ts';

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
    const { action, resource } = request.caller.declared;
    say(`a route that declares ${action} ${resource} answered without a decision; the answer was held back`);
    const problem = new Problem('internal', 'The route has not decided whether you may see its answer.');
    reply.status(problem.status).headers({ 'content-type': PROBLEM_MEDIA_TYPE });
    reply.removeHeader('content-length');
    done(null, JSON.stringify(problem.document()));
  });
}
