import 'reflect-metadata';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keysPath } from '../../src/access/bootstrap.ts';
import { createApp } from '../../src/app.ts';
import { startService, type Overrides } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { announce } from './announce.ts';

/**
 * Runs the service as `npm start` does, on the bench's database. Keys and checkpoints live in a folder of their own:
 * `DATA_DIR` where the caller keeps it, otherwise a fresh one that is removed at the end.
 */
export async function serveOurs(overrides: Overrides): Promise<void> {
  const kept = process.env['DATA_DIR'];
  const dataDir = kept ?? (await mkdtemp(join(tmpdir(), 'ledger-bench-service-')));
  const settings = readSettings({ ...process.env, DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn' });
  const say = (level: string, message: string): void => {
    if (level === 'warn' || level === 'error') process.stderr.write(`${level}: ${message}\n`);
  };
  const service = await startService(settings, say, overrides);
  const app = await createApp(service);
  await app.listen(0, settings.host);
  const keys = JSON.parse(await readFile(keysPath(dataDir), 'utf8')) as Record<string, string>;
  announce({ port: Number(new URL(await app.getUrl()).port), key: keys['producer'] ?? '', auditorKey: keys['auditor'] ?? '' }, async () => {
    await app.close();
    await service.close();
    if (kept === undefined) await rm(dataDir, { recursive: true, force: true });
  });
}
