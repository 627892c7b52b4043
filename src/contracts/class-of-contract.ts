import { CLASSES, type DataClass } from './contract-file.ts';
import type { Contracts } from './contracts.ts';
import type { Field } from './field.ts';

/** Every version of every contract, by its id, with the most guarded class of data that its fields may hold. */
export function classesOfContracts({ all }: Contracts): ReadonlyMap<string, DataClass> {
  return new Map(all.map(({ id, sections: { inputs, output, decision } }) => {
    const ranks = [inputs, output, decision].flatMap((fields) => (fields === undefined ? [] : [...fields.values()].flatMap(ranksOf)));
    return [id, CLASSES[Math.max(0, ...ranks)] as DataClass];
  }));
}

/** Of a field, and of all that is nested in it. */
function ranksOf(field: Field): number[] {
  const nested = [...(field.type === 'object' ? (field.fields?.values() ?? []) : []), ...(field.type === 'array' && field.items !== undefined ? [field.items] : [])];
  return [...(field.class === undefined ? [] : [CLASSES.indexOf(field.class)]), ...nested.flatMap(ranksOf)];
}
