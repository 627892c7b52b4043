import type { TenantPool } from '../database/tenant-pool.ts';
import type { KekProvider } from './kek-provider.ts';
import { openKekProvider } from './open-kek-provider.ts';
import { DataKeyStore } from './data-key-store.ts';
import { KeyEpochs } from './key-epochs.ts';
import { KeyIds } from './key-ids.ts';
import { AesLogVault, type PayloadOpener } from './log-vault.ts';
import { TokenTable } from './token-table.ts';
import { VaultError } from './vault-error.ts';

/** A log, as far as its keys are concerned. */
export interface VaultLog {
  id: number;
  tenant: number;
  origin: string;
}

/** Where keys are kept, wrapped. */
export interface VaultDatabase {
  pool: TenantPool;
  lazyPool: TenantPool;
}

/** All logs' keys. */
export class Vault {
  readonly provider: KekProvider;
  private readonly pool: TenantPool;
  private readonly lazyPool: TenantPool;
  private readonly ids: KeyIds;

  /** @param lazyPool connections that commit without waiting for the disk */
  constructor(provider: KekProvider, { pool, lazyPool }: VaultDatabase) {
    this.provider = provider;
    this.pool = pool;
    this.lazyPool = lazyPool;
    this.ids = new KeyIds(pool);
  }

  /** Opens one log's payloads, and writes nothing. */
  openerOf(log: VaultLog): PayloadOpener {
    return this.logVault(log, 0, this.epochsOf(log));
  }

  epochsOf({ id, tenant, origin }: VaultLog): KeyEpochs {
    return new KeyEpochs(this.pool.of(tenant), this.provider, id, origin);
  }

  /** One log's keys. The first call for a log opens its first epoch. */
  async of(log: VaultLog): Promise<AesLogVault> {
    const epochs = this.epochsOf(log);
    // The version first: keys that are remembered are never older than it says.
    const { rows } = await this.pool.query<{ vault: number }>('select vault from log_head where log = $1', [log.id]);
    await epochs.load();
    await this.ids.start();
    return this.logVault(log, rows[0]?.vault ?? 0, epochs);
  }

  private logVault(log: VaultLog, version: number, epochs: KeyEpochs): AesLogVault {
    const lazyPool = this.lazyPool.of(log.tenant);
    const store = new DataKeyStore(this.pool.of(log.tenant), lazyPool, epochs, this.provider, log);
    return new AesLogVault({ version, epochs, store, tokens: new TokenTable(lazyPool, log.id), ids: this.ids, origin: log.origin });
  }
}

/**
 * Opens the key provider and makes sure that it holds every key that the database's keys are wrapped by.
 *
 * @throws VaultError `kek-missing`, `kek-malformed`, `provider-unavailable`
 */
export async function openVault(settings: Parameters<typeof openKekProvider>[0], database: VaultDatabase): Promise<Vault> {
  const provider = openKekProvider(settings);
  const { rows } = await database.pool.query<{ kek: string }>(
    'select kek from key_epoch where moved is null union select distinct wrapped_by from data_key where wrapped_by is not null',
  );
  for (const { kek } of rows) {
    if (!(await provider.has(kek))) {
      throw new VaultError('kek-missing', `the database holds keys that are wrapped by ${kek}, which the key provider lacks: put it back. Where the database was restored from a backup that is older than the end of an epoch, start the service once: it brings the keys of now from the export beside the checkpoint store`);
    }
  }
  return new Vault(provider, database);
}
