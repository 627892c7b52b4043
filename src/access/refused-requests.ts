import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AccessTrail } from './access-trail.ts';
import type { AuthenticationFailures } from './authentication-failures.ts';

/**
 * Counts the requests that were refused for what they are: by a principal, with a query, a body or a reference that is wrong;
 * by nobody, for what is no route. Denials and failed authentications are counted where they are decided, and what is
 * refused of an append by the intake.
 */
export function countRefused(fastify: FastifyInstance, trail: AccessTrail, failures: AuthenticationFailures): void {
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const { caller } = request;
    const { statusCode: status } = reply;
    const isWrong = status >= 400 && status < 500 && ![401, 403, 429].includes(status);
    if (caller === undefined) {
      // The resources of a log say for themselves who failed to read them.
      if (isWrong && (request.is404 || status !== 404)) failures.count('', 'no-request-of-ours');
    } else if (isWrong && caller.denial === undefined && caller.declared.action !== 'append') trail.refused(caller, status);
    done();
  });
}
