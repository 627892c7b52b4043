import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { SetMetadata, type CustomDecorator } from '@nestjs/common';
import type { Caller } from './caller.ts';
import { TRACED, type Action, type ActionOn, type Resource } from './catalogue.ts';

/** What a route declares: the action on the resource that its caller must be allowed. */
export interface Declaration {
  readonly action: Action;
  readonly resource: Resource;
  /**
   * Whether the handler decides on each thing that it finds (`Caller.decide`, `Caller.rows`), where a rule's conditions ask
   * for it. Where it does not, the guard decides on what it knows, and a rule that looks at more does not allow.
   */
  readonly each: boolean;
  /**
   * What an answer leaves behind: `entry`, which the handler makes (`AccessTrail.allowed`) before it gives its answer; a
   * count; or nothing, where what is seen is as good as public, or is an entry already.
   */
  readonly trace: 'entry' | 'count' | 'none';
}

export const ACCESS = Symbol('access');
export const PUBLIC = Symbol('public');

/** Declares what a route does; the guard lets nobody in to whom no rule allows it. */
export function Access<R extends Resource>(action: ActionOn<R>, resource: R, { each } = { each: false }): CustomDecorator<symbol> {
  return SetMetadata(ACCESS, { action, resource, each, trace: traceOf(action, resource) } satisfies Declaration);
}

/** Given by what the route does, so that nobody can forget to say it. */
function traceOf(action: Action, resource: Resource): Declaration['trace'] {
  if (TRACED.some(([act, on]) => act === action && on === resource)) return 'entry';
  return action === 'list' ? 'count' : 'none';
}

/** Declares that a route is for everybody, or decides by itself, as the resources of a log do that its tenant may open. */
export function Public(): CustomDecorator<symbol> {
  return SetMetadata(PUBLIC, true);
}

/** What the guard sees of a request. A Fastify request is one, and so is one that is answered without Fastify. */
export interface GuardedRequest {
  readonly headers: IncomingHttpHeaders;
  /** The address that it comes from. */
  readonly ip: string;
  readonly raw: Pick<IncomingMessage, 'socket'>;
  /** Set when it is let in. */
  caller?: Caller;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guard on every route that is not public. */
    caller?: Caller;
  }
}

/** The caller of a guarded route. */
export function callerOf(request: { caller?: Caller }): Caller {
  if (request.caller === undefined) throw new Error('the route has no guard');
  return request.caller;
}
