import { Problem, type Fault } from '../http/problem.ts';

/** The refusal of a body whose form is right and whose words are not. Precondition: no fault repeats a value. */
export function invalidBody(errors: readonly Fault[]): Problem {
  return new Problem('invalid-body', 'The body is not right; see errors for every place.', { errors });
}
