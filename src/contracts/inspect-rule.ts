import type { ASTNode } from '@marcbachmann/cel-js';

/** No function that runs a regular expression, reads a clock or grows a text is here. */
const FUNCTIONS = new Set(['has', 'size', 'double', 'string', 'contains', 'startsWith', 'endsWith', 'all', 'exists', 'exists_one', 'map', 'filter']);
/** Those that run over a list. */
const MACROS = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** What a rule names. */
export interface Inspected {
  /** The variables: `inputs`, `output`, `decision`. */
  roots: ReadonlySet<string>;
  /** Every field that it reads or asks for, by its path from the variable on. */
  paths: readonly (readonly string[])[];
}

/**
 * Looks through a rule that has the right types for what types do not show.
 *
 * @param mayBeMissing whether a record of the right form may lack a field, by its path
 * @returns what is wrong, and its mend; else what the rule names
 */
export function inspectRule(ast: ASTNode, mayBeMissing: (path: readonly string[]) => boolean): Inspected | string {
  const inspector = new RuleInspector();
  inspector.visit(ast, false);
  if (inspector.wrong !== undefined) return inspector.wrong;
  for (const [key, path] of inspector.read) {
    if (mayBeMissing(path) && !inspector.guarded.has(key)) return `reads ${key}, which a record may lack: write !has(${key}) || …, or make the field required`;
  }
  return { roots: inspector.roots, paths: [...inspector.read.values(), ...inspector.guarded.values()] };
}

class RuleInspector {
  wrong: string | undefined;
  readonly roots = new Set<string>();
  /** Paths that are read, and those that `has` asks for, by their dotted form. */
  readonly read = new Map<string, readonly string[]>();
  readonly guarded = new Map<string, readonly string[]>();

  visit(node: unknown, inMacro: boolean): void {
    if (Array.isArray(node)) {
      for (const each of node) this.visit(each, inMacro);
      return;
    }
    if (!isNode(node)) return;
    const path = pathOf(node);
    if (path !== undefined) {
      this.roots.add(path[0] as string);
      for (let length = 2; length <= path.length; length++) this.read.set(path.slice(0, length).join('.'), path.slice(0, length));
      return;
    }
    const name = calledBy(node);
    if (name !== undefined && !FUNCTIONS.has(name)) this.wrong ??= `calls ${name}, which is not among the functions of a rule: ${[...FUNCTIONS].join(', ')}`;
    if (name === 'has') return this.guard(node);
    const macro = name !== undefined && MACROS.has(name);
    if (macro && inMacro) this.wrong ??= `runs ${name} within another run over a list: part the rule, so that its cost stays bounded`;
    this.visit(node.args, inMacro || macro);
  }

  /** `has(a.b.c)` guards `a.b.c`, and reads `a.b`. */
  private guard(node: Node): void {
    const asked = ((node.args as unknown[])[1] as unknown[])[0];
    const path = isNode(asked) ? pathOf(asked) : undefined;
    if (path === undefined) return;
    this.roots.add(path[0] as string);
    this.guarded.set(path.join('.'), path);
    for (let length = 2; length < path.length; length++) this.read.set(path.slice(0, length).join('.'), path.slice(0, length));
  }
}

interface Node {
  op: string;
  args: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function calledBy({ op, args }: Node): string | undefined {
  return op === 'call' || op === 'rcall' ? String((args as unknown[])[0]) : undefined;
}

/** `inputs.a["b"]` → `['inputs', 'a', 'b']`; undefined where it is no such path. */
function pathOf(node: Node): string[] | undefined {
  if (node.op === 'id') return [String(node.args)];
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [of, key] = node.args as [unknown, unknown];
  const parent = isNode(of) ? pathOf(of) : undefined;
  const name = isNode(key) && key.op === 'value' ? key.args : key;
  return parent === undefined || typeof name !== 'string' ? undefined : [...parent, name];
}
