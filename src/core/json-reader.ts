import type { CoreErrorCode } from './core-error.ts';
import { CoreError } from './core-error.ts';
import type { JsonValue } from './json-value.ts';

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// All but control characters, the quote and the backslash.
const PLAIN_TEXT = /[ !#-[\]-\uffff]*/y;
const BLANKS = /[ \t\n\r]*/y;
const HEX_4 = /[0-9a-fA-F]{4}/y;
const ESCAPES = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);
const TWO_TO_53 = 2 ** 53;
const MAX_POINTER_LENGTH = 200;

/**
 * The exact reader of JSON (RFC 8259) that `parseStrictJson` falls back on: slower than `JSON.parse`, and it knows
 * where it stands. It refuses at the first place in the text that is wrong; messages name the place (line, column,
 * offset, and a JSON pointer of keys) and never repeat a value, which may be personal data.
 */
export class JsonReader {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #path: (string | number)[] = [];
  #position = 0;

  /** @param maxDepth bounds the recursion: at most 64 */
  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  /**
   * The value of the whole text.
   *
   * @throws CoreError `json-*`
   */
  read(): JsonValue {
    const value = this.#value(false);
    if (this.#position < this.#text.length) this.#refuse('json-syntax', 'expected the end of the text');
    return value;
  }

  /** One value and the blanks around it. */
  #value(ofConstructorKey: boolean): JsonValue {
    this.#take(BLANKS);
    const value = this.#bareValue(ofConstructorKey);
    this.#take(BLANKS);
    return value;
  }

  #bareValue(ofConstructorKey: boolean): JsonValue {
    switch (this.#text[this.#position]) {
      case '{':
        return this.#object(ofConstructorKey);
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #object(ofConstructorKey: boolean): JsonValue {
    this.#enter();
    const members: { [key: string]: JsonValue } = {};
    if (this.#accept('}')) return members;
    do {
      this.#take(BLANKS);
      const start = this.#position;
      if (this.#text[start] !== '"') this.#refuse('json-syntax', 'expected a key in double quotes');
      const key = this.#string();
      this.#path.push(key);
      if (Object.hasOwn(members, key)) this.#refuse('json-duplicate-key', 'this key stands twice in its object', start);
      if (key === '__proto__' || (ofConstructorKey && key === 'prototype')) {
        this.#refuse('json-prototype-key', 'this key could change what objects inherit', start);
      }
      this.#take(BLANKS);
      if (!this.#accept(':')) this.#refuse('json-syntax', 'expected a colon');
      members[key] = this.#value(key === 'constructor');
      this.#path.pop();
    } while (this.#accept(','));
    if (!this.#accept('}')) this.#refuse('json-syntax', 'expected a comma or the end of the object');
    return members;
  }

  #array(): JsonValue {
    this.#enter();
    const items: JsonValue[] = [];
    if (this.#accept(']')) return items;
    do {
      this.#path.push(items.length);
      items.push(this.#value(false));
      this.#path.pop();
    } while (this.#accept(','));
    if (!this.#accept(']')) this.#refuse('json-syntax', 'expected a comma or the end of the array');
    return items;
  }

  /** Steps over `{` or `[`. The path has one step for each object or array around this one. */
  #enter(): void {
    if (this.#path.length >= this.#maxDepth) {
      this.#refuse('json-too-deep', `nested more than ${this.#maxDepth} deep`);
    }
    this.#position += 1;
    this.#take(BLANKS);
  }

  #string(): string {
    const start = this.#position;
    this.#position += 1;
    let text = '';
    for (;;) {
      const plain = this.#take(PLAIN_TEXT);
      // A pair never spans two pieces, since an escape or a quote ends each.
      if (!plain.isWellFormed()) this.#refuse('json-lone-surrogate', 'a string holds half of a surrogate pair', start);
      text += plain;
      if (this.#accept('"')) return text;
      if (!this.#accept('\\')) this.#refuse('json-syntax', 'a string is not ended, or holds a control character');
      text += this.#escape(start);
    }
  }

  /** What stands after a backslash in the string that began at `start`. */
  #escape(start: number): string {
    if (!this.#accept('u')) {
      const meant = ESCAPES.get(this.#text[this.#position] ?? '');
      if (meant === undefined) this.#refuse('json-syntax', 'no such escape');
      this.#position += 1;
      return meant;
    }
    let text = this.#hexUnit();
    if (text >= '\ud800' && text <= '\udbff' && this.#text.startsWith('\\u', this.#position)) {
      this.#position += 2;
      text += this.#hexUnit();
    }
    if (!text.isWellFormed()) this.#refuse('json-lone-surrogate', 'a string holds half of a surrogate pair', start);
    return text;
  }

  #hexUnit(): string {
    const digits = this.#take(HEX_4);
    if (digits === '') this.#refuse('json-syntax', 'expected four hexadecimal digits');
    return String.fromCharCode(parseInt(digits, 16));
  }

  #number(): number {
    const start = this.#position;
    const token = this.#take(NUMBER);
    if (token === '') this.#refuse('json-syntax', 'expected a value');
    const value = Number(token);
    if (!Number.isFinite(value)) this.#refuse('json-number-not-finite', 'a number beyond the range of a double', start);
    if (!isCarried(token, Math.abs(value))) {
      this.#refuse('json-unsafe-integer', 'an integer that a double cannot hold exactly (send it as a string)', start);
    }
    return value;
  }

  #word<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#position)) this.#refuse('json-syntax', 'expected a value');
    this.#position += word.length;
    return value;
  }

  /** Takes what `pattern` (sticky) matches here: '' where it does not match. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const taken = pattern.exec(this.#text)?.[0] ?? '';
    this.#position += taken.length;
    return taken;
  }

  #accept(char: string): boolean {
    if (this.#text[this.#position] !== char) return false;
    this.#position += 1;
    return true;
  }

  #refuse(code: CoreErrorCode, reason: string, offset = this.#position): never {
    const before = this.#text.slice(0, offset);
    const line = before.split('\n').length;
    const column = offset - before.lastIndexOf('\n');
    const pointer = this.#pointer();
    throw new CoreError(
      code,
      `${reason}: at ${JSON.stringify(pointer)}, line ${line}, column ${column}, offset ${offset}`,
      code === 'json-syntax' ? String(offset) : pointer,
    );
  }

  /** RFC 6901, cut to a length fit for a message, and without characters that could forge a line of a log. */
  #pointer(): string {
    const steps = this.#path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
    const cut = steps.length > MAX_POINTER_LENGTH ? `${steps.slice(0, MAX_POINTER_LENGTH - 1)}…` : steps;
    return cut.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
  }
}

/**
 * Whether a number survives: below 2^53 every integer is itself; 2^53 is carried when it is spelled so; from 1e21 on
 * ECMAScript writes an exponent, so that a text with a fraction or exponent cannot be taken for an exact integer.
 * Between them the canonical text would be an integer that may not be the one that was sent.
 */
function isCarried(token: string, magnitude: number): boolean {
  if (magnitude < TWO_TO_53) return true;
  if (token === '9007199254740992' || token === '-9007199254740992') return true;
  return magnitude >= 1e21 && /[.eE]/.test(token);
}
