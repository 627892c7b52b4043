import type { FastifyRequest } from 'fastify';
import { invalidQuery, refuseParameters } from '../http/query-faults.ts';

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
