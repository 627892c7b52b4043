import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBase64, toHex } from '../src/core/bytes.ts';
import { openCheckpoint, type Checkpoint } from '../src/core/checkpoint.ts';
import { verifyConsistency } from '../src/core/consistency-proof.ts';
import { parseVkey } from '../src/core/vkey.ts';
import { startCluster } from './cluster.ts';
import { freePort, LedgerService, type ServiceOptions } from './ledger-service.ts';
import { LedgerClient } from './ledger-client.ts';
import { Producers } from './producers.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';
import { describeFindings, fsck, verifyByCommand, verifyPublicLog, vkeyOf } from './public-log.ts';

const FULL_RECORDS = 20_000;
const SMALL_RECORDS = 3000;
/** Ids that are sent to both replicas at the same moment. */
const SHARED = 200;

export const replicas: Proof = {
  name: 'replicas',
  claim:
    'Two replicas on one database append to one log at once: one chain, no gap, no fork, each one’s checkpoints consistent with the other’s. A replica with another key, or a clock six seconds off, refuses to append and serves reads.',
  async run(context) {
    const cluster = await startCluster(join(context.folder, 'cluster'));
    const site = new Site(context, await cluster.create('ledger'), await cluster.create('checkpoints'));
    try {
      const first = await site.start('one');
      await site.copyKeys('one', 'two');
      const second = await site.start('two');
      await context.step('append at once', () => appendAtOnce(context, first, second));
      await context.step('another signing key', async () => {
        await site.copyKeys('one', 'wrong-key');
        const { privateKey } = generateKeyPairSync('ed25519');
        await writeFile(join(context.folder, 'wrong-key', 'log-keys', 'default.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
        return refuses(await site.start('wrong-key'), 'log-stopped', first);
      });
      for (const [name, off] of [['ahead', 6000], ['behind', -6000]] as const) {
        await context.step(`a clock six seconds ${name}`, async () => {
          await site.copyKeys('one', name);
          return refuses(await site.start(name, { script: 'prove/skewed-service.js', env: { SKEW_MS: String(off) } }), 'clock-skew', first);
        });
      }
    } finally {
      await site.stop();
      await cluster.stop();
    }
  },
};

/** The replicas of one log, each with a data folder of its own. */
class Site {
  private readonly context: ProofContext;
  private readonly env: Record<string, string>;
  private readonly services: LedgerService[] = [];

  constructor(context: ProofContext, databaseUrl: string, checkpointStore: string) {
    this.context = context;
    this.env = { DATABASE_URL: databaseUrl, CHECKPOINT_STORE: checkpointStore, PUBLISH_INTERVAL_MS: '200' };
  }

  async start(name: string, options: Pick<ServiceOptions, 'script' | 'env'> = {}): Promise<LedgerService> {
    const service = new LedgerService({ ...options, dataDir: join(this.context.folder, name), port: await freePort(), env: { ...this.env, ...options.env } });
    this.services.push(service);
    service.start();
    await service.ready({ anyhow: true });
    return service;
  }

  /** What an operator gives a new replica: the log's key, the key file and the API keys. */
  async copyKeys(from: string, to: string): Promise<void> {
    const [source, target] = [from, to].map((name) => join(this.context.folder, name)) as [string, string];
    await mkdir(target, { recursive: true });
    for (const name of ['log-keys', 'key-encryption-keys.json', 'keys.json']) await cp(join(source, name), join(target, name), { recursive: true });
  }

  async stop(): Promise<void> {
    for (const service of this.services) await service.stop();
  }
}

async function appendAtOnce(context: ProofContext, first: LedgerService, second: LedgerService): Promise<Figures> {
  const records = context.small ? SMALL_RECORDS : FULL_RECORDS;
  const key = await first.key('producer');
  const clients = await Promise.all([first, second].map(async (service) => new LedgerClient(service.url, await service.key('auditor'))));
  const vkey = await vkeyOf(clients[0] as LedgerClient);
  const watch = watchCheckpoints(clients, vkey);
  const urls = [first.url, second.url];
  // Two processes, each of whose producers post to one replica and the other in turns.
  const producers = ['a', 'b'].map((prefix) => new Producers({ urls, key, prefix, producers: 24, records: records / 2 }));
  const both = sameIdsToBoth(urls, key);
  const reports = await Promise.all(producers.map((each) => each.finished()));
  const shared = await both;
  // The last interval's checkpoints.
  await sleep(500);
  const seen = await watch.stop();

  const logs = await Promise.all(clients.map((client, i) => verifyPublicLog(client, vkey, seen[1 - i] ?? [])));
  const [log, other] = logs as [(typeof logs)[0], (typeof logs)[0]];
  mustHold(log.checkpoint.size === other.checkpoint.size && toHex(log.checkpoint.root) === toHex(other.checkpoint.root), 'the replicas end in different trees');
  const places = new Map([...reports.flatMap((report) => [...report.places]), ...shared]);
  mustHold(places.size === records + SHARED, `${records + SHARED} ids were acknowledged, not ${places.size}`);
  const listed = await (clients[1] as LedgerClient).list();
  mustHold(listed.size === places.size, `${listed.size} predictions are there, ${places.size} were acknowledged`);
  for (const [id, { index, leafHash }] of places) mustHold(listed.get(id) === index && log.leaves[index] === leafHash, `${id} is not where it was acknowledged`);
  const system = log.leaves.length - listed.size;
  mustHold(new Set([...places.values()].map(({ index }) => index)).size === places.size, 'two records were given one index');
  const proofs = await crossCheck(clients, seen, vkey);
  const [verdict, report] = await Promise.all([verifyByCommand(`${second.url}/logs/default`, vkey, [log.note], context.folder), fsck(first.environment)]);
  mustHold(verdict.exit === 0, `verify log: ${verdict.message}`);
  mustHold(report.exit === 0, `fsck: ${describeFindings(report)}`);
  return {
    records: places.size, 'system entries': system, entries: log.leaves.length,
    'checkpoints of one': seen[0]?.length ?? 0, 'of two': seen[1]?.length ?? 0, 'consistency proofs': proofs,
  };
}

/** Sends some ids to both replicas at the same moment; each is taken in once, and both answer with its place. */
async function sameIdsToBoth(urls: readonly string[], key: string): Promise<[string, { index: number; leafHash: string }][]> {
  const clients = urls.map((url) => new LedgerClient(url, key));
  const places: [string, { index: number; leafHash: string }][] = [];
  for (let i = 0; i < SHARED; i++) {
    const id = `shared-${i}`;
    const answers = await Promise.all(clients.map((client) => client.post(id)));
    const [one, two] = answers.map(({ place }) => place);
    mustHold(one !== undefined && one.index === two?.index && one.leafHash === two.leafHash, `the replicas gave ${id} the places ${one?.index} and ${two?.index}`);
    mustHold(answers.filter(({ status }) => status === 201).length === 1, `${id} was answered with ${answers.map(({ status }) => status).join(' and ')}`);
    places.push([id, one]);
  }
  return places;
}

/** Collects each replica's checkpoints, as a monitor would, until stopped. */
function watchCheckpoints(clients: readonly LedgerClient[], vkey: string): { stop(): Promise<Checkpoint[][]> } {
  const key = parseVkey(vkey);
  let stopped = false;
  const watching = clients.map(async (client) => {
    const seen = new Map<string, Checkpoint>();
    while (!stopped) {
      const note = await client.text('/logs/default/checkpoint');
      if (!seen.has(note)) seen.set(note, openCheckpoint(note, key));
      await sleep(100);
    }
    return [...seen.values()];
  });
  return {
    stop: () => {
      stopped = true;
      return Promise.all(watching);
    },
  };
}

/** Consistency of each replica's checkpoints with the other's, by the other's proofs; gives how many were checked. */
async function crossCheck(clients: readonly LedgerClient[], seen: readonly Checkpoint[][], vkey: string): Promise<number> {
  const all = seen.flat().toSorted((a, b) => a.size - b.size);
  mustHold(all.every(({ origin }) => origin === parseVkey(vkey).name), 'a checkpoint is of another log');
  let checked = 0;
  for (const [i, to] of all.entries()) {
    const from = all[i - 1];
    if (from === undefined || from.size === 0) continue;
    const client = clients[i % clients.length] as LedgerClient;
    const { path } = await client.json<{ path: string[] }>(`/v1/log/consistency?from=${from.size}&to=${to.size}`);
    verifyConsistency({ from: from.size, to: to.size, fromRoot: from.root, toRoot: to.root, path: path.map(fromBase64) });
    checked += 1;
  }
  return checked;
}

/** A replica that must not append says so, serves reads, and leaves the log to those who may. */
async function refuses(service: LedgerService, code: string, healthy: LedgerService): Promise<Figures> {
  const producer = new LedgerClient(service.url, await service.key('producer'));
  const auditor = new LedgerClient(service.url, await service.key('auditor'));
  const before = await auditor.json<{ size: number }>('/v1/log');
  const refused = await producer.post('refused');
  mustHold(refused.status === 503 && refused.code === code, `the replica answered ${refused.status} ${refused.code}, not 503 ${code}`);
  const batch = await producer.postMany(['refused-1', 'refused-2']);
  mustHold(batch.every(({ status }) => status === 503), 'a batch was taken in');
  mustHold((await auditor.list()).size > 0, 'the replica lists nothing');
  await auditor.json('/v1/predictions/a-0-0');
  await auditor.text('/v1/log/entries/0');
  const note = await auditor.text('/logs/default/checkpoint');
  const ready = await fetch(`${service.url}/health/ready`);
  mustHold(ready.status === 503 && (await ready.text()).includes(code), 'the replica says that it is ready');
  const after = await auditor.json<{ size: number }>('/v1/log');
  mustHold(after.size === before.size, `the log grew from ${before.size} to ${after.size}`);
  const other = await new LedgerClient(healthy.url, await healthy.key('producer')).post(`after-${code}-${before.size}`);
  mustHold(other.status === 201, `the healthy replica answered ${other.status} ${other.code}`);
  await service.stop();
  return { refused: `503 ${code}`, 'serves checkpoint of': Number(note.split('\n')[1]) };
}
