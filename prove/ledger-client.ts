import { ProofFailure } from './proof.ts';
import { predictionOf } from './prediction.ts';

/** Where a prediction was said to stand. */
export interface Place {
  index: number;
  leafHash: string;
}

/** An answer to a POST. */
export interface Posted {
  status: number;
  /** Of a refusal. */
  code: string | undefined;
  place: Place | undefined;
  receipt: string | undefined;
}

/** One caller of a service. */
export class LedgerClient {
  readonly url: string;
  private readonly key: string;

  constructor(url: string, key: string) {
    this.url = url;
    this.key = key;
  }

  /** Posts the prediction of an id. Rejects when there was no answer. */
  async post(id: string, { receipt = false } = {}): Promise<Posted> {
    const response = await fetch(`${this.url}/v1/predictions${receipt ? '?receipt=true' : ''}`, {
      method: 'POST', headers: this.headers('application/json'), body: JSON.stringify(predictionOf(id)),
    });
    const body = (await response.json()) as { index: number; leafHash: string; code?: string; receipt?: object };
    const isTaken = response.status === 200 || response.status === 201;
    return {
      status: response.status,
      code: body.code,
      place: isTaken ? { index: body.index, leafHash: body.leafHash } : undefined,
      receipt: body.receipt === undefined ? undefined : JSON.stringify(body.receipt),
    };
  }

  /** Posts the predictions of many ids, 500 a request; gives one result an id. @throws ProofFailure for a refused request */
  async postMany(ids: readonly string[]): Promise<(Place & { id: string; status: number })[]> {
    const results: (Place & { id: string; status: number })[] = [];
    for (let from = 0; from < ids.length; from += 500) {
      const body = ids.slice(from, from + 500).map((id) => `${JSON.stringify(predictionOf(id))}\n`).join('');
      const response = await fetch(`${this.url}/v1/predictions/batch`, { method: 'POST', headers: this.headers('application/x-ndjson'), body });
      if (response.status !== 200) throw new ProofFailure(`a batch was refused: ${response.status} ${await response.text()}`);
      results.push(...((await response.json()) as { results: typeof results }).results);
    }
    return results;
  }

  /** The body of a GET. @throws ProofFailure for any status but 200 */
  async get(path: string): Promise<Uint8Array> {
    const response = await fetch(`${this.url}${path}`, { headers: this.headers() });
    const body = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200) throw new ProofFailure(`GET ${path}: ${response.status} ${Buffer.from(body).toString('utf8')}`);
    return body;
  }

  async text(path: string): Promise<string> {
    return Buffer.from(await this.get(path)).toString('utf8');
  }

  async json<T>(path: string): Promise<T> {
    return JSON.parse(await this.text(path)) as T;
  }

  /** Every prediction that the log lists: its index by id. @throws ProofFailure when an id is listed twice */
  async list(): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
      const page: { items: { id: string; index: number }[]; next?: string } = await this.json(`/v1/predictions?order=asc&limit=1000&cursor=${cursor}`);
      for (const { id, index } of page.items) {
        if (found.has(id)) throw new ProofFailure(`${id} is listed at ${found.get(id)} and at ${index}`);
        found.set(id, index);
      }
      cursor = page.next;
    }
    return found;
  }

  private headers(type?: string): Record<string, string> {
    return { authorization: `Bearer ${this.key}`, ...(type !== undefined && { 'content-type': type }) };
  }
}
