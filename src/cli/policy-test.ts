import type { Command } from 'commander';
import { readAllPolicyTests, runPolicyTests } from '../access/policy-tests.ts';
import { Roles } from '../access/roles.ts';
import { onPolicyFiles, printFaults, readFolder } from './policy-folder.ts';

/** `prediction-ledger policy test [folder]`: the tables of tests/, and whether they reach every rule both ways. */
export function registerPolicyTest(policy: Command): void {
  policy
    .command('test')
    .argument('[folder]', 'policy files; POLICIES_DIR unless said')
    .option('--no-coverage', 'do not ask that every rule is reached both ways')
    .description('Decides every case of tests/*.yaml. Exit code 1 where one is decided otherwise, or a rule is not reached both ways.')
    .action((folder: string | undefined, options: { coverage: boolean }) => onPolicyFiles(() => test(folder, options.coverage)));
}

async function test(folder: string | undefined, coverage: boolean): Promise<void> {
  const bundle = await readFolder(folder);
  const { cases, rules, failures, uncovered } = runPolicyTests(new Roles(bundle), readAllPolicyTests(bundle));
  const faults = coverage ? [...failures, ...uncovered] : failures;
  printFaults(faults);
  process.stdout.write(`${cases} cases, ${failures.length} failed; ${rules} rules, ${uncovered.length} gaps in what the cases reach\n`);
  if (faults.length > 0) process.exitCode = 1;
}
