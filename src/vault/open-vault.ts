import { join } from 'node:path';
import type { Pool } from 'pg';
import type { Settings } from '../settings.ts';
import { AesPayloadOpener } from './aes-payload-opener.ts';
import { AesPayloadSealer } from './aes-payload-sealer.ts';
import { DataKeyStore } from './data-key-store.ts';
import { KeyFile } from './key-file.ts';
import { VaultError, type KeyProvider } from './key-provider.ts';
import type { PayloadOpener, PayloadSealer } from './payload-sealer.ts';

/** Keys and what is sealed under them. */
export interface Vault {
  /** Seals under a new data key. */
  sealerFor(log: number, origin: string): Promise<PayloadSealer>;
  /** Opens only, and writes nothing. */
  openerFor(log: number, origin: string): PayloadOpener;
}

/**
 * Opens the key provider and makes sure that it holds every key-encryption key that the database's keys are wrapped by.
 *
 * @throws VaultError `kek-missing`, `kek-malformed`
 */
export async function openVault({ dataDir }: Pick<Settings, 'dataDir'>, pool: Pool): Promise<Vault> {
  const { rows } = await pool.query<{ kek: string }>('select distinct wrapped_by as kek from data_key');
  const provider: KeyProvider = await KeyFile.open(join(dataDir, 'key-encryption-keys.json'), rows.length === 0);
  const missing = rows.find(({ kek }) => !provider.has(kek));
  if (missing !== undefined) {
    throw new VaultError('kek-missing', `the database holds payloads sealed under ${missing.kek}, which the key file lacks: put it back`);
  }
  const keys = (log: number, origin: string): DataKeyStore => new DataKeyStore(pool, provider, log, origin);
  return {
    sealerFor: (log, origin) => AesPayloadSealer.create(keys(log, origin), origin),
    openerFor: (log, origin) => new AesPayloadOpener(keys(log, origin), origin),
  };
}
