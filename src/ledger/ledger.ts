import { toHex } from '../core/bytes.ts';
import type { TenantPool } from '../database/tenant-pool.ts';
import { AppendError } from './append-error.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { Clock } from './clock.ts';
import type { ClockMonitor } from './clock-monitor.ts';
import { declareRecoveries } from './declare-recovery.ts';
import { draftSystemEntry } from './draft.ts';
import type { Log } from './log.ts';
import type { LogKeyFolder } from './log-key.ts';
import { openLog } from './open-log.ts';
import { insertLog, readLogs, type LogRow } from './log-row.ts';
import type { LogStore } from './log-store.ts';
import type { TileCache } from './tile-cache.ts';
import type { QueueBudget, QueueLimits } from './pending-queue.ts';
import { activated, activationOf, checkSequence } from './policy-activation.ts';
import type { PolicyBundle } from './policy-bundle.ts';
import type { SignedPolicy } from './policy-signature.ts';
import type { LogVault } from '../vault/log-vault.ts';

export interface LedgerOptions {
  pool: TenantPool;
  store: LogStore;
  /** Shared by all logs. */
  tileCache: TileCache;
  checkpointStore: CheckpointStore;
  keys: LogKeyFolder;
  clock: Clock;
  clockMonitor: ClockMonitor;
  policy: PolicyBundle;
  /** The signatures on it, verified; undefined where none are asked for. */
  signedPolicy?: SignedPolicy | undefined;
  logOrigin: string;
  limits: QueueLimits;
  budget: QueueBudget;
  publishIntervalMs: number;
  patienceMs: number;
  vaultOf: (row: LogRow) => Promise<LogVault>;
  onCommit: (entries: number, ms: number) => void;
  say: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** As the database has it. */
const MAX_NAME_LENGTH = 63;

/** All logs of this service: opened with every check at start, published on an interval, closed in order. */
export class Ledger {
  readonly options: LedgerOptions;
  private readonly byName = new Map<string, Log>();
  private readonly byTenant = new Map<number, Log>();
  private timer: NodeJS.Timeout | undefined;
  private publishing: Promise<unknown> = Promise.resolve();
  /** What keeps checkpoints from being published: a log's name, or '' for all of them. */
  private readonly hindered = new Set<string>();

  constructor(options: LedgerOptions) {
    this.options = options;
  }

  /** Opens every log that the database has. A log that must not append is opened for reading and says why. */
  async start(): Promise<void> {
    const rows = await readLogs(this.options.pool);
    const succeeded = new Set(rows.map((row) => row.predecessor));
    for (const row of rows) await this.open(row, succeeded.has(row.id));
    this.timer = setInterval(() => this.publishAll(), this.options.publishIntervalMs);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.publishing;
    // What was acknowledged is published before the process ends, where that can be done.
    await Promise.all(this.logs.map((log) => log.close().then(() => this.publish(log))));
  }

  /** The log of that name, if there is one. */
  byLogName(name: string): Log | undefined {
    return this.byName.get(name);
  }

  /** The tenant's present log. Precondition: the tenant exists. */
  ofTenant(tenant: number): Log {
    const log = this.byTenant.get(tenant);
    if (log === undefined) throw new Error(`tenant ${tenant} has no log`);
    return log;
  }

  get logs(): readonly Log[] {
    return [...this.byName.values()];
  }

  /** Whether the policy bundle in force on a log is this replica's. */
  async hasPolicyOf(log: Log): Promise<boolean> {
    const { policy } = await log.readHead();
    return policy !== undefined && this.options.policy.is(policy);
  }

  /** Makes a tenant and its log, unless they are there; its first entry says who it is. */
  async createLog(tenantName: string, name: string, open: boolean, predecessor?: Log): Promise<Log> {
    const origin = `${this.options.logOrigin}/logs/${name}`;
    const { vkey } = await this.options.keys.readOrCreate(name, origin);
    await insertLog(this.options.pool, { tenantName, name, origin, open, vkey, predecessor: predecessor?.row.id });
    const row = (await readLogs(this.options.pool)).find((each) => each.name === name);
    if (row?.tenantName !== tenantName || row.predecessor !== predecessor?.row.id) throw new Error(`the name ${name} belongs to another log`);
    return this.byName.get(name) ?? this.open(row, false);
  }

  /** Opens a new log in the place of one that had to stop; its first entry names the old one's origin, size and root. */
  async succeed(log: Log): Promise<Log> {
    const { tenantName, open } = log.row;
    return this.createLog(tenantName, this.nameAfter(log), open, log);
  }

  /** The first log's name and a number; another tenant may have taken the first that comes to mind. */
  private nameAfter(log: Log): string {
    const first = log.succession.at(-1)?.row.name ?? log.row.name;
    for (let number = log.succession.length + 1; ; number++) {
      const name = `${first.slice(0, MAX_NAME_LENGTH - 1 - String(number).length)}-${number}`;
      const taken = this.byName.get(name);
      if (taken === undefined || taken.row.predecessor === log.row.id) return name;
    }
  }

  private async open(row: LogRow, isSucceeded: boolean): Promise<Log> {
    const expected = `${this.options.logOrigin}/logs/${row.name}`;
    if (row.origin !== expected) {
      throw new AppendError('log-stopped', `log ${row.name} was created with origin ${row.origin}, but LOG_ORIGIN now gives ${expected}: set it back`);
    }
    const predecessor = this.logs.find((log) => log.row.id === row.predecessor);
    const log = await openLog(row, predecessor, this.options);
    this.byName.set(row.name, log);
    // Logs come oldest first: a successor takes its predecessor's place.
    this.byTenant.set(row.tenant, log);
    if (log.stopped === undefined && !isSucceeded) await this.begin(log, predecessor);
    return log;
  }

  /** Brings the log's first entry in, this replica's policy bundle into force, and the word on a tail that was brought back. */
  private async begin(log: Log, predecessor: Log | undefined): Promise<void> {
    const head = await log.readHead();
    const { policy } = this.options;
    if (head.size === 0) {
      const { row } = log;
      const vkey = row.keys[0]?.vkey ?? '';
      const opened = { tenant: row.tenantName, log: row.name, origin: row.origin, open: row.open, vkey, predecessor: predecessor === undefined ? null : await this.endOf(predecessor) };
      await log.append({ ...draftSystemEntry(log.vault, { type: 'log-opened', v: 1, body: opened }), policy: policy.digest });
    }
    if (head.policy === undefined || !policy.is(head.policy)) {
      const { signedPolicy, pool } = this.options;
      if (signedPolicy !== undefined && head.policy !== undefined) await checkSequence(pool, log.row, log.vault, signedPolicy);
      await log.append({ ...draftSystemEntry(log.vault, activationOf(policy, signedPolicy)), policy: policy.digest, ...activated(policy.digest) });
    }
    await declareRecoveries(this.options.pool, log);
  }

  /** The last state of a log that it vouched for: what it signed, or what is there where the checkpoint store was lost. */
  private async endOf(log: Log): Promise<{ origin: string; size: number; root: string }> {
    const { origin } = log.row;
    const stored = await this.options.checkpointStore.read(origin).catch(() => undefined);
    if (stored !== undefined) return { origin, ...stored };
    const head = await log.readHead();
    return { origin, size: head.size, root: toHex(head.range.root()) };
  }

  /** Publishes every log that has grown; one query finds them, however many logs there are. */
  private publishAll(): void {
    this.publishing = this.grownLogs()
      .then((logs) => Promise.all(logs.map((log) => this.publish(log))))
      .then(() => this.hindered.delete(''))
      .catch((error: unknown) => this.complain('', `no checkpoints: ${describe(error)}`));
  }

  /** Says a hindrance once for as long as it lasts, not at every interval. */
  private complain(what: string, complaint: string): void {
    if (!this.hindered.has(what)) this.options.say('warn', complaint);
    this.hindered.add(what);
  }

  private async grownLogs(): Promise<Log[]> {
    const { rows } = await this.options.pool.query<{ log: number; size: number; vault: number }>('select log, size, vault from log_head');
    // A replica that appends nothing forgets erased keys too.
    const versions = new Map(rows.map(({ log, vault }) => [log, vault]));
    for (const { row, vault } of this.logs) {
      const version = versions.get(row.id) ?? 0;
      if (vault.version < version) await vault.renew(version);
    }
    const sizes = new Map(rows.map(({ log, size }) => [log, size]));
    // Grown, or shrunk: then publishing finds out why.
    return this.logs.filter((log) => sizes.get(log.row.id) !== log.publisher.latest?.size);
  }

  private async publish(log: Log): Promise<void> {
    try {
      if (log.stopped === undefined) await log.publisher.publish();
      else await log.publisher.refresh();
      this.hindered.delete(log.row.name);
    } catch (error) {
      // A stop has been said already; a database that is away is waited for.
      if (!(error instanceof AppendError)) this.complain(log.row.name, `log ${log.row.name}: no checkpoint: ${describe(error)}`);
    }
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
