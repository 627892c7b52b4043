import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem, PROBLEM_MEDIA_TYPE } from '../http/problem.ts';
import type { AccessTrail } from './access-trail.ts';

/**
 * Sees to what answers leave behind: those that are counted are counted, and one that opens a payload without an entry
 * that says so is held back, so that a handler that forgets shows nothing.
 */
export function holdUntraced(fastify: FastifyInstance, trail: AccessTrail, say: (message: string) => void): void {
  fastify.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, payload: unknown, done) => {
    const { caller } = request;
    if (caller === undefined || caller.declared.trace === 'none' || reply.statusCode >= 400) return done(null, payload);
    if (caller.declared.trace === 'count') {
      trail.listed(caller);
      return done(null, payload);
    }
    if (caller.traced) return done(null, payload);
    const { action, resource } = caller.declared;
    say(`a route that declares ${action} ${resource} answered without a trace; the answer was held back`);
    const problem = new Problem('internal', 'The route has not recorded that you see its answer.');
    reply.status(problem.status).header('content-type', PROBLEM_MEDIA_TYPE);
    reply.removeHeader('content-length');
    done(null, JSON.stringify(problem.document()));
  });
}
