import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withClient } from '../src/database/connect.ts';
import { findRunningPostgres } from '../src/database/embedded-postgres.ts';
import { readPostmasterFile } from '../src/database/postmaster-file.ts';
import { freePort, LedgerService } from './ledger-service.ts';
import { LedgerClient, type Place } from './ledger-client.ts';
import { Producers, type Acknowledged } from './producers.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';
import { describeFindings, fsck, verifyByCommand, verifyPublicLog, vkeyOf, type PublicLog } from './public-log.ts';
import { verifyReceiptText } from './receipts.ts';

/** What is killed, and how often at full and at small size. */
const VICTIMS = [
  { name: 'service', full: 20, small: 2, strike: (service: LedgerService) => strikeService(service) },
  { name: 'postmaster', full: 20, small: 1, strike: (service: LedgerService) => strikePostmaster(service) },
  { name: 'backend', full: 20, small: 1, strike: (service: LedgerService) => strikeBackend(service) },
] as const;

export const kill: Proof = {
  name: 'kill',
  claim:
    'Under load, kill -9 on the service and, apart, on PostgreSQL at random moments: the whole log verifies, every acknowledged id is there once at its index, and retries get their first receipts.',
  async run(context) {
    for (const { name, full, small, strike } of VICTIMS) {
      const target = new Target(context, name);
      try {
        for (let round = 1; round <= (context.small ? small : full); round++) {
          await context.step(`${name} ${round}`, () => target.round(round, strike));
        }
      } finally {
        await target.close();
      }
    }
  },
};

/** One service, killed again and again, with all that was ever acknowledged by it. */
class Target {
  private readonly context: ProofContext;
  private readonly name: string;
  private readonly acknowledged = new Map<string, Place>();
  private service: LedgerService | undefined;
  private vkey = '';
  /** As it was verified after the last round. */
  private verified: PublicLog | undefined;

  constructor(context: ProofContext, name: string) {
    this.context = context;
    this.name = name;
  }

  async round(round: number, strike: (service: LedgerService) => Promise<void>): Promise<Figures> {
    const service = (this.service ??= await this.begin());
    const producers = new Producers({ urls: [service.url], key: await service.key('producer'), prefix: `${this.name}-${round}`, producers: 8 });
    try {
      await Promise.race([producers.began, producers.finished()]);
      const delay = 100 + Math.random() * (this.context.small ? 900 : 4000);
      await sleep(delay);
      const struck = performance.now();
      await strike(service);
      await service.ready();
      const recovery = performance.now() - struck;
      // Some load on what came back, so that it is seen to work, and every retry has had its answer.
      await sleep(300);
      const acknowledged = await producers.stop();
      return { delayMs: Math.round(delay), backAfterMs: Math.round(recovery), ...(await this.check(service, acknowledged)) };
    } finally {
      await producers.kill();
    }
  }

  async close(): Promise<void> {
    await this.service?.stop();
  }

  private async begin(): Promise<LedgerService> {
    const service = new LedgerService({ dataDir: join(this.context.folder, this.name), port: await freePort() });
    service.start();
    await service.ready();
    this.vkey = await vkeyOf(new LedgerClient(service.url, ''));
    return service;
  }

  private async check(service: LedgerService, { places, repeats, retries }: Acknowledged): Promise<Figures> {
    const auditor = new LedgerClient(service.url, await service.key('auditor'));
    for (const [id, place] of places) this.acknowledged.set(id, place);
    await this.publishAll(auditor);
    const earlier = this.verified === undefined ? [] : [this.verified];
    const [log, verdict, report] = await Promise.all([
      verifyPublicLog(auditor, this.vkey, earlier.map(({ checkpoint }) => checkpoint)),
      verifyByCommand(`${service.url}/logs/default`, this.vkey, earlier.map(({ note }) => note), this.context.folder),
      fsck(service.environment),
    ]);
    mustHold(verdict.exit === 0, `verify log: ${verdict.message}`);
    mustHold(report.exit === 0, `fsck: ${describeFindings(report)}`);
    this.verified = log;
    await this.checkAcknowledged(auditor, log);
    await this.checkRetries(service, places);
    mustHold(!(await service.said()).includes('STOPPED'), 'the log stopped');
    return { records: places.size, lost: 0, doubled: 0, repeats, retries, entries: log.checkpoint.size };
  }

  /** Waits until a checkpoint covers all that was acknowledged. */
  private async publishAll(auditor: LedgerClient): Promise<void> {
    const last = Math.max(...[...this.acknowledged.values()].map(({ index }) => index));
    for (let attempt = 0; attempt < 200; attempt++) {
      if (Number((await auditor.text('/logs/default/checkpoint')).split('\n')[1]) > last) return;
      await sleep(50);
    }
    mustHold(false, `no checkpoint covers entry ${last} after 10 s`);
  }

  private async checkAcknowledged(auditor: LedgerClient, { leaves }: PublicLog): Promise<void> {
    const listed = await auditor.list();
    for (const [id, { index, leafHash }] of this.acknowledged) {
      mustHold(listed.get(id) === index, `${id} was acknowledged at ${index} and stands at ${listed.get(id)}`);
      mustHold(leaves[index] === leafHash, `${id} was acknowledged with another leaf hash than entry ${index} has`);
    }
    // Every record was retried until it was acknowledged: one that is there beyond those was doubled.
    mustHold(listed.size === this.acknowledged.size, `${this.acknowledged.size} ids were acknowledged, ${listed.size} are there`);
  }

  /** Sends all of the round again, and some with a wish for the receipt. */
  private async checkRetries(service: LedgerService, places: ReadonlyMap<string, Place>): Promise<void> {
    const producer = new LedgerClient(service.url, await service.key('producer'));
    const ids = [...places.keys()];
    for (const { id, status, index, leafHash } of await producer.postMany(ids)) {
      const first = places.get(id);
      mustHold(status === 200 && index === first?.index && leafHash === first.leafHash, `a retry of ${id} got ${status} and index ${index}, not 200 and ${first?.index}`);
    }
    for (const id of ids.slice(-5)) {
      const { status, receipt } = await producer.post(id, { receipt: true });
      mustHold(status === 200, `a retry of ${id} got ${status}`);
      mustHold(verifyReceiptText(receipt, this.vkey) === places.get(id)?.index, `the receipt of ${id} is of another entry`);
    }
  }
}

async function strikeService(service: LedgerService): Promise<void> {
  await service.kill();
  service.start();
}

/** The service notices, and starts PostgreSQL again by itself. */
async function strikePostmaster({ dataDir }: LedgerService): Promise<void> {
  const cluster = await realpath(join(dataDir, 'postgres'));
  const old = await readPostmasterFile(cluster);
  mustHold(old !== undefined, 'PostgreSQL does not run');
  process.kill(old.pid, 'SIGKILL');
  // Until its backends have noticed, they answer still: ready is what comes back.
  for (let attempt = 0; attempt < 600; attempt++) {
    const now = await readPostmasterFile(cluster);
    if (now !== undefined && now.pid !== old.pid && now.ready) return;
    await sleep(50);
  }
  mustHold(false, 'PostgreSQL was not started again within 30 s');
}

/** PostgreSQL throws every connection out, and recovers, when one of its processes dies like this. */
async function strikeBackend({ dataDir }: LedgerService): Promise<void> {
  const server = await findRunningPostgres(dataDir);
  mustHold(server !== undefined, 'PostgreSQL does not run');
  const pidOf = (condition: string): Promise<number | undefined> =>
    withClient(server.owner, () => undefined, async (client) => {
      const { rows } = await client.query<{ pid: number }>(`select pid from pg_stat_activity where ${condition} limit 1`);
      return rows[0]?.pid;
    });
  const checkpointer = await pidOf("backend_type = 'checkpointer'");
  const victim = await pidOf("pid <> pg_backend_pid() and query ~ 'advance_head|lock_head' order by state = 'active' desc, random()");
  mustHold(victim !== undefined, 'no backend appends');
  process.kill(victim, 'SIGKILL');
  // All of its processes are new after the recovery.
  for (let attempt = 0; attempt < 600; attempt++) {
    const now = await pidOf("backend_type = 'checkpointer'").catch(() => undefined);
    if (now !== undefined && now !== checkpointer) return;
    await sleep(50);
  }
  mustHold(false, 'PostgreSQL did not recover within 30 s');
}
