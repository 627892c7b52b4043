import { OwnSchemas } from '../http/own-schemas.ts';
import { ACTIONS, ATTRIBUTE_NAMES, RESOURCES, type Action, type Resource } from './catalogue.ts';
import { COMPARISONS, MEMBERSHIPS, PRESENCES } from './condition.ts';

/** A role file as it is written (docs/access.md). */
export interface RoleFile {
  role: string;
  description: string;
  rules: WrittenRule[];
}

export interface WrittenRule {
  id: string;
  effect: 'allow' | 'deny';
  actions: Action[];
  resources: Resource[];
  /** Names of nested fields, joined by dots: the rule is about these and what is in them. */
  fields?: string[];
  when?: WrittenCondition;
  reason: string;
}

/** Attribute → operator → value, and `all` or `any` over lists of conditions; everything in one object must hold. */
export interface WrittenCondition {
  all?: WrittenCondition[];
  any?: WrittenCondition[];
  [attribute: string]: WrittenCondition[] | WrittenTests | undefined;
}

export type WrittenTests = Record<string, unknown>;

export const ID = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$' };
export const TEXT = { type: 'string', minLength: 1, maxLength: 500 };
/** No empty part, no spaces around: a path that could never match is a fault. */
export const FIELD = { type: 'string', maxLength: 200, pattern: '^[^.\\s/*]+(\\.[^.\\s/*]+)*$' };

const VALUE = { type: ['string', 'number', 'boolean'], maxLength: 256 };
const TESTS = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    ...Object.fromEntries(COMPARISONS.map((name) => [name, VALUE])),
    // A list, or a variable that is one. The empty list would never match, or always.
    ...Object.fromEntries(
      MEMBERSHIPS.map((name) => [name, { type: ['array', 'string'], minItems: 1, maxItems: 500, uniqueItems: true, items: VALUE }]),
    ),
    ...Object.fromEntries(PRESENCES.map((name) => [name, { const: true }])),
  },
};
const CONDITIONS = { type: 'array', minItems: 1, maxItems: 50, items: { $ref: '#/definitions/condition' } };

// Closed, and every word from an enum: a misspelt key, action, attribute or operator stops the start instead of granting or never matching.
const SCHEMA = {
  definitions: {
    tests: TESTS,
    condition: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      properties: { ...Object.fromEntries(ATTRIBUTE_NAMES.map((name) => [name, { $ref: '#/definitions/tests' }])), all: CONDITIONS, any: CONDITIONS },
    },
  },
  type: 'object',
  additionalProperties: false,
  required: ['role', 'description', 'rules'],
  properties: {
    role: ID,
    description: TEXT,
    rules: {
      type: 'array',
      maxItems: 500,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'effect', 'actions', 'resources', 'reason'],
        properties: {
          id: ID,
          effect: { enum: ['allow', 'deny'] },
          actions: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: ACTIONS } },
          resources: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: RESOURCES } },
          fields: { type: 'array', minItems: 1, uniqueItems: true, items: FIELD },
          when: { $ref: '#/definitions/condition' },
          reason: TEXT,
        },
      },
    },
  },
};

// Written into each attribute's place, the tests would be compiled as often as there are attributes.
export const validateRoleFile = new OwnSchemas({ allowUnionTypes: true, inlineRefs: false }).compile<RoleFile>(SCHEMA);
