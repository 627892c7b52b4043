import type { Field, Fields } from '../contracts/field.ts';

/** The fields of a section of a contract that hold values, those of nested objects included. */
export function leavesOf(fields: Fields): Field[] {
  return [...fields.values()].flatMap((field) => (field.type === 'object' && field.fields !== undefined ? leavesOf(field.fields) : [field]));
}
