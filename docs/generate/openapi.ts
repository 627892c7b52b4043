// `npm run openapi` writes docs/openapi.json from the service itself; `npm run openapi:check` fails when it is stale.
import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createApp } from '../../src/app.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { startService } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { writeOrCompare } from './write-or-compare.ts';

const dataDir = await mkdtemp(join(tmpdir(), 'pl-openapi-'));
try {
  const service = await startService(readSettings({ DATA_DIR: dataDir }), (level, message) => {
    if (level === 'error') process.stderr.write(`${message}\n`);
  });
  try {
    const app = await createApp(service);
    const text = `${JSON.stringify(openApiDocument(app), null, 2)}\n`;
    await app.close();
    await writeOrCompare(resolve('docs/openapi.json'), text, 'npm run openapi');
  } finally {
    await service.close();
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
