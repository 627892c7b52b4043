import { CLASSES, type TokenizationFile } from './contract-file.ts';
import type { Field, Fields } from './field.ts';
import type { TokenizationMode } from './tokenization-modes.ts';

/** A change that a sender of records or a reader of old ones would trip over. */
export interface Break {
  /** JSON pointer into the newer file. */
  pointer: string;
  what: string;
}

type Say = (word: string, what: string) => void;

/** From what leaves most of a value to what leaves least. */
const STRENGTH: readonly TokenizationMode[] = ['keep', 'generalize', 'mask', 'deterministic-token', 'token', 'redact', 'drop'];

/** What breaks between two versions of the fields of one object. */
export function fieldsBreaks(older: Fields, newer: Fields, pointer: string): Break[] {
  const breaks: Break[] = [];
  for (const [name, before] of older) {
    const now = newer.get(name);
    if (now === undefined) breaks.push({ pointer, what: `the field ${name} is gone` });
    else breaks.push(...fieldBreaks(before, now));
  }
  for (const [name, now] of newer) {
    if (!older.has(name) && now.required === true) breaks.push({ pointer: now.pointer, what: 'a new field is required' });
  }
  return breaks;
}

function fieldBreaks(before: Field, now: Field): Break[] {
  const breaks: Break[] = [];
  const say: Say = (word, what) => {
    breaks.push({ pointer: now.at(word), what });
  };
  meaningBreaks(before, now, say);
  presenceBreaks(before, now, say);
  rangeBreaks(before, now, say);
  formBreaks(before, now, say);
  guardBreaks(before, now, say);
  tokenizationBreaks(before.tokenization ?? { mode: 'keep' }, now.tokenization ?? { mode: 'keep' }, (what) => say('tokenization', what));
  if (before.items !== undefined && now.items !== undefined) breaks.push(...fieldBreaks(before.items, now.items));
  return [...breaks, ...fieldsBreaks(before.fields ?? new Map(), now.fields ?? new Map(), now.at('fields'))];
}

/** A value must go on meaning what it meant. */
function meaningBreaks(before: Field, now: Field, say: Say): void {
  if (before.type !== now.type && !(before.type === 'integer' && now.type === 'number')) say('type', `the type was ${before.type}`);
  if (before.unit !== now.unit) say('unit', `the unit was ${before.unit ?? 'not given'}`);
  if (before.meaning !== now.meaning) say('meaning', 'it meant something else');
}

function presenceBreaks(before: Field, now: Field, say: Say): void {
  if (before.required !== true && now.required === true) say('required', 'it was not required');
  if (before.nullable === true && now.nullable !== true) say('nullable', 'it could be null');
}

/** A range may only widen. */
function rangeBreaks(before: Field, now: Field, say: Say): void {
  for (const word of ['minimum', 'minLength', 'minItems'] as const) {
    if ((now[word] ?? -Infinity) > (before[word] ?? (word === 'minimum' ? -Infinity : 0))) say(word, `it was ${before[word] ?? 'not bounded'}`);
  }
  for (const word of ['maximum', 'maxLength', 'maxItems'] as const) {
    if ((now[word] ?? Infinity) < (before[word] ?? Infinity)) say(word, `it was ${before[word] ?? 'not bounded'}`);
  }
}

function formBreaks(before: Field, now: Field, say: Say): void {
  for (const word of ['pattern', 'format'] as const) if (now[word] !== undefined && before[word] !== now[word]) say(word, `its ${word} was ${before[word] === undefined ? 'not given' : 'another'}`);
  if (now.enum === undefined) return;
  if (before.enum === undefined) return say('enum', 'it had no enum');
  const gone = before.enum.filter((value) => now.enum?.includes(value) !== true);
  if (gone.length > 0) say('enum', `it took ${gone.slice(0, 5).join(', ')}`);
}

/** A class that is lowered, a Safe Harbor class that is another, free text that is no longer looked through. */
function guardBreaks(before: Field, now: Field, say: Say): void {
  if (before.class !== undefined && now.class !== undefined && CLASSES.indexOf(now.class) < CLASSES.indexOf(before.class)) say('class', `its class was ${before.class}`);
  if (before.safeHarbor !== now.safeHarbor) say('safeHarbor', `its Safe Harbor class was ${before.safeHarbor ?? 'not given'}`);
  if (before.freeText === true && now.freeText !== true) say('freeText', 'it was looked through as free text');
}

/** A tokenization may only leave less than before, and a generalization stays the one that it was. */
function tokenizationBreaks(before: TokenizationFile, now: TokenizationFile, say: (what: string) => void): void {
  if (strength(now) < strength(before)) return say(`its tokenization was ${before.mode}${before.within === undefined ? '' : ` within the ${before.within}`}`);
  if (before.mode !== now.mode) return;
  if ((now.keepLast ?? 0) > (before.keepLast ?? 0)) say(`it kept ${before.keepLast ?? 0} characters`);
  if (before.to !== now.to || String(before.bounds) !== String(now.bounds)) say('it was generalized to something else');
}

/** How little a tokenization leaves of a value: more is less. A token that is the same in the whole log leaves more than one within a subject. */
export function strength({ mode, within }: TokenizationFile): number {
  return STRENGTH.indexOf(mode) - (within === 'log' ? 0.5 : 0);
}
