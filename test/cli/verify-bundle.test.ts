import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { SampleBundle } from '../core/sample-bundle.ts';
import { zipOf } from '../core/zip-of.ts';
import { runCommand } from './run-command.ts';

const folder = mkdtempSync(join(tmpdir(), 'pl-verify-bundle-'));
const zip = join(folder, 'bundle.zip');
const bundle = new SampleBundle();

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('prediction-ledger verify bundle', () => {
  test('finds a right bundle valid, and names the file where one is not', async () => {
    const { vkey } = bundle.log.signer;
    const files = await bundle.files();
    writeFileSync(zip, await zipOf(files));
    expect(await runCommand(['verify', 'bundle', zip, '--vkey', vkey])).toMatchObject({ code: 0, out: expect.stringMatching(/^VALID\n/) });
    files.set('README.html', Buffer.from('<p>All is well.</p>'));
    writeFileSync(zip, await zipOf(files));
    expect(await runCommand(['verify', 'bundle', zip, '--vkey', vkey])).toMatchObject({ code: 1, out: expect.stringContaining('README.html: it has') });
  });
});
