import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AccessGuard } from '../access/access.guard.ts';
import type { HttpSettings } from './http-settings.ts';
import type { Problem } from './problem.ts';
import { problemOf } from './problem-of.ts';
import { sendProblem } from './problem.filter.ts';

/** How long a refused sender may go on before the answer is sent all the same. */
const LINGER_MS = 1000;

/** A controller's method that takes the request and the reply as they are. */
export type DirectMethod = (this: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** A method, and who is asked what to answer when a caller's request was refused before the method saw it. */
export interface DirectRoute {
  controller: object;
  method: DirectMethod;
  refused: (this: unknown, request: FastifyRequest, problem: Problem) => Promise<Problem>;
}

/**
 * Answers a controller's POST route without Nest's pipeline, which would cost the append path more than all its hashing.
 * What matters of the pipeline is done here as there: the guard, by the method's own declaration, and problems for
 * errors. The guard comes before the body: nobody without a key makes the service read one. Preconditions: the method
 * uses no pipes, interceptors or parameters but request and reply; the application has not made its routes yet.
 */
export function answerDirectly(
  fastify: FastifyInstance,
  url: string,
  { controller, method, refused }: DirectRoute,
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
  const errorHandler = async (error: Error, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const problem = problemOf(error, http.say);
    const answer = request.caller === undefined ? problem : await refused.call(controller, request, problem);
    await throwAway(request.raw);
    sendProblem(reply, answer);
    return reply;
  };
  fastify.addHook('onRoute', (route) => {
    if (route.url === url && route.method === 'POST') Object.assign(route, { onRequest: admit, handler, errorHandler });
  });
}

/**
 * Reads what still comes of a body whose length was not told, and throws it away, for a while: a connection that is closed
 * on unread bytes takes the answer with it.
 */
async function throwAway(body: IncomingMessage): Promise<void> {
  if (body.complete || body.destroyed || body.headers['transfer-encoding'] === undefined) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LINGER_MS);
    body.resume().once('close', () => resolve()).once('end', () => resolve());
    body.once('close', () => clearTimeout(timer));
  });
}
