import { spawn } from 'node:child_process';
import { cp, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFolder } from '../src/database/package-folder.ts';
import { ACCESS_MUTANTS, type Mutant } from './access-mutants.ts';
import { mustHold, type Proof } from './proof.ts';

/** The tests that have to notice. */
const TESTS = ['test/access/casl-traps.test.ts', 'test/access/visible-fields.test.ts', 'test/access/roles.test.ts', 'test/access/row-rules.test.ts', 'test/access/rulings.test.ts'];
const COPIED = ['src', 'test', 'prove', 'policies', 'migrations', 'package.json', 'jest.config.json', 'tsconfig.json'];
/** Of how many mutants the short version tries one. */
const EACH_SMALL = 12;

/** Every hand-made mutant of the policy compiler and its enforcement, applied in turn to a copy of the sources. */
export const mutants: Proof = {
  name: 'mutants',
  claim: 'no change of the policy compiler or of its enforcement that opens access survives the tests',
  async run({ small, folder, step, say }) {
    await step('the tests pass on the copy as it is', async () => {
      await copyOf(folder);
      mustHold((await runTests(folder)) === 0, 'the tests fail on the unchanged sources');
      return { tests: TESTS.length };
    });
    await step('mutants', async () => {
      await copyOf(folder);
      const tried = small ? ACCESS_MUTANTS.filter((_, at) => at % EACH_SMALL === 0) : ACCESS_MUTANTS;
      const survivors: string[] = [];
      for (const mutant of tried) {
        if (await survives(folder, mutant)) survivors.push(`${mutant.file}: ${mutant.from} → ${mutant.to}`);
      }
      for (const survivor of survivors) say(`survives: ${survivor}`);
      mustHold(survivors.length === 0, `${survivors.length} of ${tried.length} mutants survive`);
      return { mutants: tried.length, survivors: 0 };
    });
  },
};

async function copyOf(folder: string): Promise<void> {
  for (const name of COPIED) await cp(join(packageFolder(), name), join(folder, name), { recursive: true });
  await symlink(join(packageFolder(), 'node_modules'), join(folder, 'node_modules')).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function survives(folder: string, { file, from, to }: Mutant): Promise<boolean> {
  const path = join(folder, file);
  const source = await readFile(path, 'utf8');
  mustHold(source.split(from).length === 2, `${file} does not hold exactly once: ${from}`);
  await writeFile(path, source.replace(from, () => to));
  try {
    return (await runTests(folder)) === 0;
  } finally {
    await writeFile(path, source);
  }
}

/** The exit code of Jest, stopped at the first failure. */
function runTests(folder: string): Promise<number | null> {
  const args = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--bail', '--runInBand', '--silent', ...TESTS];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' });
  return new Promise((done, fail) => child.once('exit', done).once('error', fail));
}
