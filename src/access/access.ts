import { SetMetadata, type CustomDecorator } from '@nestjs/common';
import type { Log } from '../ledger/log.ts';
import type { Action, Resource } from './roles.ts';

/** What a route declares: the action on the resource that its caller must be allowed. */
export interface Declaration {
  action: Action;
  resource: Resource;
}

export const ACCESS = Symbol('access');
export const PUBLIC = Symbol('public');

/** Declares what a route does; the guard lets nobody in to whom no rule allows it. */
export function Access(action: Action, resource: Resource): CustomDecorator<symbol> {
  return SetMetadata(ACCESS, { action, resource } satisfies Declaration);
}

/** Declares that a route is for everybody, or decides by itself, as the resources of a log do that its tenant may open. */
export function Public(): CustomDecorator<symbol> {
  return SetMetadata(PUBLIC, true);
}

/** Who is let in, to which log, and by which rule. */
export interface Caller {
  principal: string;
  role: string;
  rule: string;
  log: Log;
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
