import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatabase, dropDatabase, type Cluster } from './cluster.ts';
import { COUNT_ROWS } from './contestants.ts';
import type { LoadOptions, LoadResult } from './load-options.ts';
import { runLoad } from './load-process.ts';
import type { Times } from './measure.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import { checkStored } from './stored.ts';

export const SINGLE_PATH = '/v1/predictions';
export const BATCH_PATH = '/v1/predictions/batch';

/** One log of ours, in a database and a folder that last until `remove`; its server may be started again and again. */
export class OwnServer {
  readonly #cluster: Cluster;
  readonly #database: string;
  readonly #folder: string;
  #running: ServerProcess | undefined;
  #acknowledged = 0;
  #unanswered = 0;

  private constructor(cluster: Cluster, database: string, folder: string) {
    this.#cluster = cluster;
    this.#database = database;
    this.#folder = folder;
  }

  static async create(cluster: Cluster, database: string): Promise<OwnServer> {
    await createDatabase(cluster, database);
    const own = new OwnServer(cluster, database, await mkdtemp(join(cluster.scratch, 'log-')));
    await own.start();
    return own;
  }

  /** @throws Error while it is stopped */
  get server(): ServerProcess {
    if (this.#running === undefined) throw new Error('the server is stopped');
    return this.#running;
  }

  async start(): Promise<void> {
    this.#running ??= await startServer('ours', { ...this.#cluster.environment(this.#database), DATA_DIR: this.#folder });
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await dropDatabase(this.#cluster, this.#database);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Appends about so many predictions, in batches; gives `sampleShare` of their ids, chosen at random. */
  async fill(records: number, sampleShare: number): Promise<string[]> {
    const batch = Math.min(1000, Math.ceil(records / 10));
    const work = { kind: 'append' as const, path: BATCH_PATH, batch, subjects: 'recurring' as const };
    const { sampledIds } = await this.load({ connections: 2, work, warmSeconds: 0, seconds: 0, records, sampleShare });
    return sampledIds;
  }

  /** Single predictions over so many connections. */
  append(connections: number, { warmSeconds, seconds }: Times): Promise<LoadResult> {
    return this.load({ connections, work: { kind: 'append', path: SINGLE_PATH, batch: 1, subjects: 'recurring' }, warmSeconds, seconds });
  }

  /** Gets of the paths, chosen at random, over one connection. */
  async read(paths: readonly string[], { warmSeconds, seconds }: Times): Promise<LoadResult> {
    const pathsFile = join(this.#folder, 'paths.json');
    await writeFile(pathsFile, JSON.stringify(paths));
    return this.load({ connections: 1, work: { kind: 'read', pathsFile }, warmSeconds, seconds });
  }

  /** Any load; what was acknowledged to it is remembered. */
  async load(options: Omit<LoadOptions, 'port' | 'key'>): Promise<LoadResult> {
    const { port, key } = this.server;
    const result = await runLoad({ port, key, ...options });
    if (options.work.kind === 'append') {
      this.#acknowledged += result.acknowledged;
      this.#unanswered += result.unanswered;
    }
    return result;
  }

  /** @throws Error when the log holds anything else than the predictions that were acknowledged */
  checkStored(): Promise<void> {
    return checkStored(this.#cluster.environment(this.#database), COUNT_ROWS, this.#acknowledged, this.#unanswered);
  }
}
