import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(import.meta.dirname, '../..');
const CONFIG = '.dependency-cruiser.json';

/** For each rule the smallest house that breaks it: path → text. The first file is the culprit. */
const VIOLATIONS: Record<string, Record<string, string>> = {
  'core-is-pure': { 'src/core/reads-files.ts': "import { readFileSync } from 'node:fs';\nexport const read = readFileSync;\n" },
  'core-is-flat': {
    'src/ledger/digs.ts': "import { deep } from '../core/below/deep.ts';\nexport const dug = deep;\n",
    'src/core/below/deep.ts': 'export const deep = 1;\n',
  },
  'contexts-know-no-way-in': {
    'src/vault/starts.ts': "import { service } from '../service.ts';\nexport const started = service;\n",
    'src/service.ts': 'export const service = 1;\n',
  },
  'the-service-knows-no-command-line': {
    'src/app.ts': "import { command } from './cli/command.ts';\nexport const app = command;\n",
    'src/cli/command.ts': 'export const command = 1;\n',
  },
  'the-verifier-trusts-no-server': {
    'src/cli/verify-receipt.ts': "import { sequencer } from '../ledger/sequencer.ts';\nexport const verified = sequencer;\n",
    'src/ledger/sequencer.ts': 'export const sequencer = 1;\n',
  },
  'the-page-that-verifies-is-of-core-alone': {
    'src/verifiers/page.ts': "import { service } from '../service.ts';\nexport const shown = service;\n",
  },
  'no-cycles': {
    'src/models/chicken.ts': "import { egg } from './egg.ts';\nexport const chicken = (): unknown => egg;\n",
    'src/models/egg.ts': "import { chicken } from './chicken.ts';\nexport const egg = (): unknown => chicken;\n",
  },
  'no-barrels': {
    'src/http/rolls.ts': "import { barrel } from '../lineage/index.ts';\nexport const rolled = barrel;\n",
    'src/lineage/index.ts': 'export const barrel = 1;\n',
  },
  'no-drawers': {
    'src/http/rummages.ts': "import { thing } from './utils/thing.ts';\nexport const found = thing;\n",
    'src/http/utils/thing.ts': 'export const thing = 1;\n',
  },
  'the-service-knows-no-test-or-bench': {
    'src/http/measures.ts': "import { stopwatch } from '../../bench/stopwatch.ts';\nexport const measured = stopwatch;\n",
    'bench/stopwatch.ts': 'export const stopwatch = 1;\n',
  },
  'nothing-but-tests-imports-tests': {
    'demo/cheats.ts': "import { fixture } from '../test/fixture.ts';\nexport const cheated = fixture;\n",
    'test/fixture.ts': 'export const fixture = 1;\n',
  },
  'no-dev-package-at-work': { 'src/http/random-input.ts': "import fc from 'fast-check';\nexport const input = fc;\n" },
  'no-undeclared-package': { 'src/http/borrows.ts': "import semver from 'semver';\nexport const borrowed = semver;\n" },
  'nothing-unresolved': { 'src/http/dangles.ts': "import { gone } from './gone.ts';\nexport const dangling = gone;\n" },
  'no-orphans': { 'src/http/forgotten.ts': 'export const forgotten = 1;\n' },
};

interface Report {
  summary: { violations: { from: string; rule: { name: string } }[] };
}

describe('the arrows', () => {
  test('every rule has a violation here, and every violation breaks its rule', async () => {
    const { forbidden } = JSON.parse(await readFile(join(ROOT, CONFIG), 'utf8')) as { forbidden: { name: string }[] };
    expect(Object.keys(VIOLATIONS).toSorted()).toEqual(forbidden.map(({ name }) => name).toSorted());

    const found = await cruise(Object.assign({}, ...Object.values(VIOLATIONS)) as Record<string, string>);
    for (const [rule, files] of Object.entries(VIOLATIONS)) {
      expect(found).toContainEqual({ rule, from: Object.keys(files)[0] });
    }
  }, 60_000);

  test('what is allowed breaks none', async () => {
    const found = await cruise({
      'src/core/hash.ts': "import { sha256 } from '@noble/hashes/sha2.js';\nexport const hash = sha256;\n",
      'src/ledger/native-sha256.ts': "import { createHash } from 'node:crypto';\nexport const native = createHash;\n",
      'src/ledger/store.ts': "import { hash } from '../core/hash.ts';\nimport { Pool } from 'pg';\nexport const store = [hash, Pool];\n",
      'src/cli/verify.ts':
        "import { Command } from 'commander';\nimport { SingleBar } from 'cli-progress';\nimport { readFile } from 'node:fs/promises';\nimport { hash } from '../core/hash.ts';\nimport { native } from '../ledger/native-sha256.ts';\nexport const all = [Command, SingleBar, readFile, hash, native];\n",
      'src/service.ts': "import { store } from './ledger/store.ts';\nexport const service = store;\n",
      'src/main.ts': "import { service } from './service.ts';\nexport const main = service;\n",
    });
    expect(found).toEqual([]);
  }, 60_000);
});

/** Runs the tool, with the project's own configuration and packages, over a house of these files. */
async function cruise(files: Record<string, string>): Promise<{ rule: string; from: string }[]> {
  const house = await mkdtemp(join(tmpdir(), 'pl-arrows-'));
  try {
    for (const name of [CONFIG, 'package.json', 'tsconfig.json']) await copyFile(join(ROOT, name), join(house, name));
    await symlink(join(ROOT, 'node_modules'), join(house, 'node_modules'));
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(house, path)), { recursive: true });
      await writeFile(join(house, path), text);
    }
    const folders = [...new Set(Object.keys(files).map((path) => path.slice(0, path.indexOf('/'))))];
    const depcruise = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
    const { stdout } = await promisify(execFile)(process.execPath, [depcruise, '--config', CONFIG, '--output-type', 'json', ...folders], {
      cwd: house,
      maxBuffer: 2 ** 26,
    });
    const report = JSON.parse(stdout) as Report;
    return report.summary.violations.map(({ from, rule }) => ({ rule: rule.name, from }));
  } finally {
    await rm(house, { recursive: true });
  }
}
