import { Ajv, type Options } from 'ajv';

export const OPTIMIZED: Options = { code: { optimize: true } };

/**
 * Ajv for schemas that stand in this code, or that it makes. They are not held against the meta-schema: each instance would
 * compile that anew, which took most of a start. Strict mode refuses words that it does not know, and values of another kind, all the same.
 * Nor is the validators' code made shorter, which takes as long as making it: say `OPTIMIZED` where requests wait for a validator.
 * Finds every error, unless the options say otherwise.
 */
export class OwnSchemas extends Ajv {
  constructor(options: Options = {}) {
    super({ allErrors: true, validateSchema: false, code: { optimize: false }, ...options });
  }
}
