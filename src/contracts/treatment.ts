import type { JsonValue } from '../core/json-value.ts';
import { escapePointer } from '../ledger/policy-file.ts';
import { isPersonal } from './check-field.ts';
import type { Classification } from './classification.ts';
import { EVERY_OTHER_FIELD } from './contract-file.ts';
import type { Field, Fields } from './field.ts';
import { cut } from './form.ts';
import { TokenizationError } from './tokenization-error.ts';
import { applyInPlace, type Tokenization } from './tokenization-modes.ts';
import { member, type Holder, type Key, type TreatedRecord } from './treated-record.ts';

/** What is done to one value, wherever it stands. Takes values of any form: the record may be found wrong besides. */
type Treat = (holder: Holder, key: Key, value: JsonValue, at: string, record: TreatedRecord) => void;
/** What is done to an object's fields. */
export type TreatObject = (object: JsonValue | undefined, at: string, record: TreatedRecord) => void;

interface Options {
  classification: Classification;
  /** Whether fields that nobody defined are dropped; else the form has refused them. */
  dropUnknown: boolean;
}

/** The plan for the fields of an object, made once a contract: only what there is to do is in it. */
export function planObject(fields: Fields, options: Options): TreatObject {
  const plan = [...fields]
    .filter(([name]) => name !== EVERY_OTHER_FIELD)
    .flatMap(([name, field]) => {
      const treat = planField(name, field, options);
      return treat === undefined ? [] : [{ name, suffix: `/${escapePointer(name)}`, treat }];
    });
  const treatOthers = planOthers(fields, options);
  return (object, at, record) => {
    if (!isObject(object)) return;
    for (const { name, suffix, treat } of plan) {
      const value = object[name];
      if (value !== undefined) treat(object, name, value, at + suffix, record);
    }
    treatOthers?.(object, at, record);
  };
}

/** Fields without a definition of their own: under `*`, or dropped. */
function planOthers(fields: Fields, options: Options): ((object: { [name: string]: JsonValue }, at: string, record: TreatedRecord) => void) | undefined {
  const others = fields.get(EVERY_OTHER_FIELD);
  if (others === undefined) {
    if (!options.dropUnknown) return undefined;
    return (object, _at, record) => {
      for (const name of Object.keys(object)) if (!fields.has(name)) record.dropUnknown(object, name);
    };
  }
  const treat = planField('', others, options);
  return (object, at, record) => {
    for (const name of Object.keys(object)) {
      if (name !== EVERY_OTHER_FIELD && fields.has(name)) continue;
      const suffix = options.classification.key(name, at, record);
      if (suffix !== undefined) treat?.(object, name, member(object, name), at + suffix, record);
    }
  };
}

function planField(name: string, field: Field, options: Options): Treat | undefined {
  if (field.type === 'object') {
    const treat = planObject(field.fields ?? new Map(), options);
    return (_holder, _key, value, at, record) => treat(value, at, record);
  }
  if (field.type === 'array') return planItems(name, field, options);
  const mode = field.tokenization?.mode ?? 'keep';
  if (mode === 'drop') {
    return (holder, key, _value, at, record) => {
      if (!Array.isArray(holder)) record.drop(holder, String(key), at);
    };
  }
  if (mode === 'keep') return planKept(name, field, options);
  const tokenization = field.tokenization as Tokenization;
  if (tokenization.mode === 'token' || tokenization.mode === 'deterministic-token') return planTokenized(field, tokenization, options);
  return planReplaced(tokenization as InPlace);
}

type InPlace = Extract<Tokenization, { mode: 'mask' | 'generalize' | 'redact' }>;

function planReplaced(tokenization: InPlace): Treat {
  const done = ({ mask: 'masked', generalize: 'generalized', redact: 'redacted' } as const)[tokenization.mode];
  return (holder, key, value, at, record) => {
    if (value === null) return;
    try {
      record.replace(holder, key, at, applyInPlace(value, tokenization, record) as JsonValue, done);
    } catch (error) {
      if (!(error instanceof TokenizationError)) throw error;
      const place = cut(at);
      // What is not of the form has been said before.
      if (record.faults.every((fault) => fault.at !== place)) record.faults.push({ at: place, code: error.code, detail: error.message });
    }
  };
}

function planItems(name: string, field: Field, options: Options): Treat | undefined {
  const treat = field.items === undefined ? undefined : planField(name, field.items, options);
  if (treat === undefined) return undefined;
  return (_holder, _key, value, at, record) => {
    if (Array.isArray(value)) for (const [position, item] of value.entries()) treat(value, position, item, `${at}/${position}`, record);
  };
}

/** Public and internal values, and free text of any class, are looked through; what an enum or a form closes is not. */
function planKept(name: string, field: Field, { classification }: Options): Treat | undefined {
  const looked = field.freeText === true || (field.class !== undefined && !isPersonal(field.class));
  const closed = field.enum !== undefined || field.format === 'uuid' || ['boolean', 'date', 'date-time'].includes(field.type);
  if (!looked || closed) return undefined;
  return (holder, key, value, at, record) => walk(holder, key, value, at, record, {
    classification,
    text: (h, k, text, place) => classification.text(h, k, place, text, typeof k === 'string' ? k : name, record),
  });
}

function planTokenized(field: Field, tokenization: Extract<Tokenization, { mode: 'token' | 'deterministic-token' }>, { classification }: Options): Treat {
  const how = tokenization.mode === 'token' ? ({ mode: 'random', across: 'subject' } as const) : ({ mode: 'deterministic', across: tokenization.within } as const);
  if (field.type !== 'any') {
    return (holder, key, value, at, record) => {
      // An empty text says nothing that a token would hide.
      if (value !== null && value !== '') record.tokenize(holder, key, at, how);
    };
  }
  return (holder, key, value, at, record) => walk(holder, key, value, at, record, {
    classification,
    text: (h, k, text, place) => {
      if (text !== '') record.tokenize(h, k, place, how);
    },
  });
}

interface Walk {
  classification: Classification;
  text(holder: Holder, key: Key, text: string, at: string): void;
}

/** Every text in a value, however deep. Depth is bounded where the record is read. */
function walk(holder: Holder, key: Key, value: JsonValue, at: string, record: TreatedRecord, each: Walk): void {
  if (typeof value === 'string') return each.text(holder, key, value, at);
  if (typeof value === 'number') return each.classification.number(holder, key, at, value, typeof key === 'string' ? key : '', record);
  if (Array.isArray(value)) {
    for (const [position, item] of value.entries()) walk(value, position, item, `${at}/${position}`, record, each);
  } else if (isObject(value)) {
    for (const name of Object.keys(value)) {
      const suffix = each.classification.key(name, at, record);
      if (suffix !== undefined) walk(value, name, member(value, name), at + suffix, record, each);
    }
  }
}

function isObject(value: JsonValue | undefined): value is { [name: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
