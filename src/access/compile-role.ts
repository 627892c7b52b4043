import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import { readPolicyFile, type PolicyFile } from '../ledger/policy-file.ts';
import { ACTIONS_WITH_FIELDS, CATALOGUE, isActionOn, PREDICTION_FIELDS, TWO_PEOPLE } from './catalogue.ts';
import { compileCondition } from './compile-condition.ts';
import { validateRoleFile, type RoleFile, type WrittenRule } from './role-file.ts';
import type { Role, Rule } from './rule.ts';

/**
 * Reads one role file and makes the rules that are in force from it.
 *
 * @param path relative to the policy folder
 * @throws PolicyError with every fault: file, line and mend
 */
export function compileRole(path: string, text: string): Role {
  const file = readPolicyFile(path, text, validateRoleFile);
  const { role, description, rules } = file.value;
  const faults: PolicyFault[] = [];
  if (path !== `roles/${role}.yaml`) faults.push(file.fault('/role', `role ${role} belongs in roles/${role}.yaml: rename one of the two`));
  const compiled = rules.map((rule, at) => compileRule(file, rule, `/rules/${at}`, faults));
  if (faults.length > 0) throw new PolicyError(faults);
  return { name: role, description, rules: compiled };
}

function compileRule(file: PolicyFile<RoleFile>, rule: WrittenRule, at: string, faults: PolicyFault[]): Rule {
  checkPairs(file, rule, at, faults);
  checkFields(file, rule, at, faults);
  const condition = rule.when && compileCondition({ file, resources: rule.resources, faults }, rule.when, `${at}/when`);
  const { id, effect, actions, resources, fields, reason } = rule;
  return { id, effect, actions, resources, fields, condition, reason, place: { path: file.path, line: file.lineOf(at) } };
}

/** Every action of a rule is one of each of its resources: half a rule that never matches is a mistake. */
function checkPairs(file: PolicyFile<RoleFile>, { actions, resources }: WrittenRule, at: string, faults: PolicyFault[]): void {
  actions.forEach((action, index) => {
    for (const resource of resources) {
      if (isActionOn(action, resource)) continue;
      faults.push(file.fault(`${at}/actions/${index}`, `is nothing that is done to a ${resource}, which knows ${CATALOGUE[resource].actions.join(', ')}: give it a rule of its own`));
    }
  });
}

function checkFields(file: PolicyFile<RoleFile>, { actions, resources, fields }: WrittenRule, at: string, faults: PolicyFault[]): void {
  if (fields === undefined) return;
  for (const action of actions) {
    for (const resource of resources) {
      if (ACTIONS_WITH_FIELDS.some((pair) => pair[0] === action && pair[1] === resource)) continue;
      faults.push(file.fault(`${at}/fields`, `are only of ${ACTIONS_WITH_FIELDS.map((pair) => pair.join(' ')).join(', ')}, and not of ${action} ${resource}: leave them out`));
    }
  }
  fields.forEach((field, index) => {
    const [first = ''] = field.split('.');
    if (!PREDICTION_FIELDS.includes(first)) faults.push(file.fault(`${at}/fields/${index}`, `begins with no field of a prediction: ${PREDICTION_FIELDS.join(', ')}`));
  });
}

/** What no file can switch off: who asked for something is not who agrees to it. An unknown asker counts as the same. */
export const TWO_PEOPLE_RULES: readonly Rule[] = TWO_PEOPLE.map(([action, resource]) => ({
  id: 'two-people',
  effect: 'deny',
  actions: [action],
  resources: [resource],
  fields: undefined,
  condition: { attribute: 'requester', type: 'text', operator: 'eq', operand: { variable: '$principal.id' }, line: 0 },
  reason: 'Who asks for something does not agree to it.',
  place: undefined,
}));
