import type { AttributeType } from './catalogue.ts';

/** Who asks, as far as rules may look. */
export interface Asker {
  /** Opaque id. */
  readonly id: string;
  readonly role: string;
  /** The models that its key is scoped to; left out where it is not. */
  readonly models?: readonly string[] | undefined;
}

interface Variable {
  type: AttributeType;
  list: boolean;
  of(asker: Asker): string | readonly string[] | undefined;
}

/** What may stand for a value in a condition. One that is absent for the caller makes the condition fail closed. */
export const VARIABLES = {
  '$principal.id': { type: 'text', list: false, of: (asker) => asker.id },
  '$principal.role': { type: 'text', list: false, of: (asker) => asker.role },
  '$principal.models': { type: 'text', list: true, of: (asker) => asker.models },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;

export function isVariable(text: unknown): text is VariableName {
  return typeof text === 'string' && Object.hasOwn(VARIABLES, text);
}

/** A variable's value for a caller; undefined when it is absent or not of its type. */
export function valueOf(name: VariableName, asker: Asker): string | readonly string[] | undefined {
  const { list, of } = VARIABLES[name];
  const value = of(asker);
  if (list) return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
  return typeof value === 'string' ? value : undefined;
}
