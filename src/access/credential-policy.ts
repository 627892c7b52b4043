import { OwnSchemas } from '../http/own-schemas.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import { readPolicyFile, type PolicyFile } from '../ledger/policy-file.ts';
import type { Roles } from './roles.ts';
import { rolesOfName } from './several-roles.ts';

/** Who may hand out keys of which roles, and how long those last at most. */
export interface IssuanceRule {
  id: string;
  by: string;
  roles: string[];
  maxDays: number;
  reason: string;
}

/** Who may take on which role beyond their own, and how long at most. */
export interface BreakGlassRule {
  id: string;
  by: string;
  role: string;
  maxMinutes: number;
  reason: string;
}

/** How often each principal of a role may ask, on each replica. */
export interface RateLimit {
  perSecond: number;
  burst: number;
}

/** `credentials.yaml` as it is written. */
export interface CredentialFile {
  issuance: IssuanceRule[];
  breakGlass: BreakGlassRule[];
  rateLimits: (RateLimit & { roles: string[]; reason: string })[];
  failedAuthentications: { perMinute: number; burst: number; reason: string };
}

const PATH = 'credentials.yaml';
const ID = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' };
const IDS = { type: 'array', minItems: 1, uniqueItems: true, items: ID };
const REASON = { type: 'string', minLength: 1, maxLength: 500 };
const natural = (maximum: number): object => ({ type: 'integer', minimum: 1, maximum });
const closed = (properties: object): object => ({ type: 'object', additionalProperties: false, required: Object.keys(properties), properties });
const listOf = (properties: object): object => ({ type: 'array', maxItems: 200, items: closed(properties) });

const validate = new OwnSchemas().compile<CredentialFile>({
  ...closed({
    issuance: listOf({ id: ID, by: ID, roles: IDS, maxDays: natural(3660), reason: REASON }),
    breakGlass: listOf({ id: ID, by: ID, role: ID, maxMinutes: natural(24 * 60), reason: REASON }),
    rateLimits: listOf({ roles: IDS, perSecond: natural(10_000_000), burst: natural(10_000_000), reason: REASON }),
    failedAuthentications: closed({ perMinute: natural(1_000_000), burst: natural(1_000_000), reason: REASON }),
  }),
});

/** What `policies/credentials.yaml` says. What it does not allow is not allowed; a role without a limit has none, so each must have one. */
export class CredentialPolicy {
  private readonly file: CredentialFile;
  private readonly limits = new Map<string, RateLimit>();

  /** @throws PolicyError with every fault: file, line and mend */
  constructor(bundle: PolicyBundle, roles: Roles) {
    const text = bundle.texts.get(PATH);
    if (text === undefined) throw new PolicyError(`${PATH} is missing: put the shipped file back, with empty lists if nobody may do anything`);
    const file = readPolicyFile(PATH, text, validate);
    const faults = [...unknownRoles(file, roles), ...doubleIds(file), ...roles.all.flatMap(({ name }) => this.limitFaults(file, name))];
    if (faults.length > 0) throw new PolicyError(faults);
    this.file = file.value;
  }

  /** All that it says. */
  get written(): CredentialFile {
    return this.file;
  }

  /** The first rule by which somebody of that role may hand out a key of another. */
  issuance(by: string, role: string): IssuanceRule | undefined {
    return this.file.issuance.find((rule) => rule.by === by && rule.roles.includes(role));
  }

  /** The first rule by which somebody of that role may take on another for a time. */
  breakGlass(by: string, role: string): BreakGlassRule | undefined {
    return this.file.breakGlass.find((rule) => rule.by === by && rule.role === role);
  }

  /** How often a principal of that role may ask, and of several as the most generous says; undefined for a role that is not in the policy, which no rule lets in. */
  rateLimit(role: string): RateLimit | undefined {
    const limits = rolesOfName(role).flatMap((each) => this.limits.get(each) ?? []);
    return limits.sort((a, b) => b.perSecond - a.perSecond)[0];
  }

  /** How many authentications may fail from one address, and with one prefix. */
  get failures(): RateLimit {
    const { perMinute, burst } = this.file.failedAuthentications;
    return { perSecond: perMinute / 60, burst };
  }

  private limitFaults(file: PolicyFile<CredentialFile>, role: string): PolicyFault[] {
    const found = file.value.rateLimits.filter(({ roles }) => roles.includes(role));
    if (found[0] !== undefined) this.limits.set(role, found[0]);
    if (found.length === 1) return [];
    return [file.fault('/rateLimits', found.length === 0 ? `gives the role ${role} no limit: name it in one of them` : `names the role ${role} twice: leave one`)];
  }
}

function unknownRoles(file: PolicyFile<CredentialFile>, roles: Roles): PolicyFault[] {
  const { issuance, breakGlass, rateLimits } = file.value;
  const named = [
    ...issuance.flatMap((rule, i) => [[`/issuance/${i}/by`, rule.by], ...rule.roles.map((role, j) => [`/issuance/${i}/roles/${j}`, role])]),
    ...breakGlass.flatMap((rule, i) => [[`/breakGlass/${i}/by`, rule.by], [`/breakGlass/${i}/role`, rule.role]]),
    ...rateLimits.flatMap((rule, i) => rule.roles.map((role, j) => [`/rateLimits/${i}/roles/${j}`, role])),
  ] as [string, string][];
  return named.filter(([, role]) => !roles.has(role)).map(([at, role]) => file.fault(at, `names the role ${role}, which has no file under roles/: correct it`));
}

function doubleIds(file: PolicyFile<CredentialFile>): PolicyFault[] {
  const seen = new Set<string>();
  return (['issuance', 'breakGlass'] as const).flatMap((list) =>
    file.value[list].flatMap(({ id }, i) => {
      const isDouble = seen.has(id);
      seen.add(id);
      return isDouble ? [file.fault(`/${list}/${i}/id`, `is used twice: give each rule its own`)] : [];
    }),
  );
}
