import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openPromise } from 'yauzl';
import { Batches } from './batches.ts';
import { runProgram } from './child-processes.ts';
import { LedgerClient } from './ledger-client.ts';
import { freePort, LedgerService } from './ledger-service.ts';
import { MemoryWatch } from './memory-watch.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';
import { vkeyOf } from './public-log.ts';

const MOST_MB = 400;
const LEAST_RATE = 0.8;
/** How much longer than in a line with its rows a bundle may take. */
const LINE = 1.25;
/** Predictions by a version that nobody approved, in the middle of the log. */
const UNAPPROVED = 7;
const FULL = 1_000_000;
const SMALL = 4000;
const SERVED = 'populations/served-versions/envelope.json';

interface Bundle {
  id: string;
  state: string;
  size: number;
  digest: string;
  length: number;
  progress: { stage: string; entries: number; rows: number };
}

interface Envelope {
  rowCount: number;
  exceptions: { count: number };
}

export const evidence: Proof = {
  name: 'evidence',
  claim:
    `A bundle of a log of one million predictions: the service’s process holds under ${MOST_MB} MB while it is made, its time grows in a line with the log, appends meanwhile keep ${LEAST_RATE * 100} % of their rate, a kill -9 in the middle loses seconds, ` +
    'every prediction is a row, the planted exceptions are found and no others, and the verifier in the bundle finds all of it valid.',
  async run(context) {
    const records = Number(process.env['PROVE_EVIDENCE_RECORDS'] ?? (context.small ? SMALL : FULL));
    const bench = await Bench.start(context, records);
    try {
      await context.step('bundles of a growing log', () => bench.growing());
      await context.step('beside appends', () => bench.besideAppends());
      await context.step('kill -9 in the middle', () => bench.killed());
    } finally {
      await bench.close();
    }
  },
};

/** One service with one log that grows, and the bundles that are made of it. */
class Bench {
  private readonly context: ProofContext;
  private readonly service: LedgerService;
  private readonly records: number;
  private taken = 0;
  /** The bundle of the whole log, made without a kill. */
  private whole: Bundle | undefined;
  private rounds = 0;

  private constructor(context: ProofContext, records: number, service: LedgerService) {
    this.context = context;
    this.records = records;
    this.service = service;
  }

  static async start(context: ProofContext, records: number): Promise<Bench> {
    const service = new LedgerService({ dataDir: join(context.folder, 'data'), port: await freePort() });
    service.start();
    await service.ready();
    const bench = new Bench(context, records, service);
    const digest = `sha256:${'0'.repeat(64)}`;
    const version = { version: '3.2.0', artifact: { digest }, training: [{ name: 'set', version: '1', digest }], evaluation: [{ name: 'set', version: '2', digest }], code: { repository: 'git:models', commit: 'c0de' }, intendedUse: 'To be proved.', owner: 'risk' };
    await bench.must('POST', '/v1/models/credit-risk/versions', 'model-approver', version);
    await bench.must('POST', '/v1/models/credit-risk/versions/3.2.0/approvals', 'model-approver-2', { decision: 'approve', reason: 'as it was judged' });
    return bench;
  }

  /** Bundles of a quarter, a half, and all of the predictions, while nothing else is asked of the service. */
  async growing(): Promise<Figures> {
    const figures: Figures = {};
    let before: number | undefined;
    for (const part of this.context.small ? [1] : [0.25, 0.5, 1]) {
      const predictions = this.records * part;
      const filled = await this.fill(predictions);
      const { bundle, seconds, most } = await this.alone();
      // What does not grow with the log, as the PDF, makes the smaller one longer.
      mustHold(before === undefined || this.context.small || seconds <= before * 2 * LINE, `twice as much took ${seconds.toFixed(1)} s, and half of it ${before?.toFixed(1)} s`);
      before = seconds;
      this.whole = bundle;
      const checked = await this.verified(bundle, predictions);
      this.context.say(`${predictions} predictions: handed in at ${filled} a second; a bundle in ${seconds.toFixed(1)} s, ${most} MB at most; verified in ${checked} s`);
      Object.assign(figures, { [`s for ${predictions}`]: seconds.toFixed(1), [`most MB for ${predictions}`]: most, [`s to verify ${predictions}`]: checked });
      if (part === 1) Object.assign(figures, { 'entries a second': Math.round(bundle.size / seconds), rows: bundle.progress.rows, 'zip in MB': Math.ceil(bundle.length / 1e6), 'handed in a second': filled });
    }
    return figures;
  }

  /** Hands in what lacks of so many predictions. Gives how many a second. */
  private async fill(to: number): Promise<number> {
    const began = performance.now();
    const isFirst = this.taken === 0;
    const more = to - this.taken;
    if (more <= 0) return 0;
    const batches = await this.batches(3, 500, more);
    mustHold((await batches.finished()) === more, 'not every prediction was acknowledged');
    const seconds = (performance.now() - began) / 1000;
    for (let n = 0; isFirst && n < UNAPPROVED; n++) {
      const unapproved = { id: `unapproved-${n}`, model: 'credit-risk', version: '9', inputs: { age: 40, income: 1000 }, output: { score: 0.2, label: 'repaid' }, decision: { outcome: 'accepted', threshold: 0.7, reasons: ['score'] } };
      await this.must('POST', '/v1/predictions', 'producer', unapproved);
    }
    return Math.round(more / seconds);
  }

  private async alone(): Promise<{ bundle: Bundle; seconds: number; most: number }> {
    const watch = await MemoryWatch.of(this.service.pid);
    const began = performance.now();
    const bundle = await this.made(await this.ask());
    const seconds = (performance.now() - began) / 1000;
    const most = watch.end();
    mustHold(most < MOST_MB, `the service held ${most} MB`);
    return { bundle, seconds, most };
  }

  /** Single predictions, with and without a bundle under way, in turns. */
  async besideAppends(): Promise<Figures> {
    await this.fill(this.records);
    const [warm, stretch, turns] = this.context.small ? [0.5, 1, 1] : [5, 15, 3];
    const load = await this.batches(16, 1);
    const watch = await MemoryWatch.of(this.service.pid);
    const rates: { without: number[]; beside: number[] } = { without: [], beside: [] };
    try {
      await sleep(warm * 1000);
      for (let turn = 0; turn < turns; turn++) {
        rates.without.push(await load.rate(stretch));
        const id = await this.ask();
        await this.until(id, ({ state }) => state === 'running');
        rates.beside.push(await load.rate(stretch));
        mustHold((await this.look(id)).state === 'running', 'the bundle was made before its effect could be measured');
        await this.must('DELETE', `/v1/evidence/${id}`, 'compliance-officer');
        await sleep(1000);
      }
      rates.without.push(await load.rate(stretch));
    } finally {
      await load.stop().catch(() => load.kill());
    }
    const [without, beside] = [mean(rates.without), mean(rates.beside)];
    const kept = beside / without;
    // A short stretch on a machine that does other things says little.
    mustHold(kept >= (this.context.small ? 0.25 : LEAST_RATE), `appends kept ${(kept * 100).toFixed(0)} % of their rate`);
    const most = watch.end();
    mustHold(most < MOST_MB, `the service held ${most} MB`);
    return { 'appends a second without': Math.round(without), 'beside a bundle': Math.round(beside), 'kept in %': Math.round(kept * 100), 'most MB': most };
  }

  /** The process dies in the middle; the next one goes on, and nothing of the bundle is lost. */
  async killed(): Promise<Figures> {
    await this.fill(this.records);
    // Where an earlier run has shown what comes before.
    const whole = (this.whole ??= await this.made(await this.ask()));
    const { size } = whole;
    const id = await this.ask(size);
    await this.until(id, ({ state }) => state === 'running');
    const half = await this.until(id, ({ state, progress: { stage, entries } }) => state === 'made' || !['waiting', 'gathering'].includes(stage) || entries > (this.context.small ? 0 : size / 2));
    mustHold(half.state === 'running', `it is ${half.state} before it could be killed`);
    await this.service.kill();
    const struck = performance.now();
    this.service.start();
    await this.service.ready();
    const ready = performance.now();
    const after = await this.look(id);
    mustHold(after.state === 'running' && after.size === size && after.progress.entries >= half.progress.entries, `after the kill the bundle is ${after.state}, at entry ${after.progress.entries}`);
    const bundle = await this.made(id);
    const seconds = (performance.now() - ready) / 1000;
    const checked = await this.verified(bundle, undefined);
    mustHold(bundle.digest === whole.digest, 'the bundle of the same range that was made without a kill has another digest');
    return { 'killed at entry': half.progress.entries, 'of entries': size, 'ready after ms': Math.round(ready - struck), 's from there until it was made': seconds.toFixed(1), 's to verify': checked, 'the digest without a kill': 'the same' };
  }

  close(): Promise<void> {
    return this.service.stop();
  }

  private async batches(connections: number, batch: number, records?: number): Promise<Batches> {
    const first = this.taken;
    this.taken += records ?? 0;
    const key = await this.service.key('producer');
    return new Batches({ url: this.service.url, key, prefix: `round-${this.rounds++}`, connections, batch, first, subjects: Math.max(10, this.records / 10), ...(records !== undefined && { records }) });
  }

  private async ask(size?: number): Promise<string> {
    const form = { framework: 'soc2', from: '2020-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z', nonce: '5c'.repeat(32), ...(size !== undefined && { size }) };
    return (await this.must<Bundle>('POST', '/v1/evidence', 'compliance-officer', form)).id;
  }

  private look(id: string): Promise<Bundle> {
    return this.must('GET', `/v1/evidence/${id}`, 'compliance-officer');
  }

  private async until(id: string, is: (bundle: Bundle) => boolean): Promise<Bundle> {
    for (;;) {
      const bundle = await this.look(id);
      if (is(bundle)) return bundle;
      mustHold(bundle.state === 'waiting' || bundle.state === 'running', `the bundle is ${bundle.state}`);
      await sleep(100);
    }
  }

  private made(id: string): Promise<Bundle> {
    return this.until(id, ({ state }) => state === 'made');
  }

  /** Downloads a bundle and has it verified by the verifier that is in it, in a process of its own. */
  private async verified(bundle: Bundle, predictions: number | undefined): Promise<string> {
    const place = join(this.context.folder, 'bundle');
    await rm(place, { recursive: true, force: true });
    await mkdir(place);
    const zip = join(place, 'bundle.zip');
    const response = await fetch(`${this.service.url}/v1/evidence/${bundle.id}/bundle`, { headers: { authorization: `Bearer ${await this.service.key('auditor')}` } });
    mustHold(response.ok && response.body !== null, `the bundle is not given: ${response.status}`);
    await pipeline(Readable.fromWeb(response.body), createWriteStream(zip));
    const files = await unzip(zip, ['verify.mjs', SERVED]);
    await writeFile(join(place, 'verify.mjs'), files.get('verify.mjs') ?? '');
    const vkey = await vkeyOf(new LedgerClient(this.service.url, ''));
    const began = performance.now();
    const { code, stdout, stderr } = await runProgram(join(place, 'verify.mjs'), [zip, '--vkey', vkey]);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    mustHold(code === 0, `verify.mjs: ${code} ${stdout.slice(0, 2000)}${stderr}`);
    const served = JSON.parse(String(files.get(SERVED))) as Envelope;
    if (predictions !== undefined) mustHold(served.rowCount === predictions + UNAPPROVED, `${served.rowCount} predictions are rows, and ${predictions + UNAPPROVED} were taken in`);
    mustHold(served.exceptions.count === UNAPPROVED, `${served.exceptions.count} exceptions were found, and ${UNAPPROVED} were planted`);
    return seconds;
  }

  private async must<T>(method: string, path: string, role: string, body?: unknown): Promise<T> {
    const headers = { authorization: `Bearer ${await this.service.key(role)}`, ...(body !== undefined && { 'content-type': 'application/json' }) };
    const response = await fetch(`${this.service.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    const text = await response.text();
    mustHold(response.ok, `${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return JSON.parse(text) as T;
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

async function unzip(path: string, names: readonly string[]): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const archive = await openPromise(path);
  for await (const entry of archive.eachEntry()) if (names.includes(entry.fileName)) files.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)));
  return files;
}
