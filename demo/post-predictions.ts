import { setTimeout as sleep } from 'node:timers/promises';
import { isJsonObject, type JsonObject } from './json-object.ts';
import { placed, type Answer, type LedgerClient, type Placed } from './ledger-client.ts';
import { must, type Progress } from './narrator.ts';
import type { Prediction } from './prediction.ts';

export interface Posted {
  placed: Placed[];
  /** Wall-clock milliseconds for all of them. */
  elapsed: number;
  /** Median milliseconds from a request to its answer. */
  median: number;
}

/** 429: more waits than a small machine commits in a second. A producer waits and posts again; nothing was taken in. */
const BUSY = 429;
const PAUSE_MS = 1_000;
const PATIENCE = 30;

/** Posts predictions one a request, `connections` requests at a time. Each must be answered 201. */
export async function postSingly(
  client: LedgerClient, key: string, predictions: readonly Prediction[], connections: number, progress: Progress,
): Promise<Posted> {
  return postAll(predictions, connections, async (prediction) => {
    const body = JSON.stringify(prediction);
    const post = (): Promise<Answer> => client.post('/v1/predictions', key, 'application/json', body);
    let answer = await post();
    for (let again = 0; answer.status === BUSY && again < PATIENCE; again++) {
      await sleep(PAUSE_MS);
      answer = await post();
    }
    must(answer.status === 201, `POST of ${prediction.id} answered ${answer.status}: ${answer.text}`);
    progress.advance(1);
    return [placed(answer.json)];
  });
}

/** Posts predictions as NDJSON, `batchSize` a request, one request after another. Each record must be answered 201. */
export async function postInBatches(
  client: LedgerClient, key: string, predictions: readonly Prediction[], batchSize: number, progress: Progress,
): Promise<Posted> {
  const batches: Prediction[][] = [];
  for (let from = 0; from < predictions.length; from += batchSize) {
    batches.push(predictions.slice(from, from + batchSize));
  }
  return postAll(batches, 1, async (batch) => {
    const all: Placed[] = [];
    let waiting = batch;
    for (let again = 0; waiting.length > 0 && again <= PATIENCE; again++) {
      if (again > 0) await sleep(PAUSE_MS);
      const results = await postBatch(client, key, waiting);
      const refused = results.find(({ status }) => status !== 201 && status !== BUSY);
      must(refused === undefined, `a record of a batch was answered ${JSON.stringify(refused)}`);
      const taken = results.filter(({ status }) => status === 201).map(placed);
      all.push(...taken);
      progress.advance(taken.length);
      waiting = waiting.filter((_, i) => results[i]?.['status'] === BUSY);
    }
    must(waiting.length === 0, `the service was too busy for ${waiting.length} records of a batch`);
    return all;
  });
}

/** One batch; its results in the order of its records. */
async function postBatch(client: LedgerClient, key: string, batch: readonly Prediction[]): Promise<JsonObject[]> {
  const lines = batch.map((prediction) => `${JSON.stringify(prediction)}\n`).join('');
  const answer = await client.post('/v1/predictions/batch', key, 'application/x-ndjson', lines);
  must(answer.status === 200, `a batch answered ${answer.status}: ${answer.text}`);
  const results = Array.isArray(answer.json['results']) ? answer.json['results'].filter(isJsonObject) : [];
  must(results.length === batch.length, `a batch of ${batch.length} got ${results.length} results`);
  return results;
}

async function postAll<T>(items: readonly T[], workers: number, post: (item: T) => Promise<Placed[]>): Promise<Posted> {
  const started = performance.now();
  const durations: number[] = [];
  const all: Placed[] = [];
  const queue = items.values(); // shared: each worker takes the next item that nobody has
  const work = async (): Promise<void> => {
    for (const item of queue) {
      const sent = performance.now();
      all.push(...(await post(item)));
      durations.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  const elapsed = performance.now() - started;
  durations.sort((a, b) => a - b);
  return { placed: all, elapsed, median: durations[Math.floor(durations.length / 2)] ?? 0 };
}
