import type { ValidationError } from '@nestjs/common';
import { Problem, type Fault } from './problem.ts';

/** class-validator's findings as one refusal that names every parameter; their values are not repeated. */
export function queryFaults(errors: ValidationError[]): Problem {
  const faults = errors.flatMap(({ property, constraints = {} }): Fault[] =>
    Object.entries(constraints).map(([code, detail]) => ({ at: property, code, detail })),
  );
  return new Problem('invalid-query', 'The query is not right; see errors.', { errors: faults });
}
