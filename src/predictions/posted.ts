import type { FastifyRequest } from 'fastify';
import { Problem } from '../http/problem.ts';
import { invalidQuery, refuseParameters } from '../http/query-faults.ts';

/** The bytes that were posted. @throws Problem `malformed-json` when there are none */
export function bodyOf(request: FastifyRequest): Buffer {
  // Without a body and a content type, no parser was asked.
  if (request.body instanceof Uint8Array) return request.body as Buffer;
  throw new Problem('malformed-json', 'The request has no body.');
}

/** Whether one record stands on each line of the body (application/x-ndjson). */
export function isLines(request: FastifyRequest): boolean {
  return request.headers['content-type']?.toLowerCase().startsWith('application/x-ndjson') === true;
}

/**
 * Whether `?receipt=true` stands in the query. Anything else there is refused: a misspelt wish must not pass for none.
 *
 * @throws Problem `invalid-query`
 */
export function wantsReceipt(query: unknown): boolean {
  const { receipt, ...others } = query as Record<string, unknown>;
  refuseParameters(others);
  if (receipt === undefined || receipt === 'true') return receipt !== undefined;
  throw invalidQuery([{ at: 'receipt', code: 'isIn', detail: 'is true, or left out' }]);
}
