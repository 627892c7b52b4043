import type { JsonValue } from '../core/json-value.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { readPolicyFile, type PolicyFile } from '../ledger/policy-file.ts';
import { STRENGTHS, VERDICT_RULES, type Strength, type VerdictRule } from './population.ts';

/** A control as written. `text` is the source's own where `quoted`, else a paraphrase of ours. */
export interface ControlFile {
  id: string;
  title: string;
  cites: string;
  text: string;
  quoted: boolean;
}

/** An assertion as written: a named query with parameters, and what it is evidence of. */
export interface AssertionFile {
  id: string;
  query: string;
  parameters?: Record<string, JsonValue>;
  controls: string[];
  rule: VerdictRule;
  strength: Strength;
  caveat: string;
  /** Rows that are drawn for each control; all of them where it says so. */
  sample: number | 'all';
}

/** `policies/controls/<framework>.yaml` (docs/evidence.md). */
export interface FrameworkFile {
  framework: string;
  title: string;
  edition: string;
  source: string;
  assertions: AssertionFile[];
  controls: ControlFile[];
}

const ID = { type: 'string', pattern: '^[a-z][a-z0-9-]{0,63}$', mend: 'write small letters, digits and hyphens, a letter first' };
const CONTROL = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9 .,()/_-]{0,63}$', mend: 'write it as the source counts it, in quotes' };
const TEXT = { type: 'string', minLength: 1, maxLength: 2000, mend: 'write a sentence, in quotes where YAML reads it as something else' };

const validate = new OwnSchemas({ allowUnionTypes: true, verbose: true, keywords: ['mend'] }).compile<FrameworkFile>({
  type: 'object',
  additionalProperties: false,
  required: ['framework', 'title', 'edition', 'source', 'assertions', 'controls'],
  properties: {
    framework: ID,
    title: TEXT,
    edition: TEXT,
    source: TEXT,
    assertions: {
      type: 'array',
      minItems: 1,
      maxItems: 200,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'query', 'controls', 'rule', 'strength', 'caveat', 'sample'],
        properties: {
          id: ID,
          query: ID,
          parameters: { type: 'object' },
          controls: { type: 'array', minItems: 1, maxItems: 50, uniqueItems: true, items: CONTROL },
          rule: { enum: VERDICT_RULES },
          strength: { enum: STRENGTHS },
          caveat: TEXT,
          sample: { anyOf: [{ type: 'integer', minimum: 0, maximum: 1000 }, { const: 'all' }], mend: 'write how many rows are drawn, 0 to 1000, or all' },
        },
      },
    },
    controls: {
      type: 'array',
      minItems: 1,
      maxItems: 500,
      items: { type: 'object', additionalProperties: false, required: ['id', 'title', 'cites', 'text', 'quoted'], properties: { id: CONTROL, title: TEXT, cites: TEXT, text: TEXT, quoted: { type: 'boolean', mend: 'write true or false' } } },
    },
  },
});

/** @throws PolicyError with every fault of the file's form */
export function readFrameworkFile(path: string, text: string): PolicyFile<FrameworkFile> {
  return readPolicyFile(path, text, validate);
}
