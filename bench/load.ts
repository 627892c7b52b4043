// The load generator: a process of its own, so that its work is never counted as a server's.
import { readFileSync } from 'node:fs';
import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection } from './http-connection.ts';
import type { LoadMessage, LoadOptions, LoadResult } from './load-options.ts';
import { appendRequests, readRequests, type Requests } from './requests.ts';

const LONGEST_MICROSECONDS = 600_000_000;

/** A closed loop: each connection sends its next request when the reply to the one before is whole. */
class Load {
  readonly #options: LoadOptions;
  readonly #refusals: ReadonlySet<number>;
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_MICROSECONDS, figures: 3 });
  readonly #sampledIds: string[] = [];
  readonly #tenths: number[] = [];
  #acknowledged = 0;
  #requests = 0;
  #records = 0;
  #refused = 0;
  #measuring = false;
  #stopped = false;
  #underWay = 0;
  #idle: () => void = () => undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#refusals = new Set(options.refusals?.statuses);
  }

  async run(tell: (message: LoadMessage) => void): Promise<LoadResult> {
    const { connections, records, warmSeconds, seconds } = this.#options;
    const drained = new Promise<void>((resolve) => (this.#idle = resolve));
    const begins = await Promise.all(Array.from({ length: connections }, () => this.#open()));
    const clock = setInterval(() => this.#tenths.push(this.#acknowledged), 100);
    for (const begin of begins) begin();
    if (warmSeconds > 0) await sleep(warmSeconds * 1000);
    tell({ phase: 'measuring' });
    const began = performance.now();
    const cpuBefore = process.cpuUsage();
    this.#measuring = true;
    await (records === undefined ? sleep(seconds * 1000) : drained);
    this.#measuring = false;
    const cpu = process.cpuUsage(cpuBefore);
    const took = (performance.now() - began) / 1000;
    tell({ phase: 'measured' });
    this.#stopped = true;
    await drained;
    clearInterval(clock);
    const milliseconds = (percentile: number): number => this.#histogram.percentile(percentile) / 1000;
    return {
      seconds: took, requests: this.#requests, records: this.#records, acknowledged: this.#acknowledged, refused: this.#refused,
      latency: { p50: milliseconds(50), p99: milliseconds(99), p999: milliseconds(99.9), max: this.#histogram.max / 1000 },
      cpu: cpu.user + cpu.system,
      sampledIds: this.#sampledIds,
      tenths: this.#tenths.map((sum, at) => sum - (this.#tenths[at - 1] ?? 0)),
    };
  }

  /** Gives what sends its first request. */
  async #open(): Promise<() => void> {
    const requests = this.#requestsOfOne();
    const { refusals, records: enough = Infinity } = this.#options;
    let sentAt = 0;
    const send = (): void => {
      if (this.#stopped || this.#acknowledged >= enough) {
        // Not kept until the others have their replies: servers close connections that stay silent.
        connection.close();
        this.#underWay -= 1;
        if (this.#underWay === 0) this.#idle();
        return;
      }
      const request = requests.next();
      sentAt = performance.now();
      connection.send(request);
    };
    const onReply = (status: number, text: string): void => {
      if (status >= 200 && status < 300) {
        this.#count(requests, performance.now() - sentAt);
        send();
      } else if (this.#refusals.has(status) && refusals !== undefined) {
        if (this.#measuring) this.#refused += requests.recordsEach;
        setTimeout(send, refusals.pauseMs);
      } else {
        fail(`status ${status}: ${text.slice(0, 500)}`);
      }
    };
    const connection = await openConnection(this.#options.port, onReply, (error) => fail(error.message));
    this.#underWay += 1;
    return send;
  }

  #requestsOfOne(): Requests {
    const { work, key } = this.#options;
    return work.kind === 'append'
      ? appendRequests(work.path, key, work.batch, work.subjects)
      : readRequests(JSON.parse(readFileSync(work.pathsFile, 'utf8')) as string[], key);
  }

  #count(requests: Requests, milliseconds: number): void {
    this.#acknowledged += requests.recordsEach;
    if (!this.#measuring) return;
    this.#requests += 1;
    this.#records += requests.recordsEach;
    this.#histogram.record(Math.min(LONGEST_MICROSECONDS, Math.max(1, Math.round(milliseconds * 1000))));
    this.#sample(requests);
  }

  /** Reservoir sampling (Vitter's algorithm R): each acknowledged request has the same chance. */
  #sample(requests: Requests): void {
    const room = this.#options.sampleIds ?? 0;
    if (room === 0) return;
    const place = this.#sampledIds.length < room ? this.#sampledIds.length : Math.floor(Math.random() * this.#requests);
    if (place < room) this.#sampledIds[place] = requests.lastId();
  }
}

function tellParent(message: LoadMessage, then: () => void = () => undefined): void {
  if (process.send === undefined) throw new Error('the load generator is started by the bench, not by hand');
  process.send(message, then);
}

function fail(reason: string): void {
  tellParent({ phase: 'failed', reason }, () => process.exit(1));
}

const result = await new Load(JSON.parse(process.argv[2] ?? '') as LoadOptions).run(tellParent);
tellParent({ phase: 'done', result }, () => process.exit(0));
