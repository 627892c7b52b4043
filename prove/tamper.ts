import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openPool, parseDatabaseUrl, withSetting } from '../src/database/connection.ts';
import type { TenantPool } from '../src/database/tenant-pool.ts';
import { RUNTIME_ROLE } from '../src/database/roles.ts';
import { readLogs, type LogRow } from '../src/ledger/log-row.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { runCommand } from './child-processes.ts';
import { exportLog } from './export-log.ts';
import { Forger } from './forger.ts';
import { freePort, LedgerService } from './ledger-service.ts';
import { LedgerClient } from './ledger-client.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';
import { describeFindings, fsck, verifyByCommand, vkeyOf } from './public-log.ts';
import { STATEMENTS, tamperings, type Expected, type Places, type Tampering } from './tampering.ts';

const TEMPLATE = 'ledger';

export const tamper: Proof = {
  name: 'tamper',
  claim:
    'Whatever a superuser changes in the database, fsck or the offline verifier with a checkpoint that was kept catches, and says where; as the runtime role each is refused.',
  async run(context) {
    const cluster = await startCluster(join(context.folder, 'cluster'));
    try {
      const site = await prepare(context, cluster);
      for (const tampering of tamperings(site.places)) await context.step(tampering.name, () => site.show(tampering));
      await context.step('a receipt of the changed payload', () => site.showReceipt());
      await context.step('a service on the changed head', () => site.showService());
      await context.step('as the runtime role', () => site.showRefusals());
    } finally {
      await cluster.stop();
    }
  },
};

/** A log of some thousand predictions, with what somebody kept of it while it was right. */
async function prepare(context: ProofContext, cluster: Cluster): Promise<Site> {
  const [before, after] = context.small ? [450, 250] : [3000, 2000];
  const places = context.small ? { victim: 300, other: 310, tail: 350 } : { victim: 1000, other: 1500, tail: 2000 };
  const databaseUrl = await cluster.create(TEMPLATE);
  const service = new LedgerService({ dataDir: join(context.folder, 'data'), port: await freePort(), env: { DATABASE_URL: databaseUrl, PUBLISH_INTERVAL_MS: '50' } });
  service.start();
  await service.ready();
  try {
    const producer = new LedgerClient(service.url, await service.key('producer'));
    const ids = Array.from({ length: before + after }, (_, i) => `p-${i}`);
    await producer.postMany(ids.slice(0, before));
    const { receipt = '' } = await producer.post(ids[before - 1] as string, { receipt: true });
    const kept = await producer.text('/logs/default/checkpoint');
    const auditor = new LedgerClient(service.url, await service.key('auditor'));
    const id = [...(await auditor.list())].find(([, index]) => index === places.victim)?.[0] ?? '';
    const victimReceipt = await auditor.text(`/v1/predictions/${id}/receipt`);
    await producer.postMany(ids.slice(before));
    mustHold(receipt !== '', 'no receipt came');
    return new Site({ context, cluster, dataDir: service.dataDir, vkey: await vkeyOf(producer), kept, victimReceipt, places });
  } finally {
    await service.stop();
  }
}

interface SiteParts {
  context: ProofContext;
  cluster: Cluster;
  dataDir: string;
  vkey: string;
  /** A checkpoint that somebody kept. */
  kept: string;
  /** The receipt of the victim, as its producer has it. */
  victimReceipt: string;
  places: Places;
}

class Site {
  readonly places: Places;
  private readonly parts: SiteParts;
  private copies = 0;

  constructor(parts: SiteParts) {
    this.parts = parts;
    this.places = parts.places;
  }

  /** Forges in a copy of the database, and lets both look. */
  show(tampering: Tampering): Promise<Figures> {
    return this.onCopy(async ({ databaseUrl, pool, row, folder }) => {
      const { dataDir, vkey, kept } = this.parts;
      const store = join(folder, 'checkpoints.json');
      await copyFile(join(dataDir, 'checkpoints.json'), store);
      const forger = new Forger(pool, row, dataDir);
      await tampering.forge(forger, this.places);
      if (tampering.rewritesStore === true) await forger.rewriteStore(store);
      const copy = join(folder, 'log');
      await exportLog(pool, row.id, copy);
      const [report, verdict] = await Promise.all([
        fsck({ DATA_DIR: dataDir, DATABASE_URL: databaseUrl, CHECKPOINT_STORE: store }),
        verifyByCommand(copy, vkey, [kept], folder),
      ]);
      mustHold(report.exit === exitOf(tampering.fsck), `fsck exits ${report.exit}: ${describeFindings(report)}`);
      mustHold(verdict.exit === exitOf(tampering.verifier), `verify log exits ${verdict.exit}: ${verdict.message}`);
      const { code = '', message: detail = '', index } = verdict;
      return { fsck: judge('fsck', report.findings, tampering.fsck), verifier: judge('verify log', [{ code, detail, index }], tampering.verifier) };
    });
  }

  /** The producer’s receipt stands; one with the payload that is now there does not. */
  showReceipt(): Promise<Figures> {
    return this.onCopy(async ({ pool, row, folder }) => {
      const { dataDir, vkey, victimReceipt } = this.parts;
      const payload = await new Forger(pool, row, dataDir).replacePayload(this.places.victim);
      const [genuine, forged] = [join(folder, 'genuine.json'), join(folder, 'forged.json')];
      await writeFile(genuine, victimReceipt);
      await writeFile(forged, JSON.stringify({ ...(JSON.parse(victimReceipt) as object), payload }));
      const verdicts = await Promise.all([genuine, forged].map((file) => runCommand(['verify', 'receipt', file, '--vkey', vkey, '--json'])));
      mustHold(verdicts[0]?.code === 0, `the genuine receipt: ${verdicts[0]?.stdout}`);
      mustHold(verdicts[1]?.code === 1 && verdicts[1].stdout.includes('commitment-mismatch'), `the forged receipt: ${verdicts[1]?.stdout}`);
      return { 'genuine receipt': 'valid', 'forged receipt': 'commitment-mismatch' };
    });
  }

  /** A head that does not belong to the entries stops the log at the next start. */
  showService(): Promise<Figures> {
    return this.onCopy(async ({ databaseUrl, pool, row }) => {
      await new Forger(pool, row, this.parts.dataDir).run("update log_head set head = decode(repeat('ab', 32), 'hex') where log = $log");
      await pool.end();
      const service = new LedgerService({ dataDir: this.parts.dataDir, port: await freePort(), env: { DATABASE_URL: databaseUrl } });
      service.start();
      try {
        await service.ready({ anyhow: true });
        const { status, code } = await new LedgerClient(service.url, await service.key('producer')).post('refused');
        mustHold(status === 503 && code === 'log-stopped', `the service answered ${status} ${code}`);
        return { refused: `503 ${code}` };
      } finally {
        await service.stop();
      }
    });
  }

  showRefusals(): Promise<Figures> {
    return this.onCopy(async ({ databaseUrl, row }) => {
      const pool = openPool(withSetting(parseDatabaseUrl(databaseUrl), 'role', RUNTIME_ROLE), 1, () => undefined);
      try {
        for (const statement of STATEMENTS) {
          const code = await pool.query(statement.replaceAll('$log', String(row.id))).then(
            () => 'nothing',
            (error: { code: string }) => error.code,
          );
          mustHold(code === '42501', `"${statement}" as the runtime role: refused by ${code}`);
        }
      } finally {
        await pool.end();
      }
      return { statements: STATEMENTS.length, refused: STATEMENTS.length };
    });
  }

  private async onCopy(work: (copy: { databaseUrl: string; pool: TenantPool; row: LogRow; folder: string }) => Promise<Figures>): Promise<Figures> {
    const { cluster, context } = this.parts;
    const name = `copy_${++this.copies}`;
    const folder = join(context.folder, name);
    await mkdir(folder);
    const databaseUrl = await cluster.create(name, TEMPLATE);
    const pool = openPool(parseDatabaseUrl(databaseUrl), 3, () => undefined);
    try {
      const [row] = await readLogs(pool);
      mustHold(row !== undefined, 'the copy has no log');
      return await work({ databaseUrl, pool, row, folder });
    } finally {
      if (!pool.ended) await pool.end();
      await cluster.drop(name);
    }
  }
}

interface Found {
  code: string;
  detail: string;
  index?: number | undefined;
}

/** The exit code of a command that sees what is expected. */
function exitOf(expected: Expected): number {
  if (expected === 'nothing to see') return 0;
  return 'missing' in expected ? 2 : 1;
}

/** Whether what was found is what was done; says it in a few words. */
function judge(who: string, findings: readonly Found[], expected: Expected): string {
  if (expected === 'nothing to see') return 'nothing to see';
  if ('missing' in expected) {
    mustHold(findings[0]?.detail.includes(expected.missing) === true, `${who} says: ${findings[0]?.detail}`);
    return `could not check: ${expected.missing} is missing`;
  }
  const found = findings.find(({ code }) => code === expected.code);
  const all = findings.map(({ code, detail, index }) => `${code} at ${index}: ${detail}`).join('; ');
  mustHold(found !== undefined, `${who} found no ${expected.code}, but: ${all}`);
  const { at } = expected;
  if (at === undefined) return expected.code;
  if (typeof at === 'number') {
    const first = Math.min(...findings.flatMap(({ index }) => index ?? []));
    mustHold(first === at, `${who} points at ${first}, not at ${at}: ${all}`);
    return `${expected.code} at ${at}`;
  }
  const [, from, to] = / lies from (\d+) to (\d+)/.exec(found.detail) ?? [];
  mustHold(Number(from) <= at.within && at.within <= Number(to), `${who} does not bound ${at.within}: ${all}`);
  return `${expected.code}, within ${from} to ${to}`;
}
