import { CredentialPolicy } from '../access/credential-policy.ts';
import { credentialTexts, providerTexts } from '../access/credential-text.ts';
import { readProviders } from '../access/provider-policy.ts';
import { Roles } from '../access/roles.ts';
import { Contracts } from '../contracts/contracts.ts';
import { ReplayPolicy } from '../lineage/replay-policy.ts';
import { ServingPolicy } from '../models/serving-policy.ts';
import { EvidencePolicy } from '../evidence/evidence-policy.ts';
import { frameworkTexts } from '../evidence/framework-text.ts';
import { Frameworks } from '../evidence/frameworks.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { refuseUnreadFiles } from '../policy-files.ts';
import { PrivacyPolicy } from '../retention/privacy-policy.ts';

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
  /** To whom recorded inputs may be handed, and how requests, backups and bundles are kept, in words. */
  others: ReadonlyMap<string, string>;
}

/** @throws PolicyError with the faults of the first part that has any; `policy check` lists those of all */
export function readParts(bundle: PolicyBundle): PolicyParts {
  refuseUnreadFiles(bundle);
  const roles = new Roles(bundle);
  const frameworks = new Frameworks(bundle);
  return {
    digest: bundle.digestHex,
    roles,
    contracts: new Contracts(bundle),
    credentials: new Map([...credentialTexts(new CredentialPolicy(bundle, roles)), ...providerTexts(readProviders(bundle, roles))]),
    frameworks: frameworkTexts(frameworks),
    models: new ServingPolicy(bundle).texts,
    others: new Map([...new ReplayPolicy(bundle).texts, ...new PrivacyPolicy(bundle).texts, ...new EvidencePolicy(bundle, frameworks).texts]),
  };
}
