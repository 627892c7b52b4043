import type { ErrorObject } from 'ajv';
import formats from 'ajv-formats';
import { OPTIMIZED, OwnSchemas } from '../http/own-schemas.ts';
import type { Fault } from '../http/problem.ts';
import { escapePointer } from '../ledger/policy-file.ts';
import { EVERY_OTHER_FIELD, type ContractFile } from './contract-file.ts';
import type { Field, Fields, Sections } from './field.ts';

const MAX_FAULTS = 50;

/** Collects what is not of the contract's form; `unknown` takes the fields that it does not know. */
export type FormCheck = (prediction: unknown, faults: Fault[], unknown: Fault[]) => void;

type Schema = Record<string, unknown>;

/** One validator for all of a contract, compiled once. Faults name places and what is asked for, never a value. */
export function compileForm(file: ContractFile, sections: Sections): FormCheck {
  const open = file.unknownFields === 'drop';
  const inputs = objectSchema(sections.inputs, open, true);
  return compileSchema({
    type: 'object',
    properties: {
      inputs,
      output: objectSchema(sections.output, open, true),
      // A decision that the contract does not define is a field that it does not know.
      ...(sections.decision === undefined ? !open && { decision: { not: {} } } : { decision: objectSchema(sections.decision, open, true) }),
      // What would have given another output: inputs, under their names.
      explanation: { type: 'object', properties: { counterfactual: objectSchema(sections.inputs, open, false) } },
    },
  });
}

/** A validator for objects of which each may be a part of what it stands for: none of its fields need be there. */
export function compileParts(file: ContractFile, parts: Readonly<Record<string, Fields>>): FormCheck {
  const open = file.unknownFields === 'drop';
  return compileSchema({ type: 'object', properties: Object.fromEntries(Object.entries(parts).map(([name, fields]) => [name, objectSchema(fields, open, false)])) });
}

// Lengths in UTF-16 code units, as offsets of hits are; that ajv calls the option deprecated goes to no log.
const ajv = new OwnSchemas({ ...OPTIMIZED, allowUnionTypes: true, unicode: false, strictTypes: false, logger: false });
formats.default(ajv, ['date', 'date-time', 'uuid']);
ajv.addFormat('email', isEmail);
ajv.addFormat('hex', /^[0-9A-Fa-f]+$/);
ajv.addFormat('digits', /^[0-9]+$/);
ajv.addKeyword({ keyword: 'boundedPattern', type: 'string', schemaType: 'object', compile: boundedPattern });

function compileSchema(schema: Schema): FormCheck {
  const validate = ajv.compile(schema);
  // Ajv would keep it for good; the validator needs it no more.
  ajv.removeSchema(schema);
  return (prediction, faults, unknown) => {
    if (validate(prediction)) return;
    for (const error of (validate.errors ?? []).slice(0, MAX_FAULTS)) {
      (isUnknown(error) ? unknown : faults).push(faultOf(error));
    }
  };
}

function objectSchema(fields: Fields, open: boolean, complete: boolean): Schema {
  const named = [...fields].filter(([name]) => name !== EVERY_OTHER_FIELD);
  const others = fields.get(EVERY_OTHER_FIELD);
  const required = named.filter(([, field]) => complete && field.required === true).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(named.map(([name, field]) => [name, fieldSchema(field, open)])),
    ...(required.length > 0 && { required }),
    ...(others !== undefined ? { additionalProperties: fieldSchema(others, open) } : !open && { additionalProperties: false }),
  };
}

function fieldSchema(field: Field, open: boolean): Schema {
  if (field.type === 'any') return {};
  if (field.type === 'object') return orNull(field, objectSchema(field.fields ?? new Map(), open, true));
  if (field.type === 'array') {
    return orNull(field, {
      type: 'array',
      ...(field.items !== undefined && { items: fieldSchema(field.items, open) }),
      ...pick(field, ['minItems', 'maxItems']),
    });
  }
  return orNull(field, scalarSchema(field));
}

function scalarSchema(field: Field): Schema {
  const { type, enum: values, pattern, maxLength } = field;
  if (type === 'date' || type === 'date-time') return { type: 'string', maxLength: 40, format: type };
  return {
    type,
    ...pick(field, ['minimum', 'maximum', 'minLength', 'maxLength', 'format']),
    ...(values !== undefined && { enum: field.nullable === true ? [...values, null] : values }),
    ...(pattern !== undefined && { boundedPattern: { pattern, maxLength } }),
  };
}

/** A pattern's cost is bounded by the text's length (safe-pattern.ts), so it is not tried on a longer one: maxLength has refused that. */
function boundedPattern({ pattern, maxLength }: { pattern: string; maxLength: number }): (text: string) => boolean {
  const expression = new RegExp(pattern, 'u');
  return (text) => text.length > maxLength || expression.test(text);
}

function orNull(field: Field, schema: Schema): Schema {
  return field.nullable === true ? { ...schema, type: [schema['type'], 'null'] } : schema;
}

function pick(field: Field, words: readonly (keyof Field)[]): Schema {
  return Object.fromEntries(words.filter((word) => field[word] !== undefined).map((word) => [word, field[word]]));
}

/** One @, something before it and a dot behind it; what more there is to addresses is not for a contract to say. */
function isEmail(text: string): boolean {
  const at = text.indexOf('@');
  const dot = text.lastIndexOf('.');
  return at > 0 && at === text.lastIndexOf('@') && dot > at + 1 && dot < text.length - 1 && text.length <= 254;
}

function isUnknown({ keyword, instancePath }: ErrorObject): boolean {
  return keyword === 'additionalProperties' || (keyword === 'not' && instancePath === '/decision');
}

function faultOf(error: ErrorObject): Fault {
  const { additionalProperty, missingProperty, allowedValues } = error.params as { additionalProperty?: string; missingProperty?: string; allowedValues?: readonly unknown[] };
  const name = additionalProperty ?? missingProperty;
  const at = cut(name === undefined ? error.instancePath : `${error.instancePath}/${escapePointer(name)}`);
  if (isUnknown(error)) return { at, code: 'unknown-field', detail: 'is not a field of the contract: remove it, or have the contract define it' };
  if (missingProperty !== undefined) return { at, code: 'missing-field', detail: 'is required by the contract' };
  if (allowedValues !== undefined) return { at, code: 'enum', detail: `must be one of: ${allowedValues.slice(0, 20).join(', ')}${allowedValues.length > 20 ? ', …' : ''}` };
  if (error.keyword === 'boundedPattern') return { at, code: 'pattern', detail: 'does not have the pattern that the contract asks for' };
  return { at, code: error.keyword, detail: error.message ?? 'is not right' };
}

/** Keys are the sender's: a pointer is cut to a length fit for an answer. */
export function cut(pointer: string): string {
  return pointer.length > 200 ? `${pointer.slice(0, 199)}…` : pointer;
}
