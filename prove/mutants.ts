import { spawn } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFolder } from '../src/database/package-folder.ts';
import { ACCESS_MUTANTS, NEED_NO_DATABASE, type Mutant } from './access-mutants.ts';
import { mustHold, ProofFailure, type Proof } from './proof.ts';

const COPIED = ['src', 'test', 'prove', 'policies', 'migrations', 'docs', 'package.json', 'jest.config.json', 'tsconfig.json'];
/** Of how many mutants the short version tries one. */
const EACH_SMALL = 38;

/** Every hand-made mutant of the policy compiler and its enforcement, applied in turn to a copy of the sources. */
export const mutants: Proof = {
  name: 'mutants',
  claim: 'no change of the policy compiler or of its enforcement that opens access survives the tests',
  async run({ small, folder, step, say }) {
    const tried = small ? ACCESS_MUTANTS.filter((_, at) => at % EACH_SMALL === 0) : ACCESS_MUTANTS;
    await copyOf(folder);
    await step('the tests pass on the copy as it is', async () => {
      const tests = [...new Set(tried.flatMap((mutant) => mutant.tests))];
      mustHold((await runTests(folder, tests)) === 0, 'the tests fail on the unchanged sources');
      return { tests: tests.length };
    });
    const survivors: string[] = [];
    for (const file of new Set(tried.map((mutant) => mutant.file))) {
      await step(file, async () => {
        const survived: string[] = [];
        const ofFile = tried.filter((mutant) => mutant.file === file);
        for (const mutant of ofFile) if (await survives(folder, mutant)) survived.push(`${file}: ${mutant.from} → ${mutant.to}`);
        for (const survivor of survived) say(`survives: ${survivor}`);
        mustHold(survived.length === 0, `${survived.length} mutants of ${file} survive`);
        return { mutants: ofFile.length, survivors: 0 };
      }).catch((error: unknown) => {
        // The others are tried all the same, so that one run tells of every survivor.
        if (!(error instanceof ProofFailure)) throw error;
        survivors.push(error.message);
      });
    }
    mustHold(survivors.length === 0, survivors.join('; '));
  },
};

async function copyOf(folder: string): Promise<void> {
  for (const name of COPIED) await cp(join(packageFolder(), name), join(folder, name), { recursive: true });
  await symlink(join(packageFolder(), 'node_modules'), join(folder, 'node_modules')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function survives(folder: string, { file, from, to, tests }: Mutant): Promise<boolean> {
  const path = join(folder, file);
  const source = await readFile(path, 'utf8');
  mustHold(source.split(from).length === 2, `${file} does not hold exactly once: ${from}`);
  await writeFile(path, source.replace(from, () => to));
  try {
    return (await runTests(folder, tests)) === 0;
  } finally {
    await writeFile(path, source);
  }
}

/** The exit code of Jest, stopped at the first failure: first on the tests that need no database, then on the others. */
async function runTests(folder: string, tests: readonly string[]): Promise<number | null> {
  const [without, others] = [tests.filter((test) => NEED_NO_DATABASE.has(test)), tests.filter((test) => !NEED_NO_DATABASE.has(test))];
  const { globalSetup: _up, globalTeardown: _down, ...config } = JSON.parse(await readFile(join(folder, 'jest.config.json'), 'utf8')) as Record<string, unknown>;
  const first = without.length === 0 ? 0 : await runJest(folder, without, ['--config', JSON.stringify({ ...config, rootDir: folder })]);
  return first !== 0 || others.length === 0 ? first : runJest(folder, others, []);
}

function runJest(folder: string, tests: readonly string[], more: readonly string[]): Promise<number | null> {
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--bail', '--runInBand', '--silent', '--testSequencer', './prove/in-order.mjs', ...more, ...tests];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore', env: { ...process.env, TEST_ORDER: tests.join(',') } });
  return new Promise((done, fail) => child.once('exit', done).once('error', fail));
}
