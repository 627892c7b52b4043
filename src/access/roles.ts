import { Ajv } from 'ajv';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError } from '../ledger/policy-error.ts';
import { readPolicyFile } from '../ledger/policy-file.ts';

/** The closed catalogue: what can be done, and to what. */
export const ACTIONS = ['append', 'read', 'list', 'receive', 'prove'] as const;
export const RESOURCES = ['prediction', 'log'] as const;
export type Action = (typeof ACTIONS)[number];
export type Resource = (typeof RESOURCES)[number];

/** Each has a key at the first start. */
export const BUILT_IN_ROLES = [
  'producer',
  'auditor',
  'compliance-officer',
  'privacy-officer',
  'model-approver',
  'operator',
  'admin',
] as const;

interface RoleFile {
  role: string;
  description: string;
  rules: { id: string; allow: Action[]; on: Resource[]; reason: string }[];
}

const ID = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' };
const TEXT = { type: 'string', minLength: 1, maxLength: 500 };

// Closed, and every word from an enum: a misspelt key or action stops the start instead of granting or never matching.
const validate = new Ajv({ allErrors: true }).compile<RoleFile>({
  type: 'object',
  additionalProperties: false,
  required: ['role', 'description', 'rules'],
  properties: {
    role: ID,
    description: TEXT,
    rules: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'allow', 'on', 'reason'],
        properties: {
          id: ID,
          allow: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: ACTIONS } },
          on: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: RESOURCES } },
          reason: TEXT,
        },
      },
    },
  },
});

/** What each role may do, by the rule that says so. Nothing is allowed that no rule allows. */
export class Roles {
  /** role → "action resource" → rule id. */
  private readonly rules = new Map<string, Map<string, string>>();

  /** @throws PolicyError with file, line and mend at the first file that is not right */
  constructor(bundle: PolicyBundle) {
    const ids = new Set<string>();
    for (const [path, text] of bundle.texts) {
      if (!path.startsWith('roles/')) continue;
      if (!path.endsWith('.yaml')) throw new PolicyError(`${path}: a role file ends in .yaml: rename or remove it`);
      this.add(path, readPolicyFile(path, text, validate).value, ids);
    }
    for (const role of BUILT_IN_ROLES) {
      if (!this.rules.has(role)) throw new PolicyError(`roles/${role}.yaml is missing: put the shipped file back, with no rules if the role may do nothing`);
    }
  }

  has(role: string): boolean {
    return this.rules.has(role);
  }

  /** The id of the rule that allows it; undefined when none does. */
  allowedBy(role: string, action: Action, resource: Resource): string | undefined {
    return this.rules.get(role)?.get(`${action} ${resource}`);
  }

  private add(path: string, file: RoleFile, ids: Set<string>): void {
    if (path !== `roles/${file.role}.yaml`) throw new PolicyError(`${path}:1: role ${file.role} belongs in roles/${file.role}.yaml`);
    const granted = new Map<string, string>();
    for (const rule of file.rules) {
      if (ids.has(rule.id)) throw new PolicyError(`${path}: rule id ${rule.id} is used twice: give each rule its own`);
      ids.add(rule.id);
      for (const action of rule.allow) for (const resource of rule.on) granted.set(`${action} ${resource}`, rule.id);
    }
    this.rules.set(file.role, granted);
  }
}
