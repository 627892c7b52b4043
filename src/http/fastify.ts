import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Limits, Settings } from '../settings.ts';
import { AllowedMethods } from './allowed-methods.ts';
import { Problem } from './problem.ts';
import { problemOf } from './problem-of.ts';
import { invalidQuery } from './query-faults.ts';
import { sendProblem } from './problem.filter.ts';
import { readSecureOptions } from './transport.ts';
import { TrustedProxies } from './trusted-proxies.ts';
import { answerUnreadable } from './unreadable-request.ts';

/** Room for the header fields, beside the request line. */
const MAX_HEADER_BYTES = 16 * 1024;
/** How long a connection may be idle. */
export const KEEP_ALIVE_MS = 72_000;

/** On a route's `config`: its body may be as large as a batch. */
export const BATCH_BODY = { takesBatch: true };

/** What of the settings the server's side of HTTP depends on. */
export type TransportSettings = Pick<Settings, 'limits' | 'tls' | 'hstsMaxAge' | 'trustedProxies'>;

/**
 * Fastify as this service needs it: bodies as bytes, everything bounded, every refusal a problem document.
 *
 * @param onUnreadable told of each request that could not be read as one
 */
export function createAdapter({ limits, tls, hstsMaxAge, trustedProxies }: TransportSettings, say: (message: string) => void, onUnreadable: () => void): FastifyAdapter {
  const maxHeaderSize = limits.maxUrlLength + MAX_HEADER_BYTES;
  const proxies = new TrustedProxies(trustedProxies);
  const http = {
    maxHeaderSize,
    // Node swaps the two timeouts where this one, 60 s unless said, is the longer; and it looks for late requests only so often.
    headersTimeout: Math.min(limits.requestTimeoutMs, 60_000),
    connectionsCheckingInterval: Math.min(Math.ceil(limits.requestTimeoutMs / 4), 5000),
  };
  const adapter = new FastifyAdapter({
    // Whose word on where a request came from counts; without any, the connection's own address does.
    trustProxy: proxies.isEmpty ? false : (address: string) => proxies.has(address),
    bodyLimit: limits.maxBodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.requestTimeoutMs * 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(tls === undefined ? { http } : { https: { ...http, ...readSecureOptions(tls) } }),
    routerOptions: { maxParamLength: limits.maxUrlLength, ignoreTrailingSlash: false, caseSensitive: true },
    forceCloseConnections: 'idle',
    // While it closes, what comes on open connections is still answered as ever, and the connection ended after it.
    return503OnClosing: false,
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      onUnreadable();
      sendProblem(reply, problemOf(error, say));
    },
    clientErrorHandler: (error, socket) => {
      onUnreadable();
      answerUnreadable(error, socket, maxHeaderSize);
    },
  });
  const fastify = adapter.getInstance();
  takeBytes(fastify, limits);
  guardRequests(fastify, limits, tls === undefined ? undefined : `max-age=${hstsMaxAge}`);
  return adapter;
}

/** Bytes, not objects: what is refused is refused from the raw text, and each route knows how to read it. */
function takeBytes(fastify: FastifyInstance, limits: Limits): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(['application/json', 'application/x-ndjson'], { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer, done: (error: Error | null, body?: Buffer) => void) => {
    const coding = request.headers['content-encoding'] ?? 'identity';
    // JSON is UTF-8 (RFC 8259, section 8.1); what says that it is something else is read in two ways by two readers.
    const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    if (charset.toLowerCase() !== 'utf-8') done(new Problem('unsupported-media-type', 'Send the body as UTF-8.'));
    else if (coding === 'identity') done(null, body);
    else done(new Problem('unsupported-media-type', 'Send the body as it is, without a Content-Encoding.'));
  });
  fastify.addHook('onRoute', (route) => {
    if (route.config !== undefined && 'takesBatch' in route.config) route.bodyLimit = limits.maxBatchBytes;
  });
}

/** What every request must pass, and every answer carries, whatever the route. */
function guardRequests(fastify: FastifyInstance, { maxUrlLength }: Limits, hsts: string | undefined): void {
  const allowed = new AllowedMethods();
  fastify.addHook('onRoute', (route) => allowed.add(route.url, route.method));
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
    // Answers are the caller's alone unless a route says otherwise.
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    if (hsts !== undefined) reply.header('strict-transport-security', hsts);
    if (request.url.length > maxUrlLength) return done(new Problem('url-too-long', `Path and query are at most ${maxUrlLength} characters.`));
    // The checks of queries take a name that every object inherits for one that they know.
    const inherited = Object.keys(request.query as object).filter((name) => name in Object.prototype);
    if (inherited.length > 0) return done(invalidQuery(inherited.map((at) => ({ at, code: 'unknown', detail: 'is not a parameter here' }))));
    const methods = request.is404 ? allowed.of(request.url) : '';
    if (methods === '') return done();
    reply.header('allow', methods);
    done(new Problem('method-not-allowed', `The resource takes ${methods}.`));
  });
}
