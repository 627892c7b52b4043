import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Limits } from '../settings.ts';
import { PROBLEM_MEDIA_TYPE, Problem } from './problem.ts';
import { problemOf } from './problem-of.ts';
import { sendProblem } from './problem.filter.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 72_000;

/** Fastify as this service needs it: bodies as bytes, everything bounded, every refusal a problem document. */
export function createAdapter(limits: Limits, say: (message: string) => void): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: Math.max(limits.maxBodyBytes, limits.maxBatchBytes),
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.requestTimeoutMs * 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    routerOptions: { maxParamLength: limits.maxUrlLength, ignoreTrailingSlash: false, caseSensitive: true },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => sendProblem(reply, problemOf(error, say)),
    clientErrorHandler: (error, socket) => {
      if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
      socket.end(rawProblem(clientProblem(error.code)));
    },
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  // Bytes, not objects: what is refused is refused from the raw text, and each route knows how to read it.
  fastify.addContentTypeParser(['application/json', 'application/x-ndjson'], { parseAs: 'buffer' }, (_request: FastifyRequest, body: Buffer, done: (error: Error | null, body: Buffer) => void) =>
    done(null, body),
  );
  fastify.addHook('onRequest', (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void) => {
    done(request.url.length > limits.maxUrlLength ? new Problem('url-too-long', `Path and query are at most ${limits.maxUrlLength} characters.`) : undefined);
  });
  return adapter;
}

function clientProblem(code: string | undefined): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request-timeout', 'Send the whole request faster.');
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('bad-request', `The header fields are larger than ${MAX_HEADER_BYTES} bytes.`);
  return new Problem('bad-request', 'That is not HTTP/1.1.');
}

/** A problem for a peer whose request could not be parsed, so that there is no reply object. */
function rawProblem(problem: Problem): string {
  const body = JSON.stringify(problem.document());
  return `HTTP/1.1 ${problem.status} ${problem.status === 408 ? 'Request Timeout' : 'Bad Request'}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}
