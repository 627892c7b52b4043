import { CredentialPolicy } from '../access/credential-policy.ts';
import { credentialTexts, providerTexts } from '../access/credential-text.ts';
import { readProviders } from '../access/provider-policy.ts';
import { Roles } from '../access/roles.ts';
import { Contracts } from '../contracts/contracts.ts';
import { ServingPolicy } from '../models/serving-policy.ts';
import { frameworkTexts } from '../evidence/framework-text.ts';
import { Frameworks } from '../evidence/frameworks.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';

/** All that a bundle says, read as the start reads it. */
export interface PolicyParts {
  digest: string;
  roles: Roles;
  contracts: Contracts;
  /** Rules about credentials and identity providers, each under what it is known by, in words. */
  credentials: ReadonlyMap<string, string>;
  /** What is evidence of which control, likewise. */
  frameworks: ReadonlyMap<string, string>;
  /** What becomes of predictions of versions that are not approved to run, by model, in words. */
  models: ReadonlyMap<string, string>;
}

/** @throws PolicyError with the faults of the first part that has any; `policy check` lists those of all */
export function readParts(bundle: PolicyBundle): PolicyParts {
  const roles = new Roles(bundle);
  return {
    digest: bundle.digestHex,
    roles,
    contracts: new Contracts(bundle),
    credentials: new Map([...credentialTexts(new CredentialPolicy(bundle, roles)), ...providerTexts(readProviders(bundle, roles))]),
    frameworks: frameworkTexts(new Frameworks(bundle)),
    models: new ServingPolicy(bundle).texts,
  };
}
