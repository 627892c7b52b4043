import { OwnSchemas } from '../http/own-schemas.ts';
import { readPolicyFile, type PolicyFile } from '../ledger/policy-file.ts';

/** `policies/tenants.yaml`: what holds for tenants. Without the file no tenant has a default contract. */
export interface TenantsFile {
  /** For every tenant that is not named below. */
  everyTenant?: { defaultContract: string | null };
  tenants?: Record<string, { defaultContract: string | null }>;
}

export const TENANTS_PATH = 'tenants.yaml';

/** Contract of a model that no contract governs; null: such a model is refused. */
const TENANT = {
  type: 'object',
  additionalProperties: false,
  required: ['defaultContract'],
  properties: { defaultContract: { type: ['string', 'null'], pattern: '^[a-z][a-z0-9-]{0,63}$' } },
};

const validate = new OwnSchemas({ allowUnionTypes: true }).compile<TenantsFile>({
  type: 'object',
  additionalProperties: false,
  properties: {
    everyTenant: TENANT,
    tenants: {
      type: 'object',
      maxProperties: 10_000,
      propertyNames: { pattern: '^[a-z0-9][a-z0-9-]{0,62}$' },
      additionalProperties: TENANT,
    },
  },
});

/** @throws PolicyError with every fault */
export function readTenantsFile(text: string): PolicyFile<TenantsFile> {
  return readPolicyFile(TENANTS_PATH, text, validate);
}
