import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAddressRange } from './http/trusted-proxies.ts';

/** Bounds on what is taken in. Each can be set by the environment; each refusal names its bound. */
export interface Limits {
  /** Bytes of one posted prediction. */
  maxBodyBytes: number;
  /** Bytes of one posted batch. */
  maxBatchBytes: number;
  maxBatchRecords: number;
  /** Levels of nesting in posted JSON. */
  maxDepth: number;
  /** Rows of one page of a list. */
  maxPageSize: number;
  /** Characters of a request's path and query. */
  maxUrlLength: number;
  /** Entries, and bytes, that may wait for one log's next commit. */
  maxQueueEntries: number;
  maxQueueBytes: number;
  /** Bytes that may wait in all logs together. */
  maxTotalQueueBytes: number;
  /** How long a request may take to arrive whole, and a connection may stay silent, in ms. */
  requestTimeoutMs: number;
}

/** Vault or OpenBao Transit, as key provider. */
export interface TransitSettings {
  /** https, or http on this machine; without a slash at the end. */
  address: string;
  /** One of the two is there. A token file is read again before each request, for agents renew it. */
  token: string | undefined;
  tokenFile: string | undefined;
  namespace: string | undefined;
  /** PEM certificates that alone are trusted to sign the server's. */
  caFile: string | undefined;
  mount: string;
  keyPrefix: string;
}

/** PEM files of what the server presents, and of what it checks clients by. */
export interface TlsSettings {
  cert: string;
  key: string;
  clientCa: string | undefined;
}

/** What the environment says, checked and with the defaults filled in. */
export interface Settings {
  host: string;
  port: number;
  dataDir: string;
  databaseUrl: string | undefined;
  runtimeDatabaseUrl: string | undefined;
  databasePoolSize: number;
  /** A file path, or a postgres:// URL where replicas share a log. */
  checkpointStore: string;
  logOrigin: string;
  policiesDir: string;
  /** A file of vkeys; undefined: policies come into force without signatures. */
  policySigners: string | undefined;
  keyProvider: 'file' | 'transit';
  /** Where the keys of the provider `file` are. */
  keyFile: string;
  /** Folder of what survived the end of epochs of keys, for restored databases. */
  keyExports: string;
  /** Folder that evidence bundles are made and kept in. */
  evidenceDir: string;
  /** Bundles that are made at the same time. */
  evidenceJobs: number;
  /** An epoch of keys in which something was erased ends after so many hours, every other one after so many days. */
  keyEpoch: { hours: number; maxDays: number };
  /** Set where `keyProvider` is `transit`. */
  transit: TransitSettings | undefined;
  logLevel: 'error' | 'warn' | 'info' | 'debug';
  publishIntervalMs: number;
  /** Undefined: TLS ends in front of the service. */
  tls: TlsSettings | undefined;
  /** How long a browser is to come by TLS alone, in seconds (RFC 6797); said where there is TLS. */
  hstsMaxAge: number;
  /** Addresses and ranges of proxies that say where a request came from, and by which certificate. */
  trustedProxies: readonly string[];
  limits: Limits;
}

/** One line that says which setting is wrong and why. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** A payload of 256 KiB, sealed, and room to spare: a queue that could never hold it would refuse it for ever. */
const LARGEST_RECORD = 512 * 1024;

const PACKAGE_ROOT = packageRoot(fileURLToPath(import.meta.url));

/** The folder of package.json, both from `src/` and from `dist/src/`. */
function packageRoot(file: string): string {
  return file.includes('/dist/src/') || file.includes('\\dist\\src\\') ? resolve(file, '../../..') : resolve(file, '../..');
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings from environment variables (see README.md, "Configuration").
 *
 * @throws SettingsError at the first value that cannot be used
 */
export function readSettings(env: Env): Settings {
  const dataDir = resolve(text(env, 'DATA_DIR', './data'));
  if (env['RUNTIME_DATABASE_URL'] !== undefined && env['DATABASE_URL'] === undefined) {
    throw new SettingsError('RUNTIME_DATABASE_URL is set without DATABASE_URL: set both, or neither for the embedded database');
  }
  const limits = readLimits(env);
  const keyProvider = choice(env, 'KEY_PROVIDER', ['file', 'transit'], 'file');
  return {
    host: text(env, 'HOST', '127.0.0.1'),
    port: integer(env, 'PORT', 3000, 0, 65_535),
    dataDir,
    databaseUrl: url(env, 'DATABASE_URL'),
    runtimeDatabaseUrl: url(env, 'RUNTIME_DATABASE_URL'),
    databasePoolSize: integer(env, 'DATABASE_POOL_SIZE', 10, 2, 1000),
    checkpointStore: checkpointStore(text(env, 'CHECKPOINT_STORE', resolve(dataDir, 'checkpoints.json'))),
    logOrigin: origin(text(env, 'LOG_ORIGIN', 'prediction-ledger.local')),
    policiesDir: resolve(text(env, 'POLICIES_DIR', resolve(PACKAGE_ROOT, 'policies'))),
    policySigners: env['POLICY_SIGNERS'] === undefined ? undefined : resolve(text(env, 'POLICY_SIGNERS', '')),
    keyProvider,
    keyFile: resolve(text(env, 'KEY_FILE', resolve(dataDir, 'key-encryption-keys.json'))),
    keyExports: resolve(text(env, 'KEY_EXPORTS', resolve(dataDir, 'key-exports'))),
    evidenceDir: resolve(text(env, 'EVIDENCE_DIR', resolve(dataDir, 'evidence'))),
    evidenceJobs: integer(env, 'EVIDENCE_JOBS', 1, 1, 16),
    keyEpoch: { hours: integer(env, 'KEY_EPOCH_HOURS', 24, 1, 8760), maxDays: integer(env, 'KEY_EPOCH_MAX_DAYS', 90, 1, 3650) },
    transit: readTransit(env, keyProvider === 'transit'),
    logLevel: choice(env, 'LOG_LEVEL', ['error', 'warn', 'info', 'debug'], 'info'),
    publishIntervalMs: integer(env, 'PUBLISH_INTERVAL_MS', 1000, 10, 600_000),
    tls: tls(env),
    hstsMaxAge: integer(env, 'HSTS_MAX_AGE', 31_536_000, 0, 100_000_000),
    trustedProxies: addresses(env, 'TRUSTED_PROXIES'),
    limits,
  };
}

function tls(env: Env): TlsSettings | undefined {
  const [cert, key, clientCa] = ['TLS_CERT', 'TLS_KEY', 'TLS_CLIENT_CA'].map((name) => (env[name] === undefined ? undefined : resolve(text(env, name, ''))));
  if (cert !== undefined && key !== undefined) return { cert, key, clientCa };
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  throw new SettingsError('TLS_CERT and TLS_KEY belong together, and TLS_CLIENT_CA needs both: set the ones that are missing');
}

function addresses(env: Env, name: string): string[] {
  const list = env[name]?.split(',').map((each) => each.trim()) ?? [];
  const wrong = list.find((each) => !isAddressRange(each));
  if (wrong !== undefined) throw new SettingsError(`${name}: ${JSON.stringify(wrong)} is neither an IP address nor a range such as 10.0.0.0/8`);
  return list;
}

function readLimits(env: Env): Limits {
  const limits = {
    maxBodyBytes: integer(env, 'MAX_BODY_BYTES', 512 * 1024, 1024, 64 * 1024 * 1024),
    maxBatchBytes: integer(env, 'MAX_BATCH_BYTES', 4 * 1024 * 1024, 1024, 256 * 1024 * 1024),
    maxBatchRecords: integer(env, 'MAX_BATCH_RECORDS', 1000, 1, 100_000),
    maxDepth: integer(env, 'MAX_DEPTH', 32, 4, 60),
    maxPageSize: integer(env, 'MAX_PAGE_SIZE', 1000, 1, 10_000),
    maxUrlLength: integer(env, 'MAX_URL_LENGTH', 4096, 256, 65_536),
    maxQueueEntries: integer(env, 'MAX_QUEUE_ENTRIES', 4096, 1, 1_000_000),
    maxQueueBytes: integer(env, 'MAX_QUEUE_BYTES', 32 * 1024 * 1024, LARGEST_RECORD, 1024 * 1024 * 1024),
    maxTotalQueueBytes: integer(env, 'MAX_TOTAL_QUEUE_BYTES', 128 * 1024 * 1024, LARGEST_RECORD, 4 * 1024 * 1024 * 1024),
    requestTimeoutMs: integer(env, 'REQUEST_TIMEOUT_MS', 30_000, 100, 3_600_000),
  };
  // Whoever sends a batch again that the queue cannot hold would hear for ever that it is full.
  if (limits.maxBatchRecords > limits.maxQueueEntries) throw new SettingsError('MAX_BATCH_RECORDS is larger than MAX_QUEUE_ENTRIES: a batch must find room in an empty queue');
  if (limits.maxBatchBytes > limits.maxQueueBytes) throw new SettingsError('MAX_BATCH_BYTES is larger than MAX_QUEUE_BYTES: a batch must find room in an empty queue');
  if (limits.maxQueueBytes > limits.maxTotalQueueBytes) throw new SettingsError('MAX_QUEUE_BYTES is larger than MAX_TOTAL_QUEUE_BYTES');
  return limits;
}

/** The variables are Vault's own where it has them. They may be set for other programs: without `isUsed` nothing is refused. */
function readTransit(env: Env, isUsed: boolean): TransitSettings | undefined {
  const token = env['VAULT_TOKEN'];
  const tokenFile = env['VAULT_TOKEN_FILE'];
  const rest = {
    namespace: env['VAULT_NAMESPACE'],
    caFile: env['VAULT_CACERT'],
    mount: env['TRANSIT_MOUNT'] ?? 'transit',
    keyPrefix: env['TRANSIT_KEY_PREFIX'] ?? 'prediction-ledger-',
  };
  const address = env['VAULT_ADDR'];
  if (!isUsed) return undefined;
  if (address === undefined) throw new SettingsError('KEY_PROVIDER=transit needs VAULT_ADDR, such as https://vault.example.com:8200');
  if ((token === undefined) === (tokenFile === undefined)) throw new SettingsError('KEY_PROVIDER=transit needs one of VAULT_TOKEN_FILE and VAULT_TOKEN');
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) throw new SettingsError('VAULT_TOKEN is empty or has characters that no token has');
  if (rest.namespace !== undefined && !/^[\w.-]+(\/[\w.-]+)*\/?$/.test(rest.namespace)) throw new SettingsError('VAULT_NAMESPACE is not a path such as team/ledger');
  if (!/^\w[\w.-]*(\/\w[\w.-]*)*$/.test(rest.mount)) throw new SettingsError('TRANSIT_MOUNT is not a path such as transit');
  if (!/^\w[\w.-]{0,99}$/.test(rest.keyPrefix)) throw new SettingsError('TRANSIT_KEY_PREFIX is not 1 to 100 letters, digits and . _ -, with a letter or digit first');
  return { ...rest, address: vaultAddress(address), token, tokenFile: path(tokenFile), caFile: path(rest.caFile) };

  function path(raw: string | undefined): string | undefined {
    if (raw?.trim() === '') throw new SettingsError('VAULT_TOKEN_FILE or VAULT_CACERT is empty: unset it or give it a path');
    return raw === undefined ? undefined : resolve(raw);
  }
}

/** Keys and the token travel to it: in the clear they do not leave this machine. */
function vaultAddress(raw: string): string {
  const parsed = URL.canParse(raw) ? new URL(raw) : undefined;
  const isLocal = parsed?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(parsed.hostname);
  if (parsed === undefined || !(parsed.protocol === 'https:' || isLocal)) {
    throw new SettingsError('VAULT_ADDR is not an https:// URL (http:// is for this machine alone, since keys would travel in the clear)');
  }
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '') throw new SettingsError('VAULT_ADDR holds more than scheme, host, port and path');
  return parsed.href.replace(/\/+$/, '');
}

function text(env: Env, name: string, fallback: string): string {
  const value = env[name] ?? fallback;
  if (value.trim() === '') throw new SettingsError(`${name} is empty: unset it or give it a value`);
  return value;
}

function integer(env: Env, name: string, fallback: number, min: number, max: number): number {
  const raw = env[name];
  if (raw === undefined) return fallback;
  const value = /^\d{1,15}$/.test(raw) ? Number(raw) : NaN;
  if (!(value >= min && value <= max)) {
    throw new SettingsError(`${name}=${JSON.stringify(raw)} is not a whole number from ${min} to ${max}`);
  }
  return value;
}

function choice<T extends string>(env: Env, name: string, choices: readonly T[], fallback: T): T {
  const raw = env[name] ?? fallback;
  const found = choices.find((each) => each === raw);
  if (found === undefined) throw new SettingsError(`${name}=${JSON.stringify(raw)} is not one of: ${choices.join(', ')}`);
  return found;
}

/** A connection URL may hold a password, so a refusal never repeats it. */
function url(env: Env, name: string): string | undefined {
  const raw = env[name];
  if (raw === undefined) return undefined;
  if (!isPostgresUrl(raw)) throw new SettingsError(`${name} is not a postgres:// URL`);
  return raw;
}

/** Whether the text is a URL that names a PostgreSQL database. */
export function isPostgresUrl(raw: string): boolean {
  return /^postgres(ql)?:\/\//.test(raw) && URL.canParse(raw);
}

function checkpointStore(raw: string): string {
  if (isPostgresUrl(raw)) return raw;
  if (/^[a-z]+:\/\//i.test(raw)) throw new SettingsError('CHECKPOINT_STORE is neither a file path nor a postgres:// URL');
  return isAbsolute(raw) ? raw : resolve(raw);
}

// c2sp.org/signed-note: a key name has no Unicode spaces and no plus; an origin is a schema-less URL.
function origin(raw: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9.:_/-]{0,199}$/.test(raw) || raw.includes('://') || raw.endsWith('/')) {
    throw new SettingsError(
      `LOG_ORIGIN=${JSON.stringify(raw)} is not a schema-less URL such as ledger.example.com (letters, digits, . : _ / -)`,
    );
  }
  return raw;
}
