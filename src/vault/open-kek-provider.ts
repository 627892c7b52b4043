import type { Settings } from '../settings.ts';
import { KekFile } from './kek-file.ts';
import type { KekProvider } from './kek-provider.ts';
import { KekTransit } from './kek-transit.ts';

/** The provider that KEY_PROVIDER names. Nothing is read, made or asked yet. */
export function openKekProvider({ keyFile, transit }: Pick<Settings, 'keyFile' | 'transit'>): KekProvider {
  return transit === undefined ? new KekFile(keyFile) : new KekTransit(transit);
}
