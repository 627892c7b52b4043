import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '../src/core/checkpoint.ts';
import { parseVkey } from '../src/core/vkey.ts';
import { DATA_SET, loadBankMarketing, splitClients } from './bank-marketing.ts';
import { CallModel } from './call-model.ts';
import { parseObject } from './json-object.ts';
import { LedgerClient, placed, type Placed } from './ledger-client.ts';
import { copyLog, forgeEntry, readEntries, type LogCopy } from './log-copy.ts';
import { measure } from './metrics.ts';
import {
  command, must, number, percent, Progress, quote, quoteMembers, say, seconds, step, title, variable,
} from './narrator.ts';
import { postInBatches, postSingly, type Posted } from './post-predictions.ts';
import { MODEL, predict, VERSION, type Prediction } from './prediction.ts';
import { registerModel } from './register-model.ts';
import { forgeScore } from './receipt-forgery.ts';
import { freePort, readKeys, Service, type DemoKeys } from './service.ts';
import { Verifier } from './verifier.ts';
import type { Workspace } from './workspace.ts';

const TRAINING_SIZE = 10_000;
const SINGLES = 500;
const CONNECTIONS = 16;
const BATCHED = 2_500;
const BATCH_SIZE = 250;
const LOG = '/logs/default';
const PUBLISHED_WITHIN_MS = 15_000;

// This file is dist/demo/story.js when it runs.
const SERVICE_MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));
const CLI_MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** Everything that can be shown; throws DemoFailure at the first thing that is not as promised. */
export class Story {
  readonly #workspace: Workspace;
  readonly #signal: AbortSignal;
  /** Started by the second step, stopped by the sixth; whoever runs the story stops it if that does not come. */
  service: Service | undefined;

  constructor(workspace: Workspace, signal: AbortSignal) {
    this.#workspace = workspace;
    this.#signal = signal;
  }

  async tell(): Promise<void> {
    title(
      'The prediction ledger, on real data',
      'A bank has a model decide whom to telephone. Each decision is entered in a log that nobody, the bank\n' +
        'included, can change unnoticed, and a stranger checks that with a public key and no trust in the bank.',
    );
    const { model, predictions } = this.#trainAndPredict();
    const service = await this.#startService();
    const keys = await readKeys(this.#workspace.dataDir);
    const client = new LedgerClient(service.url, this.#signal);
    await this.#register(client, keys, model);
    const first = await this.#post(client, keys.producer, predictions);
    await this.#repeat(client, keys.producer, predictions, first);
    const { verifier, receipt, copy } = await this.#takeEvidence(client, service, keys.auditor, first);
    await this.#verifyOffline(service, verifier, receipt, copy);
    await this.#forge(verifier, receipt, copy);
  }

  #trainAndPredict(): { model: CallModel; predictions: Prediction[] } {
    step('A real data set and a real model');
    const clients = loadBankMarketing();
    const { training, test } = splitClients(clients, TRAINING_SIZE);
    say(
      `${DATA_SET.name}: ${number(clients.length)} clients whom a Portuguese bank called from 2008 to 2010,`,
      `and who of them took a term deposit. (${DATA_SET.authors}; ${DATA_SET.licence}.)`,
    );
    const started = performance.now();
    const model = new CallModel(training);
    const scored = test.map(({ inputs, subscribed }) => ({ score: model.explain(inputs).score, positive: subscribed }));
    const { auc, called, precision, baseRate } = measure(scored, model.threshold);
    const { accuracy } = measure(scored, 0.5);
    say(
      `A logistic regression learned from ${number(training.length)} of them in ${seconds(started)}.`,
      `On the ${number(test.length)} that it has not seen:`,
      `  AUC ${auc.toFixed(3)} (a coin: 0.500)`,
      `  accuracy ${percent(accuracy)} (always saying no: ${percent(1 - baseRate)})`,
      `  decision: call from a score of ${model.threshold} up, which is ${percent(called)} of them;`,
      `  ${percent(precision)} of those say yes (of all: ${percent(baseRate)})`,
      'A modest, honest model: the length of the call would predict best, but nobody knows it before the call.',
    );
    const time = new Date().toISOString();
    return { model, predictions: test.slice(0, SINGLES + BATCHED).map((each) => predict(model, each, time)) };
  }

  async #register(client: LedgerClient, keys: DemoKeys, model: CallModel): Promise<void> {
    step('The model is registered, and another person lets it run');
    const { registered, own, approved } = await registerModel(client, keys, `/v1/models/${MODEL}`, VERSION, model);
    say(
      `What version ${VERSION} of ${MODEL} is made of (its weights and its training data by digest, what it is for) is entry ${String(registered.json['index'])} of the log.`,
      `Who registered it may not approve it (${own.status}); somebody else did, in entry ${String(approved.json['index'])}, and it is deployed.`,
      'A prediction of a version that nobody approved would be taken in as well, and flagged for good.',
    );
  }

  async #startService(): Promise<Service> {
    step('The service starts, with a PostgreSQL of its own');
    const { dataDir } = this.#workspace;
    const port = await freePort();
    this.#signal.throwIfAborted();
    variable('D', this.#workspace.folder);
    command(`DATA_DIR=${dataDir} PORT=${port} npm start`);
    const started = performance.now();
    const logFile = this.#workspace.path('service.log');
    this.service = Service.spawn({ main: SERVICE_MAIN, dataDir, port, logFile });
    await this.service.ready(this.#signal);
    say(
      `Ready after ${seconds(started)}: a database, a signing key, and one API key a role in $D/data/keys.json,`,
      'of which $PRODUCER may post and $AUDITOR may read.',
    );
    variable('U', this.service.url);
    return this.service;
  }

  async #post(client: LedgerClient, key: string, predictions: readonly Prediction[]): Promise<Placed> {
    step(`${number(predictions.length)} predictions go in, each with its inputs, score, decision and reasons`);
    const [first, ...others] = predictions;
    must(first !== undefined, 'there is no prediction to post');
    const file = this.#workspace.path('prediction.json');
    await writeFile(file, JSON.stringify(first));
    command(
      `curl -H "Authorization: Bearer $PRODUCER" -H 'Content-Type: application/json' -d @${file} ${this.service?.url}/v1/predictions`,
    );
    quoteMembers(first, true);
    const answer = await client.post('/v1/predictions', key, 'application/json', JSON.stringify(first));
    must(answer.status === 201, `the first prediction was answered ${answer.status}: ${answer.text}`);
    say(`is answered ${answer.status}`);
    quoteMembers(answer.json);

    const progress = new Progress(others.length, 'predictions posted');
    let single: Posted;
    let batched: Posted;
    try {
      single = await postSingly(client, key, others.slice(0, SINGLES - 1), CONNECTIONS, progress);
      batched = await postInBatches(client, key, others.slice(SINGLES - 1), BATCH_SIZE, progress);
    } finally {
      progress.stop();
    }
    say(
      `One by one over ${CONNECTIONS} connections: ${rate(single)}, median answer in ${Math.round(single.median)} ms.`,
      `In batches of ${BATCH_SIZE}: ${rate(batched)}.`,
      'Every answer was sent after its commit had reached the disk.',
    );
    const places = new Set([placed(answer.json), ...single.placed, ...batched.placed].map(({ index }) => index));
    must(places.size === predictions.length, 'two predictions were given the same place in the log');
    return placed(answer.json);
  }

  async #repeat(client: LedgerClient, key: string, predictions: readonly Prediction[], first: Placed): Promise<void> {
    step('A retry is harmless, a second version of the truth is not taken');
    const original = predictions.find(({ id }) => id === first.id);
    must(original !== undefined, `no prediction ${first.id}`);
    const again = await client.post('/v1/predictions', key, 'application/json', JSON.stringify(original));
    must(again.status === 200, `the retry was answered ${again.status}: ${again.text}`);
    must(placed(again.json).index === first.index, 'the retry was given another place');
    say(`${first.id} once more, as after a lost answer: ${again.status}, index ${first.index} as before; nothing is entered twice.`);

    const outcome = original.decision.outcome === 'call' ? 'do-not-call' : 'call';
    const turned = { ...original, decision: { ...original.decision, outcome } };
    const refused = await client.post('/v1/predictions', key, 'application/json', JSON.stringify(turned));
    must(refused.status === 409, `the changed prediction was answered ${refused.status}: ${refused.text}`);
    say(`${first.id} with its decision turned into "${outcome}": ${refused.status}`);
    quoteMembers(refused.json);
  }

  async #takeEvidence(
    client: LedgerClient, service: Service, key: string, first: Placed,
  ): Promise<{ verifier: Verifier; receipt: string; copy: LogCopy }> {
    step('An auditor takes the evidence home');
    const at = (name: string): string => this.#workspace.path(name);
    const vkey = Buffer.from(await client.resource(`${LOG}/vkey`)).toString('utf8').trim();
    await writeFile(at('vkey'), `${vkey}\n`);
    command(`curl ${service.url}${LOG}/vkey > ${at('vkey')}`);
    quote(vkey);

    const path = `/v1/predictions/${first.id}/receipt`;
    command(`curl -H "Authorization: Bearer $AUDITOR" ${service.url}${path} > ${at('receipt.json')}`);
    const answer = await client.get(path, key);
    must(answer.status === 200, `the receipt was answered ${answer.status}: ${answer.text}`);
    await writeFile(at('receipt.json'), answer.text);
    const entry = parseObject(String(answer.json['entry']));
    say('The receipt opens this entry of the log, which itself shows nothing of the client, only a salted commitment:');
    quoteMembers(entry);

    const verifier = new Verifier({ main: CLI_MAIN, vkey, vkeyFile: at('vkey'), signal: this.#signal });
    await this.#untilPublished(client, vkey, first.index + SINGLES + BATCHED);
    const online = await verifier.verify('log', service.url + LOG);
    must(online.code === 0, 'the log did not verify');
    const copy = await copyLog((resource) => client.resource(`${LOG}/${resource}`), vkey, at('log'));
    const entries = await readEntries(copy);
    const predictions = entries.filter((text) => parseObject(text)['type'] === 'prediction');
    must(predictions.length === SINGLES + BATCHED, `the log holds ${predictions.length} predictions`);
    const telling = entries.find((text) => text.includes('client-') || text.includes('call-'));
    must(telling === undefined, `an entry names a client or a call: ${telling}`);
    say(
      `A copy of it goes to $D/log: ${copy.files} files, ${number(Math.round(copy.bytes / 1024))} KiB, ${number(copy.size)} entries, and among`,
      `them the ${number(predictions.length)} predictions, once each. No client can be read out of them: the payloads lie`,
      'encrypted in the database.',
    );
    return { verifier, receipt: at('receipt.json'), copy };
  }

  /** Checkpoints come out on an interval; the copy is to hold all that was posted. */
  async #untilPublished(client: LedgerClient, vkey: string, size: number): Promise<void> {
    const deadline = performance.now() + PUBLISHED_WITHIN_MS;
    const key = parseVkey(vkey);
    for (;;) {
      const note = Buffer.from(await client.resource(`${LOG}/checkpoint`)).toString('utf8');
      if (openCheckpoint(note, key).size >= size) return;
      must(performance.now() < deadline, `no checkpoint of ${size} entries came out`);
      await sleep(100);
    }
  }

  async #verifyOffline(service: Service, verifier: Verifier, receipt: string, copy: LogCopy): Promise<void> {
    step('The service is switched off; receipt and copy prove themselves');
    const ending = await service.stop();
    must(ending === 0, `the service ended with ${ending}`);
    must((await verifier.verify('receipt', receipt)).code === 0, 'the receipt did not verify');
    must((await verifier.verify('log', copy.folder)).code === 0, 'the copy did not verify');
  }

  async #forge(verifier: Verifier, receipt: string, copy: LogCopy): Promise<void> {
    step('Two forgeries, one digit each');
    const score = forgeScore(await readFile(receipt, 'utf8'));
    const forgedReceipt = this.#workspace.path('receipt-forged.json');
    await writeFile(forgedReceipt, score.receipt);
    say(`The receipt, its score changed from ${score.before} to ${score.after}:`);
    must((await verifier.verify('receipt', forgedReceipt)).code === 1, 'a forged receipt was not rejected');

    const index = Math.floor(copy.size / 2);
    const { file, offset, before, after } = await forgeEntry(copy, index);
    const place = `byte ${number(offset)} of ${relative(copy.folder, file)}`;
    say(`The copy, one digit of entry ${index} changed from ${before} to ${after} (${place}):`);
    const { code, output } = await verifier.verify('log', copy.folder);
    must(code === 1, 'a forged log was not rejected');
    must(new RegExp(`\\b${index}\\b`).test(output), `the verifier did not name entry ${index}`);
  }
}

function rate({ placed: { length }, elapsed }: Posted): string {
  const perSecond = Math.round((length / elapsed) * 1000);
  return `${number(length)} in ${(elapsed / 1000).toFixed(1)} s (${number(perSecond)} a second)`;
}
