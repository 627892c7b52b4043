import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { keysPath } from '../../src/access/bootstrap.ts';
import { createApp } from '../../src/app.ts';
import { startService, type Overrides } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { announce } from './announce.ts';
import { approveVersion } from './approved-version.ts';

/**
 * Runs the service as `npm start` does, on the bench's database and in the bench's `DATA_DIR`.
 *
 * @param ready called when it listens and the version that is posted for is approved, before any load
 */
export async function serveOurs(overrides: Overrides, ready?: () => void): Promise<void> {
  const settings = readSettings({ ...process.env, PORT: '0', LOG_LEVEL: 'warn' });
  const say = (level: string, message: string): void => {
    if (level === 'warn' || level === 'error') process.stderr.write(`${level}: ${message}\n`);
  };
  const service = await startService(settings, say, overrides);
  const app = await createApp(service);
  await app.listen(0, settings.host);
  const keys = JSON.parse(await readFile(keysPath(settings.dataDir), 'utf8')) as Record<string, string>;
  const url = await app.getUrl();
  await approveVersion(url, keys);
  ready?.();
  announce({ port: Number(new URL(url).port), key: keys['producer'] ?? '', auditorKey: keys['auditor'] ?? '' }, async () => {
    await app.close();
    await service.close();
  });
}
