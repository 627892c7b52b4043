import type { LedgerClient, Placed } from './ledger-client.ts';
import { placed } from './ledger-client.ts';
import { must, type Progress } from './narrator.ts';
import type { Prediction } from './prediction.ts';

export interface Posted {
  placed: Placed[];
  /** Wall-clock milliseconds for all of them. */
  elapsed: number;
  /** Median milliseconds from a request to its answer. */
  median: number;
}

/** Posts predictions one a request, `connections` requests at a time. Each must be answered 201. */
export async function postSingly(
  client: LedgerClient, key: string, predictions: readonly Prediction[], connections: number, progress: Progress,
): Promise<Posted> {
  return postAll(predictions, connections, async (prediction) => {
    const answer = await client.post('/v1/predictions', key, 'application/json', JSON.stringify(prediction));
    must(answer.status === 201, `POST of ${prediction.id} answered ${answer.status}: ${answer.text}`);
    progress.advance(1);
    return [placed(answer.json)];
  });
}

/** Posts predictions as NDJSON, `batchSize` a request, one request after the other. Each record must be answered 201. */
export async function postInBatches(
  client: LedgerClient, key: string, predictions: readonly Prediction[], batchSize: number, progress: Progress,
): Promise<Posted> {
  const batches: Prediction[][] = [];
  for (let from = 0; from < predictions.length; from += batchSize) batches.push(predictions.slice(from, from + batchSize));
  return postAll(batches, 1, async (batch) => {
    const lines = batch.map((prediction) => `${JSON.stringify(prediction)}\n`).join('');
    const answer = await client.post('/v1/predictions/batch', key, 'application/x-ndjson', lines);
    must(answer.status === 200, `a batch answered ${answer.status}: ${answer.text}`);
    const { results } = answer.json;
    must(Array.isArray(results) && results.length === batch.length, `a batch of ${batch.length} got other results`);
    for (const [i, result] of results.entries()) {
      must(result?.status === 201, `record ${i} of a batch: ${JSON.stringify(result)}`);
    }
    progress.advance(batch.length);
    return results.map(placed);
  });
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
  durations.sort((a, b) => a - b);
  return { placed: all, elapsed: performance.now() - started, median: durations[Math.floor(durations.length / 2)] ?? 0 };
}
