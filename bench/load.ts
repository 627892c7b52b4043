// The load generator: a process of its own, so that its work is never counted as a server's.
import { readFileSync } from 'node:fs';
import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openConnection } from './http-connection.ts';
import type { LoadMessage, LoadOptions, LoadResult } from './load-options.ts';
import { countRefused } from './refused.ts';
import { appendRequests, readRequests, type Requests } from './requests.ts';

const LONGEST_MICROSECONDS = 600_000_000;
/** Opened at once: fewer than a listening socket keeps waiting. */
const WAVE = 128;

/** A closed loop: each connection sends its next request when the reply to the one before is whole. */
class Load {
  readonly #options: LoadOptions;
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_MICROSECONDS, figures: 3 });
  readonly #sampledIds: string[] = [];
  readonly #tenths: number[] = [];
  #acknowledged = 0;
  #requests = 0;
  #records = 0;
  #refused = 0;
  #unanswered = 0;
  #measuring = false;
  #stopped = false;
  #underWay = 0;
  #idle: () => void = () => undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  async run(tell: (message: LoadMessage) => void): Promise<LoadResult> {
    const { records, warmSeconds, seconds } = this.#options;
    const drained = new Promise<void>((resolve) => (this.#idle = resolve));
    const clock = setInterval(() => this.#tenths.push(this.#acknowledged), 100);
    const beginning = this.#beginAll();
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
    await Promise.all([beginning, drained]);
    clearInterval(clock);
    const milliseconds = (percentile: number): number => this.#histogram.percentile(percentile) / 1000;
    return {
      seconds: took, requests: this.#requests, records: this.#records, acknowledged: this.#acknowledged, refused: this.#refused,
      unanswered: this.#unanswered,
      latency: { p50: milliseconds(50), p99: milliseconds(99), p999: milliseconds(99.9), max: this.#histogram.max / 1000 },
      cpu: cpu.user + cpu.system,
      sampledIds: this.#sampledIds,
      tenths: this.#tenths.map((sum, at) => sum - (this.#tenths[at - 1] ?? 0)),
    };
  }

  /** Each connection begins with its wave: servers do not wait long for the first request. */
  async #beginAll(): Promise<void> {
    for (let opened = 0; opened < this.#options.connections && !this.#stopped; opened += WAVE) {
      const wave = Math.min(WAVE, this.#options.connections - opened);
      this.#underWay += wave;
      await Promise.all(Array.from({ length: wave }, () => this.#open(this.#requestsOfOne())));
    }
  }

  /** Opens a connection and sends its first request. A failure is told by `onFailure` alone. */
  async #open(requests: Requests): Promise<void> {
    const { refusals, records: enough = Infinity } = this.#options;
    let sentAt: number | undefined;
    const send = (): void => {
      if (this.#stopped || this.#acknowledged >= enough) {
        // Not kept until the others have their replies: servers close connections that stay silent.
        connection?.close();
        return this.#finish();
      }
      const request = requests.next();
      sentAt = performance.now();
      connection?.send(request);
    };
    let pause: NodeJS.Timeout | undefined;
    const onReply = (status: number, text: string): void => {
      const refused = countRefused(status, text, requests.recordsEach, refusals?.statuses ?? []);
      if (refused === undefined) return fail(`status ${status}: ${text.slice(0, 500)}`);
      this.#count(requests, refused, performance.now() - (sentAt ?? 0));
      sentAt = undefined;
      if (refused === 0) send();
      else pause = setTimeout(send, refusals?.pauseMs);
    };
    const onFailure = (error: Error): void => {
      if (refusals === undefined) return fail(error.message);
      if (sentAt !== undefined) this.#unanswered += requests.recordsEach;
      clearTimeout(pause);
      if (this.#stopped) return this.#finish();
      setTimeout(() => void this.#open(requests), refusals.pauseMs);
    };
    const connection = await openConnection(this.#options.port, onReply, onFailure).catch(() => undefined);
    if (connection !== undefined) send();
  }

  /** One connection has done its work. */
  #finish(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#idle();
  }

  #requestsOfOne(): Requests {
    const { work, key } = this.#options;
    return work.kind === 'append'
      ? appendRequests(work.path, key, work.batch, work.subjects)
      : readRequests(JSON.parse(readFileSync(work.pathsFile, 'utf8')) as string[], key);
  }

  #count(requests: Requests, refused: number, milliseconds: number): void {
    const accepted = requests.recordsEach - refused;
    this.#acknowledged += accepted;
    if (!this.#measuring) return;
    this.#requests += 1;
    this.#records += accepted;
    this.#refused += refused;
    // A refusal is quick; counted among the latencies it would flatter them.
    if (accepted > 0) this.#histogram.record(Math.min(LONGEST_MICROSECONDS, Math.max(1, Math.round(milliseconds * 1000))));
    const { sampleShare = 0 } = this.#options;
    if (sampleShare === 0 || refused > 0) return;
    for (let record = 0; record < accepted; record += 1) {
      if (Math.random() < sampleShare) this.#sampledIds.push(requests.idOf(record));
    }
  }
}

function tellParent(message: LoadMessage, then: () => void = () => undefined): void {
  if (process.send === undefined) throw new Error('the load generator is started by the bench, not by hand');
  process.send(message, then);
}

function fail(reason: string): void {
  tellParent({ phase: 'failed', reason }, () => process.exit(1));
}

process.once('disconnect', () => process.exit(1));
const result = await new Load(JSON.parse(process.argv[2] ?? '') as LoadOptions).run(tellParent);
tellParent({ phase: 'done', result }, () => process.exit(0));
