import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { registerExport } from '../../src/cli/export.ts';
import { verifyBundle } from '../../src/core/verify-bundle.ts';
import { memoryBundle } from '../core/sample-bundle.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type TestService } from '../e2e/service.ts';
import { readZip } from '../evidence/read-zip.ts';

/** As `prediction-ledger export …`. */
async function run(...args: string[]): Promise<void> {
  const program = new Command();
  registerExport(program);
  await program.parseAsync(['export', ...args], { from: 'user' });
}

let service: TestService;
let folder: string;

beforeAll(async () => {
  service = await startTestService({}, { sealByHand: false });
  folder = await mkdtemp(join(tmpdir(), 'export-'));
  expect((await service.call('POST', '/v1/predictions', 'producer', prediction('p'))).status).toBe(201);
});
afterAll(async () => {
  await service.close();
  await rm(folder, { recursive: true });
});

test('a bundle is asked for, made by the queue in the background, and downloaded', async () => {
  const out = join(folder, 'out.zip');
  const key = join(folder, 'key');
  await writeFile(key, `${service.keys['compliance-officer']}\n`);
  await run('--framework', 'eu-ai-act', '--from', '2020-01-01T00:00:00Z', '--to', '2100-01-01T00:00:00Z', '--out', out, '--url', service.url, '--key-file', key);
  const report = await verifyBundle(memoryBundle(await readZip(await readFile(out)), 100_000));
  expect([report.findings, report.about?.framework]).toEqual([[], expect.stringContaining('Artificial Intelligence Act')]);
});

test('what the service refuses is said, with its reasons', async () => {
  const key = join(folder, 'key');
  const asked = run('--framework', 'none', '--from', '2020-01-01T00:00:00Z', '--to', '2100-01-01T00:00:00Z', '--out', join(folder, 'no.zip'), '--url', service.url, '--key-file', key);
  await expect(asked).rejects.toThrow(/framework is no framework of the policy: it has eu-ai-act/);
});
