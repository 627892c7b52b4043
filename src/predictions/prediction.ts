import type { JsonValue } from '../core/json-value.ts';
import { formFaults } from '../http/form-faults.ts';
import { OPTIMIZED, OwnSchemas } from '../http/own-schemas.ts';
import type { Fault } from '../http/problem.ts';
import { isDateTime } from './date-time.ts';

/** A prediction as posted; docs/spec/payloads.md gives the meaning of each field. */
export interface Prediction {
  id: string;
  model: string;
  version: string;
  subject?: string;
  time?: string;
  inputs: { [name: string]: JsonValue };
  output: { [name: string]: JsonValue };
  decision?: { outcome: string; threshold?: number; reasons?: string[]; automated?: boolean };
  explanation?: { method?: string; attributions?: { [name: string]: number }; counterfactual?: { [name: string]: JsonValue } };
  purpose?: string;
  legalBasis?: string;
  parents?: string[];
  features?: { view: string; version?: string; asOf?: string }[];
  deployment?: string;
  producer?: { seq: number };
  trace?: string;
}

const NAME = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,127}$' };
const ID = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._:~@+=-]{0,127}$' };
// Text that lists filter by, and codes: printable, no control characters.
const LABEL = { type: 'string', minLength: 1, maxLength: 256, pattern: '^[^\\u0000-\\u001f\\u007f]+$' };
const TIME = { type: 'string', format: 'date-time', maxLength: 40 };
const OBJECT = { type: 'object', maxProperties: 10_000 };

/** The closed form of a posted prediction (JSON Schema, draft 7). What stands in inputs and output is its contract's matter. */
export const PREDICTION_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'model', 'version', 'inputs', 'output'],
  properties: {
    id: ID,
    model: NAME,
    version: NAME,
    subject: LABEL,
    time: TIME,
    inputs: OBJECT,
    output: OBJECT,
    decision: {
      type: 'object',
      additionalProperties: false,
      required: ['outcome'],
      properties: {
        outcome: LABEL,
        threshold: { type: 'number' },
        reasons: { type: 'array', maxItems: 100, items: LABEL },
        automated: { type: 'boolean' },
      },
    },
    explanation: {
      type: 'object',
      additionalProperties: false,
      properties: {
        method: LABEL,
        attributions: { type: 'object', maxProperties: 10_000, additionalProperties: { type: 'number' } },
        counterfactual: OBJECT,
      },
    },
    purpose: LABEL,
    legalBasis: LABEL,
    parents: { type: 'array', maxItems: 100, uniqueItems: true, items: ID },
    features: {
      type: 'array',
      maxItems: 100,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['view'],
        properties: { view: NAME, version: NAME, asOf: TIME },
      },
    },
    deployment: NAME,
    producer: {
      type: 'object',
      additionalProperties: false,
      required: ['seq'],
      properties: { seq: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } },
    },
    trace: { type: 'string', pattern: '^[\\x21-\\x7e]{1,256}$' },
  },
} as const;

const ajv = new OwnSchemas({ ...OPTIMIZED, allowUnionTypes: true });
ajv.addFormat('date-time', isDateTime);
const validate = ajv.compile<Prediction>(PREDICTION_SCHEMA);

/** Every fault of a record at once, none when it is a prediction. Values are never repeated: they may be personal. */
export function faultsOf(record: unknown): Fault[] {
  return validate(record) ? [] : formFaults(validate.errors, 'is not a field of a prediction: remove it, or put it into inputs or output');
}
