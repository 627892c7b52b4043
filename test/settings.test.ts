import { describe, expect, test } from '@jest/globals';
import { isAbsolute, join } from 'node:path';
import { readSettings, SettingsError, type Limits } from '../src/settings.ts';

const SECRET = 's3cret-in-the-url';

function refusal(env: Record<string, string>): string {
  try {
    readSettings(env);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  throw new Error('the settings were taken');
}

describe('without any variable', () => {
  const settings = readSettings({});

  test('the service listens on this machine alone, and keeps everything below ./data', () => {
    expect(settings).toMatchObject({ host: '127.0.0.1', port: 3000, databaseUrl: undefined, runtimeDatabaseUrl: undefined, logLevel: 'info', publishIntervalMs: 1000, keyProvider: 'file', transit: undefined });
    expect(settings.dataDir).toBe(join(process.cwd(), 'data'));
    expect(settings.checkpointStore).toBe(join(process.cwd(), 'data', 'checkpoints.json'));
    expect(settings.policiesDir).toBe(join(process.cwd(), 'policies'));
  });

  test('every limit has a value', () => {
    expect(settings.limits).toEqual({
      maxBodyBytes: 524_288,
      maxBatchBytes: 4_194_304,
      maxBatchRecords: 1000,
      maxDepth: 32,
      maxPageSize: 1000,
      maxUrlLength: 4096,
      maxQueueEntries: 4096,
      maxQueueBytes: 33_554_432,
      maxTotalQueueBytes: 134_217_728,
      requestTimeoutMs: 30_000,
    } satisfies Limits);
  });
});

describe('what is set is taken', () => {
  test('paths become absolute, whatever the working folder', () => {
    const { dataDir, policiesDir, checkpointStore } = readSettings({ DATA_DIR: 'd', POLICIES_DIR: 'p/../q', CHECKPOINT_STORE: 'c.json' });
    expect([dataDir, policiesDir, checkpointStore].every(isAbsolute)).toBe(true);
    expect(policiesDir).toBe(join(process.cwd(), 'q'));
  });

  test('the checkpoint store goes with the data, unless it is set', () => {
    expect(readSettings({ DATA_DIR: '/var/d' }).checkpointStore).toBe('/var/d/checkpoints.json');
    expect(readSettings({ CHECKPOINT_STORE: 'postgres://u:p@h/db' }).checkpointStore).toBe('postgres://u:p@h/db');
  });

  test.each(['ledger.example.com', 'ledger.example.com:8443/eu', 'a', '10.0.0.1'])('LOG_ORIGIN=%s', (value) => {
    expect(readSettings({ LOG_ORIGIN: value }).logOrigin).toBe(value);
  });

  test('PORT=0 asks for any free port', () => {
    expect(readSettings({ PORT: '0' }).port).toBe(0);
  });
});

// Variable → smallest and largest value.
const INTEGERS: [name: string, min: number, max: number][] = [
  ['PORT', 0, 65_535],
  ['DATABASE_POOL_SIZE', 2, 1000],
  ['PUBLISH_INTERVAL_MS', 10, 600_000],
  ['MAX_BODY_BYTES', 1024, 67_108_864],
  ['MAX_BATCH_BYTES', 1024, 268_435_456],
  ['MAX_BATCH_RECORDS', 1, 100_000],
  ['MAX_DEPTH', 4, 60],
  ['MAX_PAGE_SIZE', 1, 10_000],
  ['MAX_URL_LENGTH', 256, 65_536],
  ['MAX_QUEUE_ENTRIES', 1, 1_000_000],
  ['MAX_QUEUE_BYTES', 524_288, 1_073_741_824],
  ['MAX_TOTAL_QUEUE_BYTES', 524_288, 4_294_967_296],
  ['REQUEST_TIMEOUT_MS', 100, 3_600_000],
];

describe('a number out of its range, or no number, is refused by name, value and range', () => {
  test.each(INTEGERS)('%s', (name, min, max) => {
    for (const value of [String(min - 1), String(max + 1), '', ' ', '1.5', '1e3', '0x10', '+5', '-1', 'many', '1000 ', '1_000', '١٠', '9'.repeat(400)]) {
      const message = refusal({ [name]: value });
      expect(message).toBe(`${name}=${JSON.stringify(value)} is not a whole number from ${min} to ${max}`);
    }
  });

  // Room for the limits that a limit is measured against.
  const WIDE = { MAX_QUEUE_ENTRIES: '1000000', MAX_QUEUE_BYTES: '1073741824', MAX_TOTAL_QUEUE_BYTES: '4294967296' };
  const NARROW = { MAX_BATCH_RECORDS: '1', MAX_BATCH_BYTES: '1024', MAX_QUEUE_BYTES: '524288' };
  test.each(INTEGERS)('%s at its ends is taken', (name, min, max) => {
    expect(() => readSettings({ ...NARROW, [name]: String(min) })).not.toThrow();
    expect(() => readSettings({ ...WIDE, [name]: String(max) })).not.toThrow();
  });
});

describe('what cannot be used is refused in one line that says which and why', () => {
  test.each([
    ['HOST', '', 'HOST is empty'],
    ['HOST', ' ', 'HOST is empty'],
    ['DATA_DIR', '', 'DATA_DIR is empty'],
    ['POLICIES_DIR', '', 'POLICIES_DIR is empty'],
    ['CHECKPOINT_STORE', '', 'CHECKPOINT_STORE is empty'],
    ['LOG_ORIGIN', '', 'LOG_ORIGIN is empty'],
    ['LOG_ORIGIN', 'https://ledger.example.com', 'schema-less URL'],
    ['LOG_ORIGIN', 'ledger.example.com/', 'schema-less URL'],
    ['LOG_ORIGIN', 'a b', 'schema-less URL'],
    ['LOG_ORIGIN', 'a+b', 'schema-less URL'],
    ['LOG_ORIGIN', 'ä', 'schema-less URL'],
    ['LOG_ORIGIN', 'a\nb', 'schema-less URL'],
    ['LOG_ORIGIN', '/a', 'schema-less URL'],
    ['LOG_ORIGIN', 'a'.repeat(201), 'schema-less URL'],
    ['KEY_PROVIDER', 'vault', 'is not one of: file, transit'],
    ['LOG_LEVEL', 'verbose', 'is not one of: error, warn, info, debug'],
    ['LOG_LEVEL', '', 'is not one of'],
    ['LOG_LEVEL', 'INFO', 'is not one of'],
  ])('%s=%p', (name, value, why) => {
    const message = refusal({ [name]: value });
    expect(message).toMatch(new RegExp(`^${name}[= ]`));
    expect(message).toContain(why);
    expect(message).not.toContain('\n');
  });

  test.each(['DATABASE_URL', 'RUNTIME_DATABASE_URL', 'CHECKPOINT_STORE'])('%s: the refusal never repeats a URL, for it may hold a password', (name) => {
    const rest = name === 'RUNTIME_DATABASE_URL' ? { DATABASE_URL: 'postgres://h/db' } : {};
    for (const value of [`mysql://u:${SECRET}@h/db`, `http://u:${SECRET}@h`, `postgres://u:${SECRET}@h:port/db`, `postgres://u:${SECRET}#@h/db`]) {
      const message = refusal({ ...rest, [name]: value });
      expect(message).toContain(name);
      expect(message).not.toContain(SECRET);
      expect(message).not.toContain('\n');
    }
  });

  test.each(['', 'localhost/db', 'host=localhost', '/var/run/postgresql', 'Postgres://h/db'])('DATABASE_URL=%p', (value) => {
    expect(refusal({ DATABASE_URL: value })).toBe('DATABASE_URL is not a postgres:// URL');
  });
});

describe('settings that contradict each other are refused', () => {
  test.each([
    [{ RUNTIME_DATABASE_URL: `postgres://u:${SECRET}@h/db` }, 'RUNTIME_DATABASE_URL is set without DATABASE_URL'],
    [{ MAX_BATCH_RECORDS: '5000' }, 'MAX_BATCH_RECORDS is larger than MAX_QUEUE_ENTRIES'],
    [{ MAX_BATCH_BYTES: '67108864' }, 'MAX_BATCH_BYTES is larger than MAX_QUEUE_BYTES'],
    [{ MAX_QUEUE_BYTES: '268435456' }, 'MAX_QUEUE_BYTES is larger than MAX_TOTAL_QUEUE_BYTES'],
  ])('%p', (env, why) => {
    const message = refusal(env);
    expect(message).toContain(why);
    expect(message).not.toContain(SECRET);
  });
});

describe('KEY_PROVIDER=transit', () => {
  const env = { KEY_PROVIDER: 'transit', VAULT_ADDR: 'https://vault.example.com:8200/', VAULT_TOKEN: SECRET };

  test('takes Vault’s own variables', () => {
    expect(readSettings(env).transit).toEqual({ address: 'https://vault.example.com:8200', token: SECRET, tokenFile: undefined, namespace: undefined, caFile: undefined, mount: 'transit', keyPrefix: 'prediction-ledger-' });
    const { VAULT_TOKEN: _, ...rest } = env;
    expect(readSettings({ ...rest, VAULT_ADDR: 'https://h/behind/a/proxy', VAULT_TOKEN_FILE: '/run/token', VAULT_NAMESPACE: 'team/ledger', VAULT_CACERT: 'ca.pem', TRANSIT_MOUNT: 'kms/transit', TRANSIT_KEY_PREFIX: 'eu-' }).transit).toEqual({
      address: 'https://h/behind/a/proxy', token: undefined, tokenFile: '/run/token', namespace: 'team/ledger', caFile: join(process.cwd(), 'ca.pem'), mount: 'kms/transit', keyPrefix: 'eu-',
    });
  });

  test.each(['http://127.0.0.1:8200', 'http://localhost:8200', 'http://[::1]:8200'])('VAULT_ADDR=%s is this machine', (address) => {
    expect(readSettings({ ...env, VAULT_ADDR: address }).transit?.address).toBe(address);
  });

  test.each([
    [{ VAULT_ADDR: undefined }, 'KEY_PROVIDER=transit needs VAULT_ADDR'],
    [{ VAULT_ADDR: '' }, 'VAULT_ADDR is not an https:// URL'],
    [{ VAULT_ADDR: 'vault.example.com:8200' }, 'VAULT_ADDR is not an https:// URL'],
    [{ VAULT_ADDR: 'http://vault.example.com:8200' }, 'VAULT_ADDR is not an https:// URL'],
    [{ VAULT_ADDR: 'http://127.0.0.1.example.com' }, 'VAULT_ADDR is not an https:// URL'],
    [{ VAULT_ADDR: `https://u:${SECRET}@vault.example.com` }, 'VAULT_ADDR holds more than'],
    [{ VAULT_ADDR: `https://vault.example.com/?token=${SECRET}` }, 'VAULT_ADDR holds more than'],
    [{ VAULT_TOKEN: undefined }, 'needs one of VAULT_TOKEN_FILE and VAULT_TOKEN'],
    [{ VAULT_TOKEN_FILE: '/run/token' }, 'needs one of VAULT_TOKEN_FILE and VAULT_TOKEN'],
    [{ VAULT_TOKEN: `${SECRET} ` }, 'VAULT_TOKEN is empty or has characters that no token has'],
    [{ VAULT_TOKEN: '' }, 'VAULT_TOKEN is empty'],
    [{ VAULT_TOKEN: undefined, VAULT_TOKEN_FILE: ' ' }, 'is empty: unset it or give it a path'],
    [{ VAULT_NAMESPACE: 'a b' }, 'VAULT_NAMESPACE is not a path'],
    [{ VAULT_NAMESPACE: 'a\nb' }, 'VAULT_NAMESPACE is not a path'],
    [{ VAULT_CACERT: '' }, 'is empty'],
    [{ TRANSIT_MOUNT: '' }, 'TRANSIT_MOUNT is not a path'],
    [{ TRANSIT_MOUNT: '/transit' }, 'TRANSIT_MOUNT is not a path'],
    [{ TRANSIT_MOUNT: 'transit?x' }, 'TRANSIT_MOUNT is not a path'],
    [{ TRANSIT_KEY_PREFIX: '' }, 'TRANSIT_KEY_PREFIX is not'],
    [{ TRANSIT_KEY_PREFIX: 'a/b' }, 'TRANSIT_KEY_PREFIX is not'],
    [{ TRANSIT_KEY_PREFIX: '-a' }, 'TRANSIT_KEY_PREFIX is not'],
  ])('%p is refused', (changed, why) => {
    const message = refusal(Object.fromEntries(Object.entries({ ...env, ...changed }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))));
    expect(message).toContain(why);
    expect(message).not.toContain(SECRET);
    expect(message).not.toContain('\n');
  });

  test('otherwise refuses nothing that is set for other programs', () => {
    expect(readSettings({ VAULT_ADDR: 'http://elsewhere', VAULT_TOKEN: '', TRANSIT_MOUNT: '?' }).transit).toBeUndefined();
  });
});
