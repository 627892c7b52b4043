import { CLASSES, type TokenizationFile } from './contract-file.ts';
import { everyField, type Field, type Sections } from './field.ts';
import { strength } from './field-compatibility.ts';
import { fieldText, tokenizationOf, tokenizationText } from './field-text.ts';

/** Words of a field that are said as they are written. */
const WORDS = [
  'type', 'unit', 'required', 'nullable', 'freeText', 'minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'pattern', 'format', 'enum', 'safeHarbor',
  'meaning', 'source', 'observed', 'accuracy',
] as const;

/** What changes in a contract's fields, in words, by their paths in a prediction. */
export function fieldChanges(older: Sections, newer: Sections): string[] {
  const [before, now] = [byPath(older), byPath(newer)];
  return [
    ...[...now].filter(([at]) => !before.has(at)).map(([at, field]) => `${at} is new: ${fieldText(field)}`),
    ...[...before.keys()].filter((at) => !now.has(at)).map((at) => `${at} is gone`),
    ...[...now].flatMap(([at, field]) => {
      const was = before.get(at);
      return was === undefined ? [] : changesOf(was, field).map((what) => `${at} ${what}`);
    }),
  ];
}

function byPath({ inputs, output, decision }: Sections): Map<string, Field> {
  const fields = [...everyField(inputs, '/inputs'), ...everyField(output, '/output'), ...everyField(decision ?? new Map(), '/decision')];
  return new Map(fields.map(({ at, field }) => [at, field]));
}

function changesOf(was: Field, is: Field): string[] {
  const changes: string[] = [];
  if (was.class !== is.class) changes.push(`is reclassified: ${was.class ?? 'none'} → ${is.class ?? 'none'}${guardedLess(was, is) ? ', GUARDED LESS' : ''}`);
  const [before, now] = [tokenizationOf(was), tokenizationOf(is)];
  const [said, saying] = [tokenizationText(before), tokenizationText(now)];
  if (said !== saying) changes.push(`${saying}, and not any more: ${said}${weighed(before, now)}`);
  if (before.reason !== now.reason) changes.push('has another reason for what becomes of it');
  for (const word of WORDS) {
    if (String(was[word]) !== String(is[word])) changes.push(`${word}: ${written(was[word])} → ${written(is[word])}`);
  }
  return changes;
}

function guardedLess(was: Field, is: Field): boolean {
  if (was.class === undefined || is.class === undefined) return was.class !== undefined;
  return CLASSES.indexOf(is.class) < CLASSES.indexOf(was.class);
}

/** Whether what is left of the value is less or more. */
function weighed(was: TokenizationFile, is: TokenizationFile): string {
  const difference = strength(is) - strength(was) || (was.keepLast ?? 0) - (is.keepLast ?? 0);
  return difference > 0 ? ' (stronger)' : difference < 0 ? ' (WEAKER)' : '';
}

function written(value: string | number | boolean | (string | number)[] | undefined): string {
  return value === undefined ? 'not given' : Array.isArray(value) ? value.join(', ') : String(value);
}
