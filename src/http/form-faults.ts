import type { ErrorObject } from 'ajv';
import type { Fault } from './problem.ts';

const MAX_FAULTS = 20;
const MAX_POINTER_LENGTH = 200;

/**
 * What a schema found wrong with something posted, each with its place. Values are never repeated: they may be personal.
 *
 * @param stranger what to do about a member that the schema does not know
 */
export function formFaults(errors: readonly ErrorObject[] | null | undefined, stranger: string): Fault[] {
  return (errors ?? []).slice(0, MAX_FAULTS).map((error) => {
    const { additionalProperty, missingProperty } = error.params as { additionalProperty?: string; missingProperty?: string };
    const at = pointer(error.instancePath, additionalProperty ?? missingProperty);
    if (additionalProperty !== undefined) return { at, code: 'unknown-field', detail: stranger };
    if (missingProperty !== undefined) return { at, code: 'missing-field', detail: 'is required' };
    return { at, code: error.keyword, detail: error.message ?? 'is not right' };
  });
}

/** RFC 6901, cut to a length fit for an answer: keys are the sender's. */
function pointer(parent: string, name: string | undefined): string {
  const whole = name === undefined ? parent : `${parent}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  return whole.length > MAX_POINTER_LENGTH ? `${whole.slice(0, MAX_POINTER_LENGTH - 1)}…` : whole;
}
