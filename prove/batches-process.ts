import { setTimeout as sleep } from 'node:timers/promises';
import { predictionOf } from './prediction.ts';

/** What the process is started with, as JSON in its first argument. */
export interface BatchesOptions {
  url: string;
  key: string;
  /** Begins every id. */
  prefix: string;
  connections: number;
  /** Predictions a request; 1: by the path for single ones. */
  batch: number;
  /** How many predictions in all; without it, until told to stop. */
  records?: number;
  /** Number of the first one: ids, subjects and the producer's own numbers follow from it. */
  first: number;
  /** Over so many data subjects, in turns. */
  subjects: number;
}

const TELL_MS = 250;
const options = JSON.parse(process.argv[2] ?? '') as BatchesOptions;
const { url, key, prefix, connections, batch, records = Infinity, first, subjects } = options;
const path = batch === 1 ? '/v1/predictions' : '/v1/predictions/batch';
const headers = { authorization: `Bearer ${key}`, 'content-type': batch === 1 ? 'application/json' : 'application/x-ndjson' };
let started = 0;
let taken = 0;
let stopped = false;
process.on('message', () => {
  stopped = true;
});

async function send(): Promise<void> {
  while (!stopped && started < records) {
    const from = started;
    started = Math.min(records, started + batch);
    const lines: string[] = [];
    for (let n = from; n < started; n++) lines.push(JSON.stringify({ ...predictionOf(`${prefix}-${n}`), subject: `person-${(first + n) % subjects}`, producer: { seq: first + n + 1 } }));
    await post(lines.join('\n'));
    taken += lines.length;
  }
}

async function post(body: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body });
    const text = await response.text();
    if (response.ok && (batch === 1 || !/"status":[45]/.test(text))) return;
    // Full for the moment: what was taken of it is known when it comes again.
    if (response.status !== 429 && response.status !== 503 && !/"status":(?:429|503)/.test(text)) throw new Error(`predictions were refused: ${response.status} ${text.slice(0, 300)}`);
    await sleep(50);
  }
}

const clock = setInterval(() => process.send?.(taken), TELL_MS);
await Promise.all(Array.from({ length: connections }, send));
clearInterval(clock);
process.send?.(taken, () => process.disconnect());
