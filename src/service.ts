import { mkdir } from 'node:fs/promises';
import { sealAccessTotals } from './access/access-totals.ts';
import { AccessTrail } from './access/access-trail.ts';
import type { AuthenticationFailures } from './access/authentication-failures.ts';
import { Authenticator } from './access/authenticator.ts';
import { bootstrap } from './access/bootstrap.ts';
import { ClientCertificates } from './access/client-certificate.ts';
import { CredentialPolicy } from './access/credential-policy.ts';
import { readProviders } from './access/provider-policy.ts';
import { FailureTally } from './access/failure-tally.ts';
import { HeldDecisions, sealHeldDecisions } from './access/held-decisions.ts';
import { Roles } from './access/roles.ts';
import { TokenVerifier } from './access/verify-token.ts';
import { classesOfContracts } from './contracts/class-of-contract.ts';
import { Contracts } from './contracts/contracts.ts';
import { bundleParts } from './evidence/bundle-parts.ts';
import { EvidenceDesk } from './evidence/evidence-desk.ts';
import { EvidenceKeys } from './evidence/evidence-key.ts';
import { EvidenceOffice } from './evidence/evidence-office.ts';
import { EvidencePolicy } from './evidence/evidence-policy.ts';
import { Frameworks } from './evidence/frameworks.ts';
import { lockDataDir } from './database/data-dir-lock.ts';
import { openDatabase, type Database } from './database/database.ts';
import { readSecureOptions } from './http/transport.ts';
import { settleHeap } from './heap.ts';
import { TrustedProxies } from './http/trusted-proxies.ts';
import { Metrics } from './http/metrics.ts';
import { systemClock, type Clock } from './ledger/clock.ts';
import { ClockMonitor } from './ledger/clock-monitor.ts';
import { Ledger } from './ledger/ledger.ts';
import { LogKeyFolder } from './ledger/log-key.ts';
import type { LogRow } from './ledger/log-row.ts';
import { installNativeSha256 } from './ledger/native-sha256.ts';
import { MinuteSealing } from './ledger/minute-sealing.ts';
import { QueueBudget } from './ledger/pending-queue.ts';
import { PolicyBundle } from './ledger/policy-bundle.ts';
import { readSignedPolicy } from './ledger/policy-signature.ts';
import { readPolicySigners } from './ledger/policy-signers.ts';
import { openCheckpointStore } from './ledger/open-checkpoint-store.ts';
import { PostgresLogStore } from './ledger/postgres-log-store.ts';
import { Tally } from './ledger/tally.ts';
import { TileCache } from './ledger/tile-cache.ts';
import { ReplayPolicy } from './lineage/replay-policy.ts';
import { ModelServing } from './models/serving.ts';
import { ServingPolicy } from './models/serving-policy.ts';
import { refuseUnreadFiles } from './policy-files.ts';
import { expireQuarantine } from './predictions/expire-quarantine.ts';
import { sealIntakeTotals } from './predictions/intake-totals.ts';
import { applyJournal, settleJournal } from './retention/apply-journal.ts';
import { DailyRetention } from './retention/daily-retention.ts';
import { journalErasure } from './retention/journal-erasure.ts';
import { PrivacyDesk } from './retention/privacy-desk.ts';
import { PrivacyPolicy } from './retention/privacy-policy.ts';
import type { Settings } from './settings.ts';
import { Problem } from './http/problem.ts';
import { JournalError } from './vault/journal-error.ts';
import type { LogVault } from './vault/log-vault.ts';
import { bringBackAllKeys } from './vault/bring-back-all.ts';
import type { EpochOffice } from './vault/end-epoch.ts';
import { EndsEpochs } from './vault/ends-epochs.ts';
import { EpochSchedule } from './vault/epoch-schedule.ts';
import { openErasureJournal } from './vault/open-erasure-journal.ts';
import { openVault } from './vault/open-vault.ts';

/** How long a request waits for a database that is away, in ms. */
const PATIENCE_MS = 5000;
/** Logs that commit at the same moment; further ones take turns. */
const APPEND_CONNECTIONS = 4;
/** Replicas that start at once make the default log one after another. Any number, the same everywhere. */
const BOOTSTRAP_LOCK = 7_301_502;

export type Say = (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;

/** What tests and benchmarks may put in place of a part. */
export interface Overrides {
  clock?: Clock;
  vaultOf?: (row: LogRow) => Promise<LogVault>;
  /** Counts are sealed when `sealing.seal` is called, and epochs of keys end at `epochSchedule.look`, not as time passes. */
  sealByHand?: boolean;
}

/** Everything behind HTTP, started. */
export interface Service {
  settings: Settings;
  say: Say;
  database: Database;
  ledger: Ledger;
  roles: Roles;
  contracts: Contracts;
  frameworks: Frameworks;
  policy: PolicyBundle;
  replays: ReplayPolicy;
  credentialPolicy: CredentialPolicy;
  authenticator: Authenticator;
  clockMonitor: ClockMonitor;
  metrics: Metrics;
  tally: Tally;
  trail: AccessTrail;
  failures: AuthenticationFailures;
  sealing: MinuteSealing;
  privacyDesk: PrivacyDesk;
  models: ModelServing;
  endsEpochs: EndsEpochs;
  evidence: EvidenceOffice;
  epochSchedule: EpochSchedule;
  /** Ends in order: no new appends, the last counts and checkpoints, the connections, an embedded PostgreSQL. */
  close(): Promise<void>;
}

/** Starts all that stands behind HTTP. @throws an error with a one-line message when something refuses to start */
export async function startService(settings: Settings, say: Say, overrides: Overrides = {}): Promise<Service> {
  settleHeap();
  installNativeSha256();
  if (settings.tls !== undefined) readSecureOptions(settings.tls);
  const policy = await PolicyBundle.read(settings.policiesDir);
  const signedPolicy = settings.policySigners === undefined ? undefined : await readSignedPolicy(settings.policiesDir, policy, await readPolicySigners(settings.policySigners));
  const contracts = new Contracts(policy);
  const roles = new Roles(policy, classesOfContracts(contracts));
  const frameworks = new Frameworks(policy);
  const evidencePolicy = new EvidencePolicy(policy, frameworks);
  const credentialPolicy = new CredentialPolicy(policy, roles);
  const providers = readProviders(policy, roles);
  const privacy = new PrivacyPolicy(policy);
  const serving = new ServingPolicy(policy);
  const replays = new ReplayPolicy(policy);
  refuseUnreadFiles(policy);
  await mkdir(settings.dataDir, { recursive: true, mode: 0o700 });
  const database = await openDatabase({
    dataDir: settings.dataDir,
    databaseUrl: settings.databaseUrl,
    runtimeDatabaseUrl: settings.runtimeDatabaseUrl,
    poolSize: settings.databasePoolSize,
    log: say,
  });
  const closing: (() => Promise<void>)[] = [() => database.close()];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    // An embedded PostgreSQL has locked the folder. Elsewhere, too, one process alone writes its checkpoint store and keys.
    if (settings.databaseUrl !== undefined) {
      const lock = await lockDataDir(settings.dataDir, say);
      closing.push(() => lock.release());
    }
    const checkpointStore = await openCheckpointStore(settings.checkpointStore);
    closing.push(() => checkpointStore.close());
    const { pool } = database;
    const clock = overrides.clock ?? systemClock;
    const clockMonitor = new ClockMonitor(clock, () => databaseNow(database), (message) => say('warn', message));
    await clockMonitor.start();
    closing.push(async () => clockMonitor.stop());
    const journal = openErasureJournal(settings.checkpointStore);
    closing.push(() => journal.close());
    await bringBackAllKeys(database, { journal, exports: settings.keyExports, say });
    const vault = await openVault(settings, database);
    const vaultOf = overrides.vaultOf ?? ((row: LogRow) => vault.of(row));
    // A restored database is told what was erased before anything of it is read.
    const applied = await applyJournal({ owner: database.owner, journal, contracts, vaultOf, say });
    const metrics = new Metrics();
    const ledger = new Ledger({
      pool,
      tileCache: new TileCache(),
      store: new PostgresLogStore(pool, database.newPool(APPEND_CONNECTIONS)),
      checkpointStore,
      keys: new LogKeyFolder(settings.dataDir),
      clock,
      clockMonitor,
      policy,
      signedPolicy,
      logOrigin: settings.logOrigin,
      limits: settings.limits,
      budget: new QueueBudget(settings.limits.maxTotalQueueBytes),
      publishIntervalMs: settings.publishIntervalMs,
      patienceMs: PATIENCE_MS,
      vaultOf,
      onCommit: metrics.onCommit,
      say,
    });
    metrics.watch(ledger);
    closing.push(() => ledger.close());
    await ledger.start();
    await bootstrap(ledger, pool, settings.dataDir, (work) => serially(database, work));
    await settleJournal({ owner: database.owner, journal }, ledger, applied);
    const tally = new Tally({ pool, patienceMs: PATIENCE_MS, say });
    closing.push(() => tally.close());
    const failures = new FailureTally(tally, ledger);
    const authenticator = new Authenticator({
      pool,
      policy: credentialPolicy,
      failures,
      tokens: new TokenVerifier(providers),
      certificates: new ClientCertificates(new TrustedProxies(settings.trustedProxies)),
      logOf: (tenant) => ledger.ofTenant(tenant),
    });
    const trail = new AccessTrail(tally, new HeldDecisions());
    const sealing = new MinuteSealing({ pool, ledger, clock, sealers: [sealHeldDecisions, sealIntakeTotals, sealAccessTotals, expireQuarantine], say });
    closing.push(() => sealing.close());
    if (overrides.sealByHand !== true) sealing.start();
    const office: EpochOffice = { pool, lockPool: database.newPool(1), vault, journal, exports: settings.keyExports };
    const epochSchedule = new EpochSchedule(office, ledger, settings.keyEpoch, say);
    closing.push(() => epochSchedule.close());
    if (overrides.sealByHand !== true) epochSchedule.start();
    const privacyDesk = new PrivacyDesk({ contracts, policy: privacy, onErased: async (log, request) => journalErasure(journal, log, request).catch((error: unknown) => {
      throw error instanceof JournalError ? new Problem('not-journalled', error.message, { retryAfterMs: 1000 }) : error;
    }) });
    const retention = new DailyRetention({ pool, ledger, contracts, say });
    closing.push(() => retention.close());
    if (overrides.sealByHand !== true) retention.start();
    const models = new ModelServing(serving, clock);
    const evidenceKeys = new EvidenceKeys(settings.dataDir);
    const desk = new EvidenceDesk({
      pool, ledger, frameworks, contracts, roles, policy, evidencePolicy, say, folder: settings.evidenceDir,
      partsOf: (log) => bundleParts(log, evidenceKeys, clock),
    });
    const evidence = new EvidenceOffice(desk, settings.evidenceJobs);
    closing.push(() => evidence.close());
    await evidence.start(overrides.sealByHand !== true);
    return { models, evidence, replays, endsEpochs: new EndsEpochs(office), epochSchedule, settings, say, database, contracts, frameworks, policy, privacyDesk, ledger, roles, credentialPolicy, authenticator, clockMonitor, metrics, tally, trail, failures, sealing, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function databaseNow(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ now: number }>('select (extract(epoch from clock_timestamp()) * 1000)::float8 as now');
  return rows[0]?.now ?? NaN;
}

async function serially(database: Database, work: () => Promise<void>): Promise<void> {
  const client = await database.pool.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [BOOTSTRAP_LOCK]);
    await work();
  } finally {
    await client.query('select pg_advisory_unlock($1)', [BOOTSTRAP_LOCK]).finally(() => client.release());
  }
}
