import { HttpException } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CoreError } from '../core/core-error.ts';
import { AppendError } from '../ledger/append-error.ts';
import { storageFailure } from '../ledger/database-failure.ts';
import { VaultError } from '../vault/vault-error.ts';
import { Problem, type ProblemCode } from './problem.ts';

/** The one place where errors become refusals. What nobody foresaw is said to the log, and to the caller as a number. */
export function problemOf(error: unknown, say: (message: string) => void): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof AppendError) return new Problem(error.code, error.message, { retryAfterMs: error.retryAfterMs });
  const known = ofFramework(error);
  if (known !== undefined) return known;
  const failure = storageFailure(error);
  if (failure !== undefined) return new Problem(failure.code, failure.message, { retryAfterMs: failure.retryAfterMs });
  if (error instanceof VaultError && AWAY.has(error.code)) return new Problem('vault-unavailable', error.message, { retryAfterMs: 1000 });
  const incident = randomUUID();
  say(`incident ${incident}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  // A proof or payload that cannot be made from what the database holds is a finding, not a fault of the caller.
  const code = error instanceof CoreError || error instanceof VaultError ? 'not-verifiable' : 'internal';
  return new Problem(code, `See incident ${incident} in the service's log.`);
}

/** Keys that cannot be had now, and may be had soon. */
const AWAY: ReadonlySet<string> = new Set(['keys-unavailable', 'provider-unavailable', 'provider-refused', 'key-spent']);

const BY_FASTIFY_CODE: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', 'Send less at once, or large inputs by digest and URI.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported-media-type', 'Send application/json, or application/x-ndjson for a batch.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad-request', 'Content-Length does not match the body.'],
  FST_ERR_BAD_URL: ['bad-request', 'The path is not a valid URL path.'],
  FST_ERR_MAX_PARAM_LENGTH: ['url-too-long', 'A part of the path is too long.'],
};

const BY_STATUS: Readonly<Record<number, readonly [ProblemCode, string]>> = {
  403: ['not-found', 'No such resource, or not one that this key may see.'],
  404: ['not-found', 'No such resource, or not one that this key may see.'],
  408: ['request-timeout', 'Send the whole request faster.'],
  413: ['body-too-large', 'Send less at once.'],
  415: ['unsupported-media-type', 'Send application/json, or application/x-ndjson for a batch.'],
};

/** What Fastify or Nest refused before a handler was asked: their messages may repeat what was sent, so ours stand in. */
function ofFramework(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  // Nest wraps Fastify's errors, which alone say which of several they are.
  const cause = error instanceof HttpException && error.cause instanceof Error ? error.cause : error;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const status = error instanceof HttpException ? error.getStatus() : 'statusCode' in error ? Number(error.statusCode) : 0;
  const known = BY_FASTIFY_CODE[code] ?? BY_STATUS[status];
  if (known !== undefined) return new Problem(...known);
  return status >= 400 && status < 500 ? new Problem('bad-request', 'The request is malformed.') : undefined;
}
