import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AccessGuard } from '../access/access.guard.ts';
import type { HttpSettings } from './http-settings.ts';
import { problemOf } from './problem-of.ts';
import { sendProblem } from './problem.filter.ts';

/** A controller's method that takes the request and the reply as they are. */
export type DirectMethod = (this: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/**
 * Answers a controller's POST route without Nest's pipeline, which would cost the append path more than all its hashing.
 * What matters of the pipeline is done here as there: the guard, by the method's own declaration, and problems for
 * errors. The guard comes before the body: nobody without a key makes the service read one. Preconditions: the method
 * uses no pipes, interceptors or parameters but request and reply; the application has not made its routes yet.
 */
export function answerDirectly(
  fastify: FastifyInstance,
  url: string,
  { controller, method }: { controller: object; method: DirectMethod },
  { guard, http }: { guard: AccessGuard; http: HttpSettings },
): void {
  const admit = (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    try {
      const admitted = guard.admit(request, method);
      if (admitted === true) done();
      else admitted.then(() => done(), done);
    } catch (error) {
      done(error as Error);
    }
  };
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    try {
      await method.call(controller, request, reply);
    } catch (error) {
      sendProblem(reply, problemOf(error, http.say));
    }
    return reply;
  };
  fastify.addHook('onRoute', (route) => {
    if (route.url === url && route.method === 'POST') Object.assign(route, { onRequest: admit, handler });
  });
}
