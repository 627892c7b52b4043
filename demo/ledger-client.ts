import { isJsonObject, parseObject, type JsonObject } from './json-object.ts';
import { DemoFailure } from './narrator.ts';

/** An answer of the service: the status and the body, as text and (where it is JSON) as members. */
export interface Answer {
  status: number;
  text: string;
  json: JsonObject;
}

/** Where one prediction went, as the answer to its POST says. */
export interface Placed {
  id: string;
  index: number;
}

/** The few requests of the HTTP API that the demo makes. */
export class LedgerClient {
  readonly #url: string;
  readonly #signal: AbortSignal;

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  async post(path: string, key: string, contentType: string, body: string): Promise<Answer> {
    const headers = { authorization: `Bearer ${key}`, 'content-type': contentType };
    const response = await fetch(this.#url + path, { method: 'POST', headers, body, signal: this.#signal });
    return answerOf(response);
  }

  async get(path: string, key: string): Promise<Answer> {
    const headers = { authorization: `Bearer ${key}` };
    const response = await fetch(this.#url + path, { headers, signal: this.#signal });
    return answerOf(response);
  }

  /** A resource of the open log, with no key at all. Throws DemoFailure for any status but 200. */
  async resource(path: string): Promise<Uint8Array> {
    const response = await fetch(this.#url + path, { signal: this.#signal });
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200) throw new DemoFailure(`GET ${path} answered ${response.status}`);
    return body;
  }
}

/** Reads `{id, index}` out of an answer, or of one result of a batch. Throws DemoFailure if they are not there. */
export function placed(json: unknown): Placed {
  const { id, index } = isJsonObject(json) ? json : {};
  if (typeof id !== 'string' || typeof index !== 'number') {
    throw new DemoFailure(`no id and index in the answer: ${JSON.stringify(json).slice(0, 500)}`);
  }
  return { id, index };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, text, json: parseObject(text) };
}
