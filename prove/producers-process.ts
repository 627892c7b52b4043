import { setTimeout as sleep } from 'node:timers/promises';
import { LedgerClient, type Posted } from './ledger-client.ts';

/** What the process is started with, as JSON in its first argument. */
export interface ProducersOptions {
  /** Of each replica, in turns. */
  urls: string[];
  key: string;
  /** Begins every id. */
  prefix: string;
  /** How many post at once. */
  producers: number;
  /** Records to post in all; without it, until told to stop. */
  records?: number;
}

/** What it says at its end; `began` after the first acknowledgement. */
export interface ProducersReport {
  /** id, index and leaf hash of every record, each acknowledged. */
  acknowledged: [id: string, index: number, leafHash: string][];
  /** Acknowledgements by 200: the record had been taken in before, and the answer was lost. */
  repeats: number;
  /** Attempts that got no answer, or one that says to come back. */
  retries: number;
}

// A record is given up only by a refusal that no retry can mend; that ends the process with an error, and so the proof.
const options = JSON.parse(process.argv[2] ?? '') as ProducersOptions;
const clients = options.urls.map((url) => new LedgerClient(url, options.key));
const report: ProducersReport = { acknowledged: [], repeats: 0, retries: 0 };
let started = 0;
let stopped = false;
process.on('message', () => {
  stopped = true;
});

async function produce(number: number): Promise<void> {
  const client = clients[number % clients.length] as LedgerClient;
  for (let i = 0; !stopped && started < (options.records ?? Infinity); i++) {
    started += 1;
    const id = `${options.prefix}-${number}-${i}`;
    const { status, place } = await postUntilTaken(client, id);
    if (place === undefined) throw new Error(`${id} was refused with status ${status}`);
    if (status === 200) report.repeats += 1;
    if (report.acknowledged.push([id, place.index, place.leafHash]) === 1) process.send?.('began');
  }
}

async function postUntilTaken(client: LedgerClient, id: string): Promise<Posted> {
  for (;;) {
    const posted = await client.post(id).catch(() => undefined);
    if (posted !== undefined && posted.status < 500 && posted.status !== 429) return posted;
    report.retries += 1;
    await sleep(20 + Math.random() * 60);
  }
}

await Promise.all(Array.from({ length: options.producers }, (_, number) => produce(number)));
process.send?.(report, () => process.disconnect());
