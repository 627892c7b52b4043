import type { JsonValue } from '../core/json-value.ts';
import { readJson } from '../http/posted-json.ts';
import { Problem } from '../http/problem.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_DEPTH = 32;

/** What a scoring endpoint answers. */
export interface Scored {
  output: { [name: string]: JsonValue };
  decision?: { outcome?: JsonValue };
  /** The model version that scored. */
  version?: string;
}

/**
 * Hands inputs to a scoring endpoint: one POST, no redirect followed, an answer of at most a mebibyte, in time.
 *
 * @throws Problem `endpoint-failed`: what went wrong, and never what was answered
 */
export async function askEndpoint(url: string, body: JsonValue, timeoutMs: number): Promise<Scored> {
  let bytes: Uint8Array;
  try {
    const response = await fetch(url, {
      method: 'POST', redirect: 'manual', headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw failed(`answered with the status ${response.status}`);
    }
    bytes = await read(response);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw failed(error instanceof Error && error.name === 'TimeoutError' ? `did not answer within ${timeoutMs} ms` : 'cannot be reached');
  }
  const answer = parse(bytes);
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer) || typeof answer['output'] !== 'object' || answer['output'] === null) throw failed('gave an answer without an object `output`');
  return answer as unknown as Scored;
}

function parse(bytes: Uint8Array): JsonValue {
  try {
    return readJson(bytes, MAX_DEPTH);
  } catch {
    throw failed('gave an answer that is not JSON');
  }
}

async function read(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop cancels the rest.
    if (length > MAX_ANSWER_BYTES) throw failed(`gave an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function failed(what: string): Problem {
  return new Problem('endpoint-failed', `The scoring endpoint ${what}. Nothing was recorded but that the inputs were read.`);
}
