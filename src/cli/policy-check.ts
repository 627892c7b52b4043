import type { Command } from 'commander';
import { CredentialPolicy } from '../access/credential-policy.ts';
import { readAllPolicyTests } from '../access/policy-tests.ts';
import { readProviders } from '../access/provider-policy.ts';
import { Roles } from '../access/roles.ts';
import { Contracts } from '../contracts/contracts.ts';
import { EvidencePolicy } from '../evidence/evidence-policy.ts';
import { Frameworks } from '../evidence/frameworks.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import { ReplayPolicy } from '../lineage/replay-policy.ts';
import { ServingPolicy } from '../models/serving-policy.ts';
import { refuseUnreadFiles } from '../policy-files.ts';
import { PrivacyPolicy } from '../retention/privacy-policy.ts';
import { onPolicyFiles, printFaults, readFolder } from './policy-folder.ts';

/** `prediction-ledger policy check [folder]`: every fault of every policy file, as the start would find the first. */
export function registerPolicyCheck(policy: Command): void {
  policy
    .command('check')
    .argument('[folder]', 'policy files; POLICIES_DIR unless said')
    .description('Reads every file of the policies, refuses those that nothing would read, and lists every fault with its file, line and mend. Exit code 1 when there are any.')
    .action((folder?: string) => onPolicyFiles(() => check(folder)));
}

const PARTS: readonly ((bundle: PolicyBundle) => unknown)[] = [
  (bundle) => new Roles(bundle),
  (bundle) => new Contracts(bundle),
  (bundle) => new CredentialPolicy(bundle, new Roles(bundle)),
  (bundle) => readProviders(bundle, new Roles(bundle)),
  (bundle) => new ServingPolicy(bundle),
  (bundle) => new EvidencePolicy(bundle, new Frameworks(bundle)),
  (bundle) => new PrivacyPolicy(bundle),
  (bundle) => new ReplayPolicy(bundle),
  readAllPolicyTests,
  refuseUnreadFiles,
];

async function check(folder: string | undefined): Promise<void> {
  const bundle = await readFolder(folder);
  // A role that is wrong is found by all that build on it.
  const found = PARTS.flatMap((part) => faultsOf(() => part(bundle)));
  const faults = [...new Map(found.map((fault) => [JSON.stringify(fault), fault])).values()];
  printFaults(faults);
  if (faults.length > 0) process.exitCode = 1;
  else process.stdout.write(`${bundle.texts.size} policy files are right; digest ${bundle.digestHex}\n`);
}

function faultsOf(read: () => unknown): readonly PolicyFault[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.faults.length > 0 ? error.faults : [{ path: '.', line: 1, message: error.message }];
  }
}
