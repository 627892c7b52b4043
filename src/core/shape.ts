import { CoreError, type CoreErrorCode } from './core-error.ts';
import type { JsonValue } from './json-value.ts';
import { isIndex } from './subtree.ts';

/** Reads a value of one form, or refuses it with the JSON pointer of what is wrong. */
export type Shape<T> = (value: JsonValue, at: string) => T;

/** The forms that closed JSON documents are described with; every refusal bears `code`. @throws CoreError `code`, `at` = JSON pointer */
export class Shapes {
  private readonly code: CoreErrorCode;

  constructor(code: CoreErrorCode) {
    this.code = code;
  }

  readonly text: Shape<string> = (value, at) => (typeof value === 'string' ? value : this.refuse('a string', at));
  readonly truth: Shape<boolean> = (value, at) => (typeof value === 'boolean' ? value : this.refuse('true or false', at));
  /** A count or an index: an integer from 0 to 2^53 - 1. */
  readonly count: Shape<number> = (value, at) => (typeof value === 'number' && isIndex(value) ? value : this.refuse('an integer from 0', at));
  readonly any: Shape<JsonValue> = (value) => value;

  /** A string that matches. @param what the form in words */
  matching(pattern: RegExp, what: string): Shape<string> {
    return (value, at) => (typeof value === 'string' && pattern.test(value) ? value : this.refuse(what, at));
  }

  oneOf<const W extends string | number>(...words: readonly W[]): Shape<W> {
    return (value, at) => words.find((word) => word === value) ?? this.refuse(words.join(' or '), at);
  }

  orNull<T>(shape: Shape<T>): Shape<T | null> {
    return (value, at) => (value === null ? null : shape(value, at));
  }

  list<T>(shape: Shape<T>): Shape<T[]> {
    return (value, at) => (Array.isArray(value) ? value.map((each, i) => shape(each, `${at}/${i}`)) : this.refuse('an array', at));
  }

  /** Any names, each with a value of one form. */
  named<T>(shape: Shape<T>): Shape<Record<string, T>> {
    return (value, at) => Object.fromEntries(Object.entries(this.members(value, at)).map(([key, each]) => [key, shape(each, `${at}/${pointer(key)}`)]));
  }

  /** Exactly these members; those under `optional` may be left out. */
  closed<T extends object, O extends object = object>(required: { [K in keyof T]: Shape<T[K]> }, optional?: { [K in keyof O]: Shape<O[K]> }): Shape<T & Partial<O>> {
    const shapes = new Map<string, Shape<unknown>>([...Object.entries<Shape<unknown>>(required), ...Object.entries<Shape<unknown>>(optional ?? {})]);
    return (value, at) => {
      const members = this.members(value, at);
      for (const key of Object.keys(required)) if (!Object.hasOwn(members, key)) this.refuse(`the member ${key}`, at);
      const read: Record<string, unknown> = {};
      for (const [key, each] of Object.entries(members)) {
        // What is unknown is not repeated: it may be anything.
        const shape = shapes.get(key) ?? this.refuse(`only ${[...shapes.keys()].join(', ')}`, at);
        read[key] = shape(each, `${at}/${key}`);
      }
      return read as T & Partial<O>;
    };
  }

  private members(value: JsonValue, at: string): { [key: string]: JsonValue } {
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : this.refuse('an object', at);
  }

  private refuse(expected: string, at: string): never {
    throw new CoreError(this.code, `expected ${expected}${at === '' ? '' : ` at ${at}`}`, at);
  }
}

function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
