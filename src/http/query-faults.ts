import type { ValidationError } from '@nestjs/common';
import { Problem, type Fault } from './problem.ts';

const MAX_FAULTS = 20;
const MAX_NAME_LENGTH = 100;

/** The refusal of a query, naming every parameter that is wrong. Precondition: no fault repeats a value. */
export function invalidQuery(faults: readonly Fault[]): Problem {
  const errors = faults.slice(0, MAX_FAULTS).map((fault) => ({ ...fault, at: fault.at.slice(0, MAX_NAME_LENGTH) }));
  return new Problem('invalid-query', 'The query is not right; see errors.', { errors });
}

/** @throws Problem `invalid-query` when there is any parameter */
export function refuseParameters(query: unknown): void {
  const names = Object.keys(query as object);
  if (names.length > 0) throw invalidQuery(names.map(unknown));
}

/** class-validator's findings as one refusal. */
export function queryFaults(errors: ValidationError[]): Problem {
  return invalidQuery(
    errors.flatMap(({ property, constraints = {} }): Fault[] =>
      Object.entries(constraints).map(([code, detail]) => (code === 'whitelistValidation' ? unknown(property) : { at: property, code, detail })),
    ),
  );
}

function unknown(name: string): Fault {
  return { at: name, code: 'unknown', detail: 'is not a parameter here' };
}
