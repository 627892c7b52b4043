import { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import { readSettings } from '../settings.ts';

/** The bundle of a folder; of `POLICIES_DIR` where none is named. @throws PolicyError when it cannot be read */
export function readFolder(folder: string | undefined): Promise<PolicyBundle> {
  return PolicyBundle.read(folder ?? readSettings(process.env).policiesDir);
}

/** Faults one a line, as editors and CI systems find them, on standard output. */
export function printFaults(faults: readonly PolicyFault[]): void {
  for (const { path, line, message } of faults) process.stdout.write(`${path}:${line}: ${message}\n`);
}

/** Runs a command on policy files. Exit code 1 where they are at fault, 2 where the folder cannot be read. */
export async function onPolicyFiles(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    if (error.faults.length === 0) process.stderr.write(`${error.message}\n`);
    printFaults(error.faults);
    process.exitCode = error.faults.length === 0 ? 2 : 1;
  }
}
