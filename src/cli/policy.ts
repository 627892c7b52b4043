import type { Command } from 'commander';
import { registerPolicyCheck } from './policy-check.ts';
import { registerPolicyDiff } from './policy-diff.ts';
import { registerPolicyKeygen } from './policy-keygen.ts';
import { registerPolicyReplay } from './policy-replay.ts';
import { registerPolicyShow } from './policy-show.ts';
import { registerPolicySign } from './policy-sign.ts';
import { registerPolicyTest } from './policy-test.ts';

/** `prediction-ledger policy …`: what can be done with policy files before they govern a service. */
export function registerPolicy(program: Command): void {
  const policy = program.command('policy').summary('check, show, test, compare and sign policy files');
  registerPolicyCheck(policy);
  registerPolicyShow(policy);
  registerPolicyTest(policy);
  registerPolicyDiff(policy);
  registerPolicyKeygen(policy);
  registerPolicySign(policy);
  registerPolicyReplay(policy);
}
