import { isUtf8 } from 'node:buffer';
import type { ValidateFunction } from 'ajv';
import type { FastifyRequest } from 'fastify';
import { CoreError } from '../core/core-error.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parseStrictJson } from '../core/strict-json.ts';
import { formFaults } from './form-faults.ts';
import { Problem } from './problem.ts';
import { refuseParameters } from './query-faults.ts';

/** Levels of nesting in what administers the service: nothing there is deeper. */
const MAX_DEPTH = 8;

/** The bytes that were posted. @throws Problem `malformed-json` when there are none */
export function bodyOf(request: FastifyRequest): Buffer {
  // Without a body and a content type, no parser was asked.
  if (request.body instanceof Uint8Array) return request.body as Buffer;
  throw new Problem('malformed-json', 'The request has no body.');
}

/** Strict JSON: no key twice, no number that a double cannot hold. @throws Problem `malformed-json`, `invalid-json` */
export function readJson(bytes: Uint8Array, maxDepth: number): JsonValue {
  if (!isUtf8(bytes)) throw new Problem('malformed-json', 'The record is not valid UTF-8.', { errors: [{ at: '', code: 'encoding-utf8', detail: 'send JSON as UTF-8' }] });
  try {
    return parseStrictJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'), { maxDepth });
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    const code = error.code === 'json-syntax' ? 'malformed-json' : 'invalid-json';
    throw new Problem(code, error.message, { errors: [{ at: error.at ?? '', code: error.code, detail: error.message }] });
  }
}

/**
 * The posted body of a route that takes no query, of the form that a closed schema gives.
 *
 * @throws Problem `malformed-json`, `invalid-json`, `invalid-body` with every fault, `invalid-query`
 */
export function readPosted<T>(request: FastifyRequest, validate: ValidateFunction<T>): T {
  refuseParameters(request.query);
  // Without a body nothing is asked for; whether that is enough is the schema's matter.
  const body: unknown = request.body === undefined || request.body === null ? {} : readJson(bodyOf(request), MAX_DEPTH);
  if (validate(body)) return body;
  throw new Problem('invalid-body', 'The body does not have the form that this takes; see errors for every place.', { errors: formFaults(validate.errors, 'is not known here: remove it') });
}
