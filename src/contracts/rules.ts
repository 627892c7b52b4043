import { Environment } from '@marcbachmann/cel-js';
import type { JsonValue } from '../core/json-value.ts';
import type { Fault } from '../http/problem.ts';
import type { PolicyFault } from '../ledger/policy-error.ts';
import type { PolicyFile } from '../ledger/policy-file.ts';
import type { Prediction } from '../predictions/prediction.ts';
import { EVERY_OTHER_FIELD, type ContractFile, type RuleFile } from './contract-file.ts';
import type { Field, Fields, Sections } from './field.ts';
import { inspectRule, type Inspected } from './inspect-rule.ts';

/** What a rule may be made of: with one run over a list at most, its cost is this times the list's length. */
const LIMITS = { maxAstNodes: 200, maxDepth: 20, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 4 };

/** Tells which rules a prediction breaks. Its form has been checked before. */
export type RuleCheck = (prediction: Prediction, faults: Fault[]) => void;

interface CompiledRule extends Inspected {
  file: RuleFile;
  holds(context: JsonObject): unknown;
}

interface JsonObject {
  [name: string]: JsonValue;
}

/**
 * Compiles the rules across fields (Common Expression Language). Each is parsed, its types are checked against the
 * contract's fields, and it is inspected, all of it once, at the start.
 *
 * @param faults takes what is wrong with a rule, at its line
 */
export function compileRules(file: PolicyFile<ContractFile>, sections: Sections, faults: PolicyFault[]): RuleCheck {
  const rules: CompiledRule[] = [];
  const ids = new Set<string>();
  const environment = environmentOf(sections);
  for (const [position, rule] of (file.value.rules ?? []).entries()) {
    const at = `/rules/${position}`;
    if (ids.has(rule.id)) faults.push(file.fault(`${at}/id`, `is the id of a rule before: give each its own`));
    ids.add(rule.id);
    const compiled = compileRule(environment, rule, sections);
    if (typeof compiled === 'string') faults.push(file.fault(`${at}/expression`, compiled));
    else rules.push(compiled);
  }
  if (rules.length === 0) return () => undefined;
  const views = (['inputs', 'output', 'decision'] as const).map((name) => ({ name, view: viewOf(rules.flatMap(({ paths }) => paths.filter(([root]) => root === name).map(([, ...path]) => path)), sections[name]) }));
  return (prediction, found) => {
    const context: JsonObject = {};
    for (const { name, view } of views) {
      const section = prediction[name];
      if (section !== undefined) context[name] = view(section);
    }
    for (const { file: rule, holds, roots } of rules) {
      if (roots.has('decision') && prediction.decision === undefined) continue;
      if (!isTrue(() => holds(context))) found.push({ at: '', code: 'rule-broken', detail: `${rule.id}: ${rule.message}` });
    }
  };
}

/**
 * An object with nothing but the fields that rules read, at the paths given: the library looks at an object's constructor,
 * and a record may have a field of that name.
 */
function viewOf(paths: readonly (readonly string[])[], fields: Fields | undefined): (object: JsonObject) => JsonObject {
  const members = [...new Set(paths.map(([name]) => name))].flatMap((name) => {
    const field = name === undefined ? undefined : fields?.get(name);
    if (name === undefined || field === undefined) return [];
    const nested = field.type === 'object' ? viewOf(paths.filter(([first]) => first === name).map(([, ...path]) => path), field.fields) : undefined;
    return [{ name, nested }];
  });
  return (object) => {
    const view: JsonObject = {};
    for (const { name, nested } of members) {
      const value = object[name];
      if (value !== undefined) view[name] = nested === undefined || value === null ? value : nested(value as JsonObject);
    }
    return view;
  };
}

/** A rule that fails to be evaluated is not held: fail closed. */
function isTrue(evaluate: () => unknown): boolean {
  try {
    return evaluate() === true;
  } catch {
    return false;
  }
}

function compileRule(environment: Environment, rule: RuleFile, sections: Sections): CompiledRule | string {
  const checked = environment.check(rule.expression);
  if (!checked.valid) return explain(checked.error);
  if (checked.type !== 'bool') return `gives a ${checked.type ?? 'value'}, not true or false: compare it with something`;
  const parsed = environment.parse(rule.expression);
  const wrong = inspectRule(parsed.ast, (path) => mayBeMissing(path, sections));
  if (typeof wrong === 'string') return wrong;
  return { ...wrong, file: rule, holds: (context) => parsed(context) as unknown };
}

function explain(error: { code?: string; summary?: string; range?: { start: number } } | undefined): string {
  const what = error?.summary ?? 'cannot be understood';
  const where = error?.range === undefined ? '' : ` (character ${error.range.start + 1})`;
  const mends: Record<string, string> = {
    unknown_variable: 'a rule knows inputs, output and decision, where the contract defines it',
    no_such_key: 'define the field, or correct its name',
    no_such_overload: 'compare like with like; every number is a double, so write 18.0 for 18',
    limit_exceeded: 'part the rule',
  };
  return `${what}${where}: ${mends[error?.code ?? ''] ?? 'correct the expression'}`;
}

/** Whether a record of the right form may lack what stands at a path (`['inputs', 'address', 'zip']`). */
function mayBeMissing(path: readonly string[], sections: Sections): boolean {
  const [section, ...names] = path;
  let fields: Fields | undefined = sections[section as keyof Sections];
  let field: Field | undefined;
  for (const name of names) {
    field = fields?.get(name);
    fields = field?.fields;
  }
  return field !== undefined && field.required !== true;
}

function environmentOf(sections: Sections): Environment {
  const environment = new Environment({ limits: LIMITS });
  for (const [name, fields] of Object.entries(sections) as [string, Fields | undefined][]) {
    if (fields === undefined) continue;
    const schema = celFields(fields);
    if (Object.keys(schema).length === 0) environment.registerVariable(name, 'map');
    else environment.registerVariable({ name, schema });
  }
  return environment;
}

interface CelFields {
  [name: string]: string | CelFields;
}

function celFields(fields: Fields): CelFields {
  return Object.fromEntries([...fields].filter(([name]) => name !== EVERY_OTHER_FIELD).map(([name, field]) => [name, celType(field)]));
}

function celType(field: Field): string | CelFields {
  if (field.nullable === true) return 'dyn';
  switch (field.type) {
    case 'number':
    case 'integer':
      return 'double';
    case 'boolean':
      return 'bool';
    case 'object':
      return celFields(field.fields ?? new Map());
    case 'array': {
      const items = field.items === undefined ? 'dyn' : celType(field.items);
      return typeof items === 'string' ? `list<${items}>` : 'list<dyn>';
    }
    case 'any':
      return 'dyn';
    default:
      return 'string';
  }
}

