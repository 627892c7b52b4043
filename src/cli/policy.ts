import type { Command } from 'commander';
import { registerPolicyCheck } from './policy-check.ts';
import { registerPolicyTest } from './policy-test.ts';

/** `prediction-ledger policy …`: what can be done with policy files without a service. */
export function registerPolicy(program: Command): void {
  const policy = program.command('policy').summary('check and test policy files');
  registerPolicyCheck(policy);
  registerPolicyTest(policy);
}
