import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import { rememberFile } from '../ledger/remember-file.ts';
import type { Action, ActionOn, AttributesOf, Resource } from './catalogue.ts';
import { compileRole } from './compile-role.ts';
import type { Decision } from './decision.ts';
import { RoleRules } from './role-rules.ts';
import { denied, type Ruling } from './ruling.ts';
import type { Role } from './rule.ts';
import { rolesOfName, uniteRoles } from './several-roles.ts';
import type { Asker } from './variable.ts';

/** Each has a key at the first start. */
export const BUILT_IN_ROLES = [
  'producer',
  'auditor',
  'compliance-officer',
  'privacy-officer',
  'model-approver',
  'reviewer',
  'operator',
  'admin',
] as const;

/** Ids that payloads know with a meaning of their own. */
const RESERVED_IDS = ['none', 'scope', 'system', 'two-people'];

/** Sets of roles that are kept ready. */
const MAX_UNITED = 1000;

/** What each role may do, by the rule that says so. Nothing is allowed that no rule allows, and a rule that denies wins. */
export class Roles {
  /** The digest of the bundle that the rules are from, hexadecimal. */
  readonly policy: string;
  /** The most guarded class of data that each contract knows of, by `name@version`. */
  readonly classes: ReadonlyMap<string, string>;
  private readonly roles = new Map<string, RoleRules>();
  /** Those that somebody had at once, by their one name. */
  private readonly united = new Map<string, RoleRules>();

  /**
   * @param classes of the bundle's contracts; without them, no class is known
   * @throws PolicyError with every fault of every role file: file, line and mend
   */
  constructor(bundle: PolicyBundle, classes: ReadonlyMap<string, string> = new Map()) {
    this.policy = bundle.digestHex;
    this.classes = classes;
    const faults: PolicyFault[] = [];
    const owners = new Map<string, string>();
    for (const [path, text] of bundle.texts) {
      if (path.startsWith('roles/')) collect(faults, () => this.add(compileFile(path, text), owners));
    }
    for (const role of BUILT_IN_ROLES) {
      const path = `roles/${role}.yaml`;
      if (!bundle.texts.has(path)) faults.push({ path, line: 1, message: 'is missing: put the shipped file back, with no rules if the role may do nothing' });
    }
    if (faults.length > 0) throw new PolicyError(faults);
  }

  has(role: string): boolean {
    return this.roles.has(role);
  }

  /** Every role, in the order of their files. */
  get all(): readonly Role[] {
    return [...this.roles.values()].map(({ role }) => role);
  }

  /** The rules of a role about an action on a resource; undefined where there is no such role or no such pair. */
  about(role: string, action: Action, resource: Resource): Ruling | undefined {
    return this.rulesOf(role)?.about(action, resource);
  }

  /** The decision where it is the same whatever the resource is; undefined where that matters. At the cost of two look-ups. */
  settled(role: string, action: Action, resource: Resource): Decision | undefined {
    const rules = this.rulesOf(role);
    return rules === undefined ? denied({ action, resource, policy: this.policy }) : rules.about(action, resource)?.settled;
  }

  /**
   * Decides. What is not known of the resource is on nobody's side: a rule that looks at it does not allow, and one that
   * would deny by it denies.
   */
  decide<R extends Resource>(asker: Asker, action: ActionOn<R>, resource: R, attributes: AttributesOf<R>): Decision {
    const rules = this.rulesOf(asker.role);
    return rules?.decide(asker, action, resource, attributes) ?? denied({ action, resource, policy: this.policy });
  }

  /** The role whose rule it is, of those that somebody has at once; the first of them where it is none of theirs. */
  roleOf(name: string, rule: string): string {
    const [first = '', ...others] = rolesOfName(name);
    if (others.length === 0) return name;
    return [first, ...others].find((each) => this.roles.get(each)?.role.rules.some(({ id }) => id === rule)) ?? first;
  }

  /** A role's rules, or those of several at once; undefined where one of them is not known. */
  private rulesOf(name: string): RoleRules | undefined {
    const known = this.roles.get(name) ?? this.united.get(name);
    const parts = rolesOfName(name);
    if (known !== undefined || parts.length === 1) return known;
    const roles = parts.flatMap((each) => this.roles.get(each)?.role ?? []);
    if (roles.length !== parts.length) return undefined;
    const united = new RoleRules(uniteRoles(roles), this.policy);
    if (this.united.size >= MAX_UNITED) this.united.clear();
    this.united.set(name, united);
    return united;
  }

  private add(role: Role, owners: Map<string, string>): void {
    const faults = role.rules.flatMap(({ id, place }): PolicyFault[] => {
      const other = owners.get(id);
      owners.set(id, `${place?.path}:${place?.line}`);
      if (place === undefined) return [];
      if (RESERVED_IDS.includes(id)) return [{ ...place, message: `rule id ${id} is the service’s own: give the rule another` }];
      return other === undefined ? [] : [{ ...place, message: `rule id ${id} is used twice, first at ${other}: give each rule its own` }];
    });
    if (faults.length > 0) throw new PolicyError(faults);
    this.roles.set(role.name, new RoleRules(role, this.policy));
  }
}

const roleOf = rememberFile(compileRole);

function compileFile(path: string, text: string): Role {
  if (!path.endsWith('.yaml')) throw new PolicyError([{ path, line: 1, message: 'a role file ends in .yaml: rename or remove it' }]);
  return roleOf(path, text);
}

/** Goes on after a fault, so that all of them are said at once. */
function collect(faults: PolicyFault[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    faults.push(...error.faults);
  }
}
