import { CLASSES, EVERY_OTHER_FIELD, type DataClass } from './contract-file.ts';
import type { Field, Fields, Sections } from './field.ts';

/**
 * The most guarded class of the fields at these places of a prediction's body, by its contract.
 *
 * @param pointers JSON pointers (RFC 6901)
 * @returns undefined where the contract does not say it of one of them, or there are none
 */
export function classOf(sections: Sections, pointers: readonly string[]): DataClass | undefined {
  const classes = pointers.map((pointer) => fieldAt(sections, pointer)?.class);
  const ranks = classes.map((each) => (each === undefined ? CLASSES.length : CLASSES.indexOf(each)));
  return ranks.length === 0 ? undefined : CLASSES[Math.max(...ranks)];
}

/** The definition of the field at a place; undefined where the contract has none for it. */
export function fieldAt(sections: Sections, pointer: string): Field | undefined {
  const [section, ...parts] = pointer.split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (section === 'explanation' && parts[0] === 'counterfactual') return within(sections.inputs, parts.slice(1));
  if (section === 'inputs' || section === 'output' || section === 'decision' || section === 'outcome') return within(sections[section], parts);
  return undefined;
}

function within(fields: Fields | undefined, [name, ...rest]: readonly string[]): Field | undefined {
  if (name === undefined) return undefined;
  let field = fields?.get(name) ?? fields?.get(EVERY_OTHER_FIELD);
  let left = rest;
  while (field?.type === 'array' && field.items !== undefined && left.length > 0) {
    field = field.items;
    left = left.slice(1);
  }
  // What a field of any type holds has the field's own class.
  return field?.type === 'object' && left.length > 0 ? within(field.fields, left) : field;
}
