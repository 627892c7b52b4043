import { join } from 'node:path';
import type { Settings } from '../settings.ts';
import { KekFile } from './kek-file.ts';
import type { KekProvider } from './kek-provider.ts';
import { KekTransit } from './kek-transit.ts';

/** The provider that KEY_PROVIDER names. Nothing is read, made or asked yet. */
export function openKekProvider({ dataDir, transit }: Pick<Settings, 'dataDir' | 'transit'>): KekProvider {
  return transit === undefined ? new KekFile(join(dataDir, 'key-encryption-keys.json')) : new KekTransit(transit);
}
