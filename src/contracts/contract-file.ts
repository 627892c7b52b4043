import { OwnSchemas } from '../http/own-schemas.ts';
import { readPolicyFile, type PolicyFile } from '../ledger/policy-file.ts';
import { TOKENIZATION_MODES, type TokenizationMode } from './tokenization-modes.ts';

export const FIELD_TYPES = ['string', 'number', 'integer', 'boolean', 'date', 'date-time', 'array', 'object', 'any'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** From the least to the most guarded; a newer contract may move a field down this list, not up (compatibility.ts). */
export const CLASSES = ['public', 'internal', 'personal', 'special-category', 'phi', 'secret'] as const;
export type DataClass = (typeof CLASSES)[number];

export const REQUIREMENTS = ['decision', 'reasons', 'explanation', 'purpose', 'legalBasis', 'time'] as const;
export const STRING_FORMATS = ['uuid', 'email', 'hex', 'digits'] as const;
/** The field name that stands for every field which has no definition of its own. */
export const EVERY_OTHER_FIELD = '*';

/**
 * What is done with a value before anything is hashed: a mode with its parameters (tokenization-modes.ts), and the words
 * with which a contract answers for it. Which word belongs to which mode is check-tokenization.ts's matter.
 */
export interface TokenizationFile {
  mode: TokenizationMode;
  within?: 'subject' | 'log';
  keepLast?: number;
  to?: 'zip3' | 'year' | 'birth-year' | 'age' | 'band';
  bounds?: number[];
  /** Of `keep`, and of a token that is the same in the whole log: why. */
  reason?: string;
  /** A token that is the same in the whole log, on a field that is personal or worse: accepted that it outlives an erasure. */
  outlivesErasure?: boolean;
}

/** A field's definition as written. Which words each type takes and needs is check-field.ts's matter. */
export interface FieldFile {
  /** Takes over the words of a definition; the field's own words win. */
  use?: string;
  type?: FieldType;
  meaning?: string;
  source?: string;
  observed?: string;
  accuracy?: string;
  unit?: string;
  class?: DataClass;
  /** 45 CFR 164.514(b)(2)(i)(A) to (R), or none of them. */
  safeHarbor?: string;
  tokenization?: TokenizationFile;
  required?: boolean;
  nullable?: boolean;
  freeText?: boolean;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  enum?: (string | number)[];
  format?: (typeof STRING_FORMATS)[number];
  fields?: FieldsFile;
  items?: FieldFile;
  minItems?: number;
  maxItems?: number;
}

export type FieldsFile = Record<string, FieldFile>;

export interface RuleFile {
  id: string;
  expression: string;
  message: string;
}

/** `policies/contracts/<name>.yaml`, or `<name>@<version>.yaml` for an older version that is kept. */
export interface ContractFile {
  contract: string;
  version: string;
  description: string;
  owner: string;
  models: string[];
  purposes: string[];
  legalBases: string[];
  subject: 'required' | 'optional' | 'none';
  require: (typeof REQUIREMENTS)[number][];
  /** `period`: ISO 8601 duration of years, months, days. */
  retention: { period: string; from: 'entry'; citation: string };
  erasure: { mode: 'erase' | 'retain'; citation?: string };
  unknownFields: 'refuse' | 'drop' | 'quarantine';
  onHit: 'refuse' | 'tokenize' | 'quarantine';
  /** ISO 8601 duration; needed where anything is quarantined. */
  quarantineExpiry?: string;
  definitions?: FieldsFile;
  inputs: FieldsFile;
  output: FieldsFile;
  decision?: FieldsFile;
  /** Of what turned out to be true; without it, an outcome has the fields of `output`. */
  outcome?: FieldsFile;
  rules?: RuleFile[];
}

const ID = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$', mend: 'write small letters, digits and hyphens, a letter first' };
const TEXT = { type: 'string', minLength: 1, maxLength: 500, mend: 'write one sentence, in quotes where YAML reads it as something else' };
const COUNT = { type: 'integer', minimum: 0, maximum: 1_000_000, mend: 'write a whole number, without quotes' };
const NUMBER = { type: 'number', mend: 'write a number, without quotes' };
const MODEL = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,127}$', mend: 'write it as predictions name it' };
const ONCE = { type: 'array', uniqueItems: true, maxItems: 100, mend: 'name each once, in a list' };
const FLAG = { type: 'boolean', mend: 'write true or false' };
const FIELDS = {
  type: 'object',
  maxProperties: 500,
  mend: 'write each field under its name',
  additionalProperties: { $ref: '#/definitions/field' },
};

/** Closed at every level: a misspelt word stops the start instead of governing nothing. */
const validate = new OwnSchemas({ allowUnionTypes: true, verbose: true, keywords: ['mend'] }).compile<ContractFile>({
  type: 'object',
  additionalProperties: false,
  required: [
    'contract', 'version', 'description', 'owner', 'models', 'purposes', 'legalBases', 'subject', 'require', 'retention', 'erasure', 'unknownFields', 'onHit', 'inputs', 'output',
  ],
  properties: {
    contract: ID,
    version: { type: 'string', pattern: '^(0|[1-9]\\d{0,5})\\.(0|[1-9]\\d{0,5})\\.(0|[1-9]\\d{0,5})$', mend: 'write three numbers with points between them, 1.2.0, in quotes where there are fewer' },
    description: TEXT,
    owner: TEXT,
    models: { ...ONCE, items: MODEL },
    purposes: { ...ONCE, items: TEXT },
    legalBases: { ...ONCE, items: TEXT },
    subject: { enum: ['required', 'optional', 'none'] },
    require: { ...ONCE, items: { enum: REQUIREMENTS } },
    retention: {
      type: 'object',
      additionalProperties: false,
      required: ['period', 'from', 'citation'],
      properties: { period: { type: 'string', pattern: '^P(?=\\d)(\\d{1,3}Y)?(\\d{1,4}M)?(\\d{1,5}D)?$', mend: 'write years, months and days as P6Y, P25M or P90D' }, from: { enum: ['entry'] }, citation: TEXT },
    },
    erasure: {
      type: 'object',
      additionalProperties: false,
      required: ['mode'],
      properties: { mode: { enum: ['erase', 'retain'] }, citation: TEXT },
    },
    unknownFields: { enum: ['refuse', 'drop', 'quarantine'] },
    onHit: { enum: ['refuse', 'tokenize', 'quarantine'] },
    quarantineExpiry: { type: 'string', pattern: '^P([1-9]\\d{0,2}D|T[1-9]\\d{0,3}H)$', mend: 'write days or hours as P14D or PT12H' },
    definitions: FIELDS,
    inputs: FIELDS,
    output: FIELDS,
    decision: FIELDS,
    outcome: FIELDS,
    rules: {
      type: 'array',
      maxItems: 50,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'expression', 'message'],
        properties: { id: ID, expression: { type: 'string', minLength: 1, maxLength: 1000, mend: 'write an expression of at most 1000 characters, in quotes' }, message: TEXT },
      },
    },
  },
  definitions: {
    field: {
      type: 'object',
      additionalProperties: false,
      properties: {
        use: ID,
        type: { enum: FIELD_TYPES },
        meaning: TEXT,
        source: TEXT,
        observed: TEXT,
        accuracy: TEXT,
        unit: { type: 'string', minLength: 1, maxLength: 40, mend: 'name the unit in a word, or write none' },
        class: { enum: CLASSES },
        safeHarbor: { enum: [...'ABCDEFGHIJKLMNOPQR'.split(''), 'none'] },
        tokenization: {
          type: 'object',
          additionalProperties: false,
          required: ['mode'],
          properties: {
            mode: { enum: TOKENIZATION_MODES.map(({ mode }) => mode) },
            ...Object.fromEntries(TOKENIZATION_MODES.flatMap(({ parameters }) => Object.entries(parameters.properties))),
            reason: TEXT,
            outlivesErasure: FLAG,
          },
        },
        required: FLAG,
        nullable: FLAG,
        freeText: FLAG,
        minimum: NUMBER,
        maximum: NUMBER,
        minLength: COUNT,
        maxLength: { ...COUNT, minimum: 1 },
        pattern: { type: 'string', minLength: 1, maxLength: 200, mend: 'write ^…$ of at most 200 characters, in quotes' },
        enum: { type: 'array', minItems: 1, maxItems: 1000, uniqueItems: true, mend: 'list what may be said, each once', items: { type: ['string', 'number'], mend: 'put it into quotes, YAML reads it as something else' } },
        format: { enum: STRING_FORMATS },
        fields: FIELDS,
        items: { $ref: '#/definitions/field' },
        minItems: COUNT,
        maxItems: { ...COUNT, minimum: 1, maximum: 10_000 },
      },
    },
  },
});

/** @throws PolicyError with every fault of the file's form; what the words mean together is not looked at here */
export function readContractFile(path: string, text: string): PolicyFile<ContractFile> {
  return readPolicyFile(path, text, validate);
}
