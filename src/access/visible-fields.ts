import type { JsonValue } from '../core/json-value.ts';

type JsonObject = Record<string, JsonValue>;

/** What a caller sees of a value, and the paths that were taken out. */
export interface Visible {
  value: JsonObject;
  /** Names of nested fields joined by dots, each once, in the order in which they stood. */
  withheld: string[];
}

/**
 * Which fields of a record a decision lets a caller see. A path covers what is nested in it; elements of a list stand at
 * the path of the list. What is denied stays denied, whatever else allows it.
 */
export class VisibleFields {
  /** Undefined: all. */
  readonly allowed: readonly string[] | undefined;
  readonly denied: readonly string[];
  private readonly paths: readonly (readonly string[])[] | undefined;

  /**
   * @param allowed paths of which at least one must cover a field; undefined for all of them
   * @param denied paths that withhold what they cover
   */
  constructor(allowed: readonly string[] | undefined, denied: readonly string[]) {
    this.allowed = allowed;
    this.denied = denied;
    this.paths = allowed?.map((path) => path.split('.'));
  }

  static readonly all = new VisibleFields(undefined, []);
  static readonly none = new VisibleFields([], []);

  /** Whether nothing is ever withheld: what a receipt, which opens everything, is given for. */
  get everything(): boolean {
    return this.allowed === undefined && this.denied.length === 0;
  }

  /** Whether a field and all that may stand in it is seen. */
  sees(path: readonly string[]): boolean {
    return this.standing(path) === 'seen';
  }

  /** The part of an object that is seen; what is not is absent and named. The object itself is not changed. */
  of(value: JsonObject): Visible {
    if (this.everything) return { value, withheld: [] };
    const withheld = new Set<string>();
    return { value: this.object(value, [], withheld), withheld: [...withheld] };
  }

  private object(value: JsonObject, path: readonly string[], withheld: Set<string>): JsonObject {
    const seen: JsonObject = {};
    for (const [name, member] of Object.entries(value)) {
      const part = this.part(member, [...path, name], withheld);
      // Names are the sender's: `__proto__` must become a member and not the prototype.
      if (part !== undefined) Object.defineProperty(seen, name, { value: part, enumerable: true, writable: true, configurable: true });
    }
    return seen;
  }

  private part(value: JsonValue, path: readonly string[], withheld: Set<string>): JsonValue | undefined {
    const standing = this.standing(path);
    if (standing === 'seen') return value;
    if (standing === 'mixed' && typeof value === 'object' && value !== null) {
      return Array.isArray(value) ? value.map((each) => this.element(each, path, withheld)) : this.object(value, path, withheld);
    }
    withheld.add(path.join('.'));
    return undefined;
  }

  /** An element keeps its place in the list: what comes after it must not move up. */
  private element(value: JsonValue, path: readonly string[], withheld: Set<string>): JsonValue {
    if (Array.isArray(value)) return value.map((each) => this.element(each, path, withheld));
    if (typeof value === 'object' && value !== null) return this.object(value, path, withheld);
    withheld.add(path.join('.'));
    return null;
  }

  private standing(path: readonly string[]): 'seen' | 'withheld' | 'mixed' {
    // Joined: a name with a dot in it may be meant by a path, and withholding too much is the safe side.
    const joined = path.join('.');
    if (this.denied.some((each) => each === joined || joined.startsWith(`${each}.`))) return 'withheld';
    const deniedWithin = this.denied.some((each) => each.startsWith(`${joined}.`));
    if (this.paths === undefined || this.paths.some((each) => covers(each, path))) return deniedWithin ? 'mixed' : 'seen';
    // Part by part: a name with a dot in it must not pass for a path that is allowed.
    return this.paths.some((each) => covers(path, each)) ? 'mixed' : 'withheld';
  }
}

/** Whether a path is another or stands above it. */
function covers(path: readonly string[], other: readonly string[]): boolean {
  return path.length <= other.length && path.every((part, at) => part === other[at]);
}
