import type { PolicyBundle } from '../ledger/policy-bundle.ts';
import { PolicyError, type PolicyFault } from '../ledger/policy-error.ts';
import type { PolicyFile } from '../ledger/policy-file.ts';
import { rememberFile } from '../ledger/remember-file.ts';
import { CATALOGUE, isActionOn, RESOURCES, type Action } from './catalogue.ts';
import { judge } from './condition.ts';
import type { Decision } from './decision.ts';
import { readPolicyTests, type PolicyTestCase, type PolicyTestFile } from './policy-test-file.ts';
import type { Roles } from './roles.ts';
import type { Rule } from './rule.ts';
import type { Asker } from './variable.ts';

const FOLDER = 'tests/';

const testsOf = rememberFile(readPolicyTests);

/** What the tests of a policy bundle showed. */
export interface PolicyTestReport {
  /** Actions that were decided. */
  cases: number;
  rules: number;
  /** Cases that were decided otherwise than expected. */
  failures: PolicyFault[];
  /** Rules that no case shows to decide, or none to stay out of it. */
  uncovered: PolicyFault[];
}

/** How often a rule decided, and how often it might have and did not. */
interface Coverage {
  hit: number;
  missed: number;
}

/** All files of tests. @throws PolicyError with every fault of their form */
export function readAllPolicyTests(bundle: PolicyBundle): PolicyFile<PolicyTestFile>[] {
  const faults: PolicyFault[] = [];
  const files: PolicyFile<PolicyTestFile>[] = [];
  for (const [path, text] of bundle.texts) {
    if (!path.startsWith(FOLDER)) continue;
    try {
      if (path.endsWith('.yaml')) files.push(testsOf(path, text));
      else faults.push({ path, line: 1, message: 'a file of tests ends in .yaml: rename or remove it' });
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      faults.push(...error.faults);
    }
  }
  if (faults.length > 0) throw new PolicyError(faults);
  return files;
}

/** Decides every case of a bundle's tests, and counts which rules they reach, both ways. */
export function runPolicyTests(roles: Roles, files: readonly PolicyFile<PolicyTestFile>[]): PolicyTestReport {
  const coverage = new Map<Rule, Coverage>(roles.all.flatMap(({ rules }) => rules.map((rule) => [rule, { hit: 0, missed: 0 }])));
  const report: PolicyTestReport = { cases: 0, rules: coverage.size, failures: [], uncovered: [] };
  for (const file of files) {
    const { role, cases } = file.value;
    if (!roles.has(role)) report.failures.push(file.fault('/role', `there is no role ${role}`));
    cases.forEach((each, at) => {
      for (const action of each.actions) {
        report.cases += 1;
        const asker: Asker = { id: each.principal ?? 'prn_tester', role, models: each.models };
        const decision = roles.decide(asker, action as 'read', each.resource as 'log', each.attributes ?? {});
        const wrong = differences(each, decision);
        if (wrong.length > 0) report.failures.push(file.fault(`/cases/${at}`, `${action} ${each.resource}: ${wrong.join('; ')}`));
        count(roles, coverage, { asker, action, each, decision });
      }
    });
  }
  for (const [{ id, place }, { hit, missed }] of coverage) {
    if (place === undefined) continue;
    if (hit === 0) report.uncovered.push({ ...place, message: `no test shows that rule ${id} decides: add a case that it decides, or remove the rule` });
    if (missed === 0) report.uncovered.push({ ...place, message: `no test shows where rule ${id} ends: add a case for the role that is like it and that it does not decide` });
  }
  return report;
}

function differences({ expect, rule, shown = [], withheld = [] }: PolicyTestCase, { allowed, rule: decided, fields }: Decision): string[] {
  const verdict = allowed ? 'allow' : 'deny';
  const seen = (path: string): boolean => fields.sees(path.split('.'));
  return [
    ...(verdict === expect && decided === rule ? [] : [`expected ${expect} by ${rule}, decided ${verdict} by ${decided}`]),
    ...shown.filter((path) => !seen(path)).map((path) => `${path} is withheld`),
    ...withheld.filter(seen).map((path) => `${path} is shown`),
  ];
}

interface Counted {
  asker: Asker;
  action: Action;
  each: PolicyTestCase;
  decision: Decision;
}

function count(roles: Roles, coverage: ReadonlyMap<Rule, Coverage>, counted: Counted): void {
  for (const rule of roles.all.find(({ name }) => name === counted.asker.role)?.rules ?? []) {
    const { hit, missed } = reached(rule, counted);
    const sum = coverage.get(rule);
    if (sum !== undefined && hit) sum.hit += 1;
    if (sum !== undefined && missed) sum.missed += 1;
  }
}

function reached(rule: Rule, { asker, action, each, decision }: Counted): { hit: boolean; missed: boolean } {
  const [sameAction, sameResource] = [rule.actions.includes(action), rule.resources.includes(each.resource)];
  const isAbout = sameAction && sameResource;
  const isWithholding = rule.effect === 'deny' && rule.fields !== undefined;
  const holds = rule.condition === undefined || judge(rule.condition, each.attributes ?? {}, asker) !== false;
  const hit = isAbout && (isWithholding ? decision.allowed && holds : decision.rule === rule.id);
  // The nearest that is outside: for a rule with conditions, where they do not hold; else another action or resource.
  const isNear = sameAction || sameResource || isAlone(rule);
  return { hit, missed: rule.condition === undefined ? !isAbout && isNear : isAbout && !hit };
}

/** Whether nothing in the catalogue is near a rule: no other action on its resource, no other resource of its action. */
function isAlone({ actions, resources }: Rule): boolean {
  return resources.every((resource) => CATALOGUE[resource].actions.length === 1) && RESOURCES.every((other) => resources.includes(other) || !actions.some((action) => isActionOn(action, other)));
}
