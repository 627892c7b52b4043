import type { ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import { controlFile } from '../core/bundle-envelope.ts';
import type { JsonValue } from '../core/json-value.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import type { PolicyFile } from '../ledger/policy-file.ts';
import { rememberFile } from '../ledger/remember-file.ts';
import { readFrameworkFile, type AssertionFile, type ControlFile, type FrameworkFile } from './framework-file.ts';
import { QUERIES, type AnyQuery } from './query-catalogue.ts';

export const FRAMEWORKS_FOLDER = 'controls/';

/** An assertion with its query, and every parameter that it has not written at its default. */
export interface Assertion {
  readonly file: AssertionFile;
  readonly query: AnyQuery;
  readonly parameters: Readonly<Record<string, JsonValue>>;
}

/** A framework: its controls, and what is evidence of each. */
export interface Framework {
  readonly id: string;
  readonly path: string;
  readonly file: FrameworkFile;
  readonly assertions: readonly Assertion[];
}

const ajv = new OwnSchemas({ allowUnionTypes: true });
formats.default(ajv);

/** Every framework of a policy bundle, by its file alone: `controls/<framework>.yaml`. */
export class Frameworks {
  private readonly byId = new Map<string, Framework>();

  /** @throws PolicyError with every fault of every file: file, line and mend */
  constructor(bundle: Pick<PolicyBundle, 'texts'>) {
    const faults: PolicyFault[] = [];
    for (const [path, text] of bundle.texts) {
      if (!path.startsWith(FRAMEWORKS_FOLDER)) continue;
      try {
        this.add(path, text);
      } catch (error) {
        if (!(error instanceof PolicyError)) throw error;
        faults.push(...error.faults);
      }
    }
    if (faults.length > 0) throw new PolicyError(faults);
  }

  get all(): readonly Framework[] {
    return [...this.byId.values()];
  }

  of(id: string): Framework | undefined {
    return this.byId.get(id);
  }

  private add(path: string, text: string): void {
    const framework = frameworkOf(path, text);
    this.byId.set(framework.id, framework);
  }
}

const frameworkOf = rememberFile(compileFramework);

function compileFramework(path: string, text: string): Framework {
  if (!path.endsWith('.yaml')) throw new PolicyError([{ path, line: 1, message: 'a framework file ends in .yaml: rename or remove it' }]);
  const file = readFrameworkFile(path, text);
  const { framework } = file.value;
  const faults: PolicyFault[] = path === `${FRAMEWORKS_FOLDER}${framework}.yaml` ? [] : [file.fault('/framework', `is ${framework}, and the file has another name: call it ${framework}.yaml`)];
  const assertions = file.value.assertions.flatMap((assertion, i) => compileAssertion(file, assertion, i, faults) ?? []);
  checkControls(file, faults);
  if (faults.length > 0) throw new PolicyError(faults);
  return { id: framework, path, file: file.value, assertions };
}

function compileAssertion(file: PolicyFile<FrameworkFile>, assertion: AssertionFile, i: number, faults: PolicyFault[]): Assertion | undefined {
  const at = `/assertions/${i}`;
  const query = QUERIES.get(assertion.query);
  if (query === undefined) {
    faults.push(file.fault(`${at}/query`, `is no query: write one of ${[...QUERIES.keys()].sort().join(', ')}`));
    return undefined;
  }
  if ((assertion.rule === 'never') !== (query.name === 'elsewhere')) faults.push(file.fault(`${at}/rule`, 'never belongs to the query elsewhere, and to no other: change one of them'));
  const parameters = parametersOf(query, assertion.parameters ?? {});
  const validate = validatorOf(query);
  if (!validate(parameters)) {
    for (const { instancePath, message, params } of validate.errors ?? []) {
      const extra = (params as { additionalProperty?: string }).additionalProperty;
      faults.push(file.fault(`${at}/parameters${instancePath}${extra === undefined ? '' : `/${extra}`}`, extra === undefined ? `${message}: correct it` : `is no parameter of ${query.name}: it has ${Object.keys(query.parameters).sort().join(', ') || 'none'}`));
    }
  }
  return { file: assertion, query, parameters };
}

const validators = new Map<AnyQuery, ValidateFunction>();

function validatorOf(query: AnyQuery): ValidateFunction {
  const validate = validators.get(query) ?? ajv.compile({ type: 'object', additionalProperties: false, properties: query.parameters });
  validators.set(query, validate);
  return validate;
}

function parametersOf(query: AnyQuery, written: Readonly<Record<string, JsonValue>>): Record<string, JsonValue> {
  return { ...Object.fromEntries(Object.entries(query.parameters).map(([name, form]) => [name, form.default])), ...written };
}

function checkControls(file: PolicyFile<FrameworkFile>, faults: PolicyFault[]): void {
  const { controls, assertions } = file.value;
  once(file, controls, '/controls', (control: ControlFile) => controlFile(control.id), faults);
  once(file, assertions, '/assertions', (assertion: AssertionFile) => assertion.id, faults);
  const known = new Set(controls.map(({ id }) => id));
  for (const [i, assertion] of assertions.entries()) {
    for (const [j, id] of assertion.controls.entries()) if (!known.has(id)) faults.push(file.fault(`/assertions/${i}/controls/${j}`, `names ${id}, which stands under no controls: add it there`));
  }
  const evidenced = new Set(assertions.flatMap((assertion) => assertion.controls));
  for (const [i, { id }] of controls.entries()) if (!evidenced.has(id)) faults.push(file.fault(`/controls/${i}/id`, `${id} has no assertion: name it in one, with the query elsewhere where the log does not show it`));
}

function once<T>(file: PolicyFile<FrameworkFile>, items: readonly T[], at: string, nameOf: (item: T) => string, faults: PolicyFault[]): void {
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    if (seen.has(nameOf(item))) faults.push(file.fault(`${at}/${i}/id`, `stands there twice, or for a path like another’s (${nameOf(item)}): rename one`));
    seen.add(nameOf(item));
  }
}
