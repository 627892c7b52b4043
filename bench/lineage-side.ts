import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { keysPath } from '../src/access/bootstrap.ts';
import { createApp } from '../src/app.ts';
import type { Log } from '../src/ledger/log.ts';
import { startService, type Service } from '../src/service.ts';
import { readSettings } from '../src/settings.ts';
import { createDatabase, type Cluster } from './cluster.ts';
import { handIn } from './hand-in.ts';
import { nthPrediction, registerVersions, tellOf, type Call } from './lineage-history.ts';
import { startServer, type ServerProcess } from './server-process.ts';

/** Predictions between which outcomes and reviews are told. */
const CHUNK = 2000;

/** One log of a bench of lineage, in a database and a folder that outlast the run where the cluster does. */
export class LineageSide {
  readonly size: number;
  private readonly cluster: Cluster;
  private readonly database: string;
  private readonly folder: string;

  private constructor(cluster: Cluster, database: string, size: number) {
    this.cluster = cluster;
    this.database = database;
    this.size = size;
    this.folder = join(cluster.scratch, database);
  }

  static async create(cluster: Cluster, database: string, size: number): Promise<LineageSide> {
    const { rowCount } = await cluster.admin.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) await createDatabase(cluster, database);
    const side = new LineageSide(cluster, database, size);
    await mkdir(side.folder, { recursive: true, mode: 0o700 });
    return side;
  }

  /** Fills it up to its size, from where an earlier run was broken off; gives predictions a second, or undefined where it was full. */
  async fill(): Promise<number | undefined> {
    return this.within(async (service, log, call) => {
      const { rows: [held] } = await service.database.owner.query<{ count: number }>('select count(*)::int as count from prediction where log = $1', [log.row.id]);
      if ((held?.count ?? 0) >= this.size) return undefined;
      const from = Math.max(0, Math.floor((held?.count ?? 0) / CHUNK) - 1) * CHUNK;
      if (from === 0) await registerVersions(call);
      const began = performance.now();
      const cpu = process.cpuUsage();
      for (let n = from; n < this.size; n += CHUNK) {
        const to = Math.min(this.size, n + CHUNK);
        await handIn(service, log, Array.from({ length: to - n }, (_, i) => nthPrediction(n + i, this.size)), 1000);
        await tellOf(call, n, to);
        if (to % 100_000 === 0) console.log(`${to} predictions, ${Math.round(((to - from) / (performance.now() - began)) * 1000)}/s`);
      }
      const { user, system } = process.cpuUsage(cpu);
      console.log(`${Math.round((user + system) / (this.size - from))} µs of this process for each`);
      return ((this.size - from) / (performance.now() - began)) * 1000;
    });
  }

  /** Works with a service of this process, which ends with the work. */
  async within<T>(work: (service: Service, log: Log, call: Call) => Promise<T>): Promise<T> {
    const service = await startService(readSettings({ ...this.environment(), PORT: '0' }), () => undefined);
    const app = await createApp(service);
    try {
      await app.listen(0, '127.0.0.1');
      return await work(service, service.ledger.byLogName('default') as Log, await callerOf(await app.getUrl(), await this.keys()));
    } finally {
      await app.close();
      await service.close();
    }
  }

  /** A server process of it. */
  serve(): Promise<ServerProcess> {
    return startServer('ours', this.environment());
  }

  /** By role. */
  async keys(): Promise<Record<string, string>> {
    return JSON.parse(await readFile(keysPath(this.folder), 'utf8')) as Record<string, string>;
  }

  /** Works with a connection of the cluster's superuser. */
  async connected<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ connectionString: this.environment().DATABASE_URL });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  private environment(): { DATABASE_URL: string; DATA_DIR: string } {
    const { DATABASE_URL = '' } = this.cluster.environment(this.database);
    return { DATABASE_URL, DATA_DIR: this.folder };
  }
}

/** What was said before is said again without harm: a broken-off run goes on. */
async function callerOf(url: string, keys: Record<string, string>): Promise<Call> {
  return async (method, path, role, body) => {
    for (;;) {
      const response = await fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${keys[role]}`, 'content-type': 'application/json' }, body: JSON.stringify(body) });
      const text = await response.text();
      if (response.ok || response.status === 409) return text;
      if (response.status !== 429 && response.status !== 503) throw new Error(`${method} ${path}: ${response.status} ${text}`);
      await sleep(200);
    }
  };
}
