import { escapePointer, type PolicyFile } from '../ledger/policy-file.ts';
import type { PolicyFault } from '../ledger/policy-error.ts';
import type { ContractFile, FieldFile, FieldsFile, FieldType } from './contract-file.ts';

/** A field's definition with what it takes over from `definitions` put in. */
export interface Field extends Omit<FieldFile, 'use' | 'fields' | 'items'> {
  type: FieldType;
  /** Where it is written: a JSON pointer into the contract's file. */
  pointer: string;
  /** Where a word of it is written: here, in the definition that it uses, or at the field where it is missing. */
  at(word: string): string;
  /** Of an object: its fields by name. */
  fields?: Fields;
  /** Of an array. */
  items?: Field;
}

export type Fields = ReadonlyMap<string, Field>;

/** The parts of a prediction that a contract defines field by field. */
export interface Sections {
  inputs: Fields;
  output: Fields;
  decision: Fields | undefined;
  /** Of what turned out to be true. */
  outcome: Fields | undefined;
}

const MAX_FIELD_DEPTH = 8;
const MAX_FIELDS = 1000;

/**
 * Puts the definitions into the fields that use them.
 *
 * @param faults takes what is wrong: a name that is not defined, a cycle (named), a field without type, too deep a nesting
 */
export function resolveSections(file: PolicyFile<ContractFile>, faults: PolicyFault[]): Sections {
  const { inputs, output, decision, outcome, definitions } = file.value;
  const resolver = new FieldResolver(file, definitions ?? {}, faults);
  // What uses itself has no end to be resolved to.
  if (!resolver.checkDefinitions()) return { inputs: new Map(), output: new Map(), decision: undefined, outcome: undefined };
  return {
    inputs: resolver.fields(inputs, '/inputs', 1),
    output: resolver.fields(output, '/output', 1),
    decision: decision === undefined ? undefined : resolver.fields(decision, '/decision', 1),
    outcome: outcome === undefined ? undefined : resolver.fields(outcome, '/outcome', 1),
  };
}

class FieldResolver {
  private readonly file: PolicyFile<ContractFile>;
  private readonly definitions: ReadonlyMap<string, FieldFile>;
  private count = 0;
  private readonly faults: PolicyFault[];

  constructor(file: PolicyFile<ContractFile>, definitions: FieldsFile, faults: PolicyFault[]) {
    this.file = file;
    this.definitions = new Map(Object.entries(definitions));
    this.faults = faults;
  }

  /** Every definition once, used or not: cycles are found where they are written, not where they are used. */
  checkDefinitions(): boolean {
    const before = this.faults.length;
    const settled = new Set<string>();
    for (const name of this.definitions.keys()) this.follow(name, [], settled);
    return this.faults.length === before;
  }

  fields(files: FieldsFile, pointer: string, depth: number): Fields {
    const fields = new Map<string, Field>();
    for (const [name, file] of Object.entries(files)) {
      const at = `${pointer}/${escapePointer(name)}`;
      // It would be found on every record, sent or not.
      if (name in Object.prototype || name === '' || name.length > 128) this.fault(at, 'cannot be the name of a field: choose another of 1 to 128 characters');
      const field = this.field(file, at, depth);
      if (field !== undefined) fields.set(name, field);
    }
    return fields;
  }

  private field(written: FieldFile, pointer: string, depth: number): Field | undefined {
    const owners = this.chain(written, pointer);
    const { fields, items, use: _use, ...words } = Object.assign({}, ...owners.map(({ file }) => file).reverse()) as FieldFile;
    const at = (word: string): string => {
      const owner = owners.find(({ file }) => Object.hasOwn(file, word));
      return owner === undefined ? pointer : `${owner.pointer}/${word}`;
    };
    if (words.type === undefined) return this.fault(pointer, 'has no type: say what its values are (string, number, integer, boolean, date, date-time, array, object)');
    this.count++;
    if (this.count > MAX_FIELDS) return this.count > MAX_FIELDS + 1 ? undefined : this.fault(pointer, `is one field more than the ${MAX_FIELDS} that a contract may have: part the contract`);
    if (depth > MAX_FIELD_DEPTH) return this.fault(pointer, `is nested more than ${MAX_FIELD_DEPTH} deep, or within itself: make it flatter`);
    return {
      ...words,
      type: words.type,
      pointer,
      at,
      ...(fields !== undefined && { fields: this.fields(fields, at('fields'), depth + 1) }),
      ...(items !== undefined && this.items(items, at('items'), depth + 1)),
    };
  }

  private items(file: FieldFile, pointer: string, depth: number): { items?: Field } {
    const items = this.field(file, pointer, depth);
    return items === undefined ? {} : { items };
  }

  /** The field and the definitions that it uses, nearest first; stops where a cycle would begin. */
  private chain(written: FieldFile, pointer: string): { file: FieldFile; pointer: string }[] {
    const owners = [{ file: written, pointer }];
    const seen = new Set<string>();
    for (let use = written.use, from = pointer; use !== undefined && !seen.has(use); ) {
      const file = this.definitions.get(use);
      if (file === undefined) {
        this.fault(`${from}/use`, `names no definition: write definitions/${use}, or correct the name`);
        break;
      }
      seen.add(use);
      from = `/definitions/${use}`;
      owners.push({ file, pointer: from });
      use = file.use;
    }
    return owners;
  }

  /** Walks from a definition to all that it uses, by `use`, in its fields and in its items. */
  private follow(name: string, path: readonly string[], settled: Set<string>): void {
    if (settled.has(name)) return;
    const start = path.indexOf(name);
    if (start >= 0) {
      const cycle = [...path.slice(start), name];
      this.fault(`/definitions/${cycle[0]}`, `uses itself (${cycle.join(' → ')}): write one of them out`);
      for (const each of cycle) settled.add(each);
      return;
    }
    const file = this.definitions.get(name);
    if (file === undefined) return;
    for (const used of usesOf(file)) this.follow(used, [...path, name], settled);
    settled.add(name);
  }

  private fault(pointer: string, message: string): undefined {
    const fault = this.file.fault(pointer, message);
    if (!this.faults.some((known) => known.line === fault.line && known.message === fault.message)) this.faults.push(fault);
  }
}

/** The definitions that a field names, at any depth. */
function usesOf(file: FieldFile): string[] {
  return [
    ...(file.use === undefined ? [] : [file.use]),
    ...Object.values(file.fields ?? {}).flatMap(usesOf),
    ...(file.items === undefined ? [] : usesOf(file.items)),
  ];
}

/** Every field of a section, nested ones and items too, with its path in a prediction (`/inputs/rows/*`). */
export function everyField(fields: Fields, at: string): { at: string; field: Field }[] {
  return [...fields].flatMap(([name, field]) => withNested(field, `${at}/${escapePointer(name)}`));
}

function withNested(field: Field, at: string): { at: string; field: Field }[] {
  return [
    { at, field },
    ...(field.fields === undefined ? [] : everyField(field.fields, at)),
    ...(field.items === undefined ? [] : withNested(field.items, `${at}/*`)),
  ];
}
