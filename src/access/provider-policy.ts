import { OwnSchemas } from '../http/own-schemas.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import { readPolicyFile, type PolicyFile } from '../ledger/policy-file.ts';
import type { Roles } from './roles.ts';

/** Asymmetric ones alone: with a shared secret, whoever can check a token can make one. RFC 7518, section 3.1; RFC 8037. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** A role in a tenant, for those whose token says so. */
export interface ClaimGrant {
  /** The names that lead to the claim: more than one where it stands inside of another. */
  claim: string[];
  /** What the claim is, or has among its values. */
  value: string;
  tenant: string;
  role: string;
}

/** A provider whose word on who somebody is counts. */
export interface IdentityProvider {
  id: string;
  issuer: string;
  audience: string;
  jwksUri?: string;
  algorithms: string[];
  clockSkewSeconds: number;
  maxTokenAgeSeconds: number;
  tokenType?: string;
  grants: ClaimGrant[];
}

const PATH = 'identity-providers.yaml';
const ID = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' };
const TEXT = { type: 'string', minLength: 1, maxLength: 500 };
const closed = (properties: object, required = Object.keys(properties)): object => ({ type: 'object', additionalProperties: false, required, properties });

const PROVIDER = {
  id: ID,
  issuer: TEXT,
  audience: TEXT,
  jwksUri: TEXT,
  algorithms: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: ALGORITHMS } },
  clockSkewSeconds: { type: 'integer', minimum: 0, maximum: 300 },
  maxTokenAgeSeconds: { type: 'integer', minimum: 60, maximum: 86_400 },
  tokenType: { type: 'string', pattern: '^[A-Za-z0-9+.-]{1,50}$' },
  grants: {
    type: 'array',
    maxItems: 1000,
    items: closed({ claim: { type: 'array', minItems: 1, maxItems: 5, items: TEXT }, value: TEXT, tenant: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' }, role: ID }),
  },
};
const OPTIONAL = ['jwksUri', 'tokenType'];

const validate = new OwnSchemas().compile<{ providers: IdentityProvider[] }>(
  closed({ providers: { type: 'array', maxItems: 50, items: closed(PROVIDER, Object.keys(PROVIDER).filter((name) => !OPTIONAL.includes(name))) } }),
);

/**
 * The identity providers that `policies/identity-providers.yaml` names.
 *
 * @throws PolicyError with every fault: file, line and mend
 */
export function readProviders(bundle: PolicyBundle, roles: Roles): readonly IdentityProvider[] {
  const text = bundle.texts.get(PATH);
  if (text === undefined) throw new PolicyError(`${PATH} is missing: put the shipped file back, with "providers: []" where nobody comes by one`);
  const file = readPolicyFile(PATH, text, validate);
  const { providers } = file.value;
  const faults = providers.flatMap((provider, i) => faultsOf(file, provider, `/providers/${i}`, providers.slice(0, i), roles));
  if (faults.length > 0) throw new PolicyError(faults);
  return providers;
}

function faultsOf(file: PolicyFile<unknown>, provider: IdentityProvider, at: string, earlier: readonly IdentityProvider[], roles: Roles): PolicyFault[] {
  const faults: PolicyFault[] = [];
  if (earlier.some(({ id }) => id === provider.id)) faults.push(file.fault(`${at}/id`, 'is used twice: give each provider its own'));
  if (earlier.some(({ issuer }) => issuer === provider.issuer)) faults.push(file.fault(`${at}/issuer`, 'is named twice: leave one'));
  for (const name of ['issuer', 'jwksUri'] as const) {
    const url = provider[name];
    if (url !== undefined && !isSafeUrl(url)) faults.push(file.fault(`${at}/${name}`, 'is not an https:// URL: keys that came over plain HTTP could be anybody’s'));
  }
  provider.grants.forEach(({ role }, i) => {
    if (!roles.has(role)) faults.push(file.fault(`${at}/grants/${i}/role`, `names the role ${role}, which has no file under roles/: correct it`));
  });
  return faults;
}

/** HTTPS; plain HTTP to this machine alone. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));
}
