import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { GuardedRequest } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import { undecided } from '../access/undecided.ts';
import type { Problem } from './problem.ts';
import { problemFields } from './problem.filter.ts';
import { problemOf } from './problem-of.ts';

/** What a route answers: a status and JSON that is plain ASCII. */
export interface Answer {
  status: number;
  text: string;
}

/** A POST route that takes JSON and whose usual request is answered on the short way. */
export interface ShortRoute {
  /** Path without a query, as a request names it. */
  url: string;
  maxBodyBytes: number;
  /** The guard. @throws Problem when the request is not let in */
  admit(request: GuardedRequest): true | Promise<true>;
  answer(caller: Caller, body: Buffer): Promise<Answer>;
  /** Where a request came from. */
  sourceOf(request: Pick<IncomingMessage, 'socket' | 'headers'>): string;
  /** Names and values that every answer carries beside its own. */
  fields: readonly string[];
  /** Says an error that is not the caller's to the operator. */
  say(message: string): void;
}

/** What every answer but a refusal says of itself. */
export const ANSWER_FIELDS = ['content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store', 'x-content-type-options', 'nosniff'];
/** The media types of JSON, as clients write them. */
export const JSON_TYPES = new Set(['application/json', 'application/json; charset=utf-8', 'application/json;charset=utf-8']);

/**
 * Answers the usual request of a route from Node's own request and response: Fastify's objects, hooks and streams cost
 * as much as all of an append's hashing. Whatever is unusual (a query, another media type, a coding, no or too large a
 * Content-Length, a service that is closing) goes the long way, which gives the same answers and every refusal. The guard
 * comes before the body here too, and Node's own limits (headers, time to send a request, idle connections) hold on
 * both ways. Hooks of Fastify do not run: what every request must pass belongs into the guard.
 */
export function takeShortWay(fastify: FastifyInstance, route: ShortRoute): void {
  const { server } = fastify;
  const longWay = server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[];
  let closing = false;
  fastify.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (!closing && isUsual(request, route)) {
      admitAndAnswer(new ShortRequest(request, route), new Reply(response, route.fields, () => closing), route, (take) => readBody(request, take));
    } else for (const listener of longWay) listener.call(server, request, response);
  });
}

function isUsual({ method, url, headers }: IncomingMessage, route: ShortRoute): boolean {
  return url === route.url && method === 'POST' && JSON_TYPES.has(headers['content-type'] ?? '') && headers['content-encoding'] === undefined && lengthOf(headers) <= route.maxBodyBytes;
}

/** Infinity where it is not told; Node has refused what is not a number, and a length beside a transfer coding. */
function lengthOf(headers: IncomingHttpHeaders): number {
  return Number(headers['content-length'] ?? Infinity);
}

/** Where an answer goes. */
export interface AnswerTo {
  send(answer: Answer): void;
  refuse(problem: Problem): void;
}

/**
 * Lets a request in and answers it.
 *
 * @param read hands the body over; called when the request is let in
 */
export function admitAndAnswer(request: GuardedRequest, to: AnswerTo, route: ShortRoute, read: (take: (body: Buffer) => void) => void): void {
  const refuse = (error: unknown): void => to.refuse(problemOf(error, route.say));
  const take = (body: Buffer): void => {
    const caller = request.caller as Caller; // the guard has set it
    const send = (answer: Answer): void => (caller.decided ? to.send(answer) : refuse(undecided(caller, route.say)));
    route.answer(caller, body).then(send, refuse);
  };
  const goOn = (): void => read(take);
  try {
    const admitted = route.admit(request);
    // Known callers are let in without a promise.
    if (admitted === true) goOn();
    else admitted.then(goOn, refuse);
  } catch (error) {
    refuse(error);
  }
}

/** A body that breaks off is never handed on: then nobody waits for an answer. */
function readBody(raw: IncomingMessage, done: (body: Buffer) => void): void {
  let body: Buffer | undefined;
  let more: Buffer[] | undefined;
  raw.on('data', (chunk: Buffer) => {
    if (body === undefined) body = chunk;
    else (more ??= [body]).push(chunk);
  });
  raw.on('end', () => done(more === undefined ? (body ?? Buffer.alloc(0)) : Buffer.concat(more)));
}

class ShortRequest implements GuardedRequest {
  caller?: Caller;
  readonly raw: IncomingMessage;
  private readonly route: ShortRoute;

  constructor(raw: IncomingMessage, route: ShortRoute) {
    this.raw = raw;
    this.route = route;
  }

  get headers(): IncomingHttpHeaders {
    return this.raw.headers;
  }

  get ip(): string {
    return this.route.sourceOf(this.raw);
  }
}

class Reply implements AnswerTo {
  private readonly response: ServerResponse;
  private readonly fields: readonly string[];
  private readonly isClosing: () => boolean;

  constructor(response: ServerResponse, fields: readonly string[], isClosing: () => boolean) {
    this.response = response;
    this.fields = fields;
    this.isClosing = isClosing;
  }

  send({ status, text }: Answer): void {
    this.write(status, [...ANSWER_FIELDS, 'content-length', String(text.length)], text, 'latin1');
  }

  refuse(problem: Problem): void {
    const text = JSON.stringify(problem.document());
    this.write(problem.status, [...Object.entries(problemFields(problem)).flat(), 'content-length', String(Buffer.byteLength(text))], text, 'utf8');
  }

  private write(status: number, fields: string[], text: string, encoding: 'latin1' | 'utf8'): void {
    fields.push(...this.fields);
    // A connection that was kept open while the service closes would keep it from ending.
    if (this.isClosing()) fields.push('connection', 'close');
    this.response.writeHead(status, fields).end(text, encoding);
  }
}
