import { OwnSchemas } from '../http/own-schemas.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import { readPolicyFile, type PolicyFile } from '../ledger/policy-file.ts';
import { ACTIONS, ATTRIBUTE_NAMES, attributeType, isActionOn, RESOURCES, type Action, type AttributeValue, type Resource } from './catalogue.ts';
import { timeOf } from './compile-condition.ts';
import { hasType } from './condition.ts';
import { FIELD, ID, TEXT } from './role-file.ts';

/** One expectation: who, what, of what, and how it must be decided. */
export interface PolicyTestCase {
  /** Each is a case of its own. */
  actions: Action[];
  resource: Resource;
  /** The asking principal's id; `prn_tester` where it does not matter. */
  principal?: string;
  /** The models that its key is scoped to. */
  models?: string[];
  attributes?: Record<string, AttributeValue>;
  expect: 'allow' | 'deny';
  /** The rule that must decide. */
  rule: string;
  /** Paths of fields that must be seen, and that must not be. */
  shown?: string[];
  withheld?: string[];
}

/** `policies/tests/*.yaml` (docs/access.md). */
export interface PolicyTestFile {
  role: string;
  description: string;
  cases: PolicyTestCase[];
}

const FIELDS = { type: 'array', minItems: 1, uniqueItems: true, items: FIELD };
const VALUE = { type: ['string', 'number', 'boolean', 'null'], maxLength: 256 };

const validate = new OwnSchemas({ allowUnionTypes: true }).compile<PolicyTestFile>({
  type: 'object',
  additionalProperties: false,
  required: ['role', 'description', 'cases'],
  properties: {
    role: ID,
    description: TEXT,
    cases: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['actions', 'resource', 'expect', 'rule'],
        properties: {
          actions: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: ACTIONS } },
          resource: { enum: RESOURCES },
          principal: { type: 'string', minLength: 1, maxLength: 64 },
          models: { type: 'array', items: { type: 'string', maxLength: 128 } },
          attributes: { type: 'object', additionalProperties: false, properties: Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, VALUE])) },
          expect: { enum: ['allow', 'deny'] },
          rule: ID,
          shown: FIELDS,
          withheld: FIELDS,
        },
      },
    },
  },
});

/** Reads one file of tests; times become ms since 1970. @throws PolicyError with every fault */
export function readPolicyTests(path: string, text: string): PolicyFile<PolicyTestFile> {
  const file = readPolicyFile(path, text, validate);
  const faults: PolicyFault[] = [];
  file.value.cases.forEach(({ actions, resource, attributes = {} }, at) => {
    for (const action of actions) {
      if (!isActionOn(action, resource)) faults.push(file.fault(`/cases/${at}/actions`, `${action} is nothing that is done to a ${resource}`));
    }
    for (const [name, value] of Object.entries(attributes)) {
      const type = attributeType(resource, name);
      if (type === 'time' && typeof value === 'string') attributes[name] = timeOf(value) ?? value;
      if (type === undefined || (value !== null && !hasType(attributes[name], type))) {
        faults.push(file.fault(`/cases/${at}/attributes/${name}`, type === undefined ? `is no attribute of a ${resource}` : `is not a ${type}`));
      }
    }
  });
  if (faults.length > 0) throw new PolicyError(faults);
  return file;
}
