import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { writeDurably } from '../database/durable-file.ts';
import { draftSystemEntry } from '../ledger/draft.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../ledger/log.ts';
import { hasKeyForm, keyDigest, makeKey, type IssuedKey } from './api-key.ts';
import { insertKey } from './key-table.ts';
import { BUILT_IN_ROLES } from './roles.ts';

/** The log that every new service starts with. */
export const DEFAULT_LOG = 'default';
/** Where two people must agree, the first start gives two keys. */
const SECOND_KEYS = ['privacy-officer-2', 'model-approver-2'];

/** Where the first start writes the keys of the default tenant. */
export function keysPath(dataDir: string): string {
  return join(dataDir, 'keys.json');
}

/**
 * Makes the default tenant with its open log, and a key for each built-in role, at a service's first start. Later starts
 * find them and change nothing.
 *
 * @param serially runs its argument while no other replica runs its own
 */
export async function bootstrap(
  ledger: Ledger,
  pool: Pool,
  dataDir: string,
  serially: (work: () => Promise<void>) => Promise<void>,
): Promise<void> {
  await serially(async () => {
    const log = ledger.byLogName(DEFAULT_LOG) ?? (await ledger.createLog(DEFAULT_LOG, DEFAULT_LOG, true));
    const { rowCount } = await pool.query('select 1 from api_key where tenant = $1 limit 1', [log.row.tenant]);
    if (rowCount === 0) await issueRoleKeys(log, pool, keysPath(dataDir));
  });
}

/** The file comes first: keys whose digests are stored and that nobody has would lock everybody out. */
async function issueRoleKeys(log: Log, pool: Pool, path: string): Promise<void> {
  const names = [...BUILT_IN_ROLES, ...SECOND_KEYS];
  const kept = await readKeys(path);
  const keys = new Map(names.map((name) => [name, keyFor(name, kept)]));
  await writeDurably(path, `${JSON.stringify(Object.fromEntries([...keys].map(([name, { key }]) => [name, key])), null, 2)}\n`);
  for (const key of keys.values()) await issueKey(log, pool, key);
}

/** Records a key in the log and makes it valid. */
export async function issueKey(log: Log, pool: Pool, key: IssuedKey): Promise<void> {
  const { principal, role, prefix, digest } = key;
  await log.append(draftSystemEntry(log.vault, { type: 'api-key-issued', v: 1, body: { principal, role, prefix, digest } }));
  await insertKey(pool, log.row.tenant, key);
}

function keyFor(name: string, kept: Record<string, unknown>): IssuedKey {
  const fresh = makeKey(name.replace(/-2$/, ''));
  const key = kept[name];
  if (typeof key !== 'string' || !hasKeyForm(key)) return fresh;
  return { ...fresh, key, prefix: key.slice(0, fresh.prefix.length), digest: keyDigest(key) };
}

/** Keys of a first start that was cut short. */
async function readKeys(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
