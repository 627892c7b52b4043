import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { readAllPolicyTests, runPolicyTests, type PolicyTestReport } from '../../src/access/policy-tests.ts';
import { BUILT_IN_ROLES, Roles } from '../../src/access/roles.ts';
import type { RoleFile, WrittenRule } from '../../src/access/role-file.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';

const SHIPPED = fileURLToPath(new URL('../../policies', import.meta.url));

let shipped: PolicyBundle;
beforeAll(async () => {
  shipped = await PolicyBundle.read(SHIPPED);
});

/** A copy of the shipped files, as they are whenever no test changes one. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-policies-'));
  await cp(SHIPPED, folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

/** What the shipped tests say of the shipped roles with files of which some are changed. */
async function reportWith(changes: Record<string, string>): Promise<PolicyTestReport> {
  try {
    for (const [path, text] of Object.entries(changes)) await writeFile(join(folder, path), text);
    const bundle = await PolicyBundle.read(folder);
    return runPolicyTests(new Roles(bundle), readAllPolicyTests(bundle));
  } finally {
    for (const path of Object.keys(changes)) {
      const before = shipped.texts.get(path);
      await (before === undefined ? rm(join(folder, path)) : writeFile(join(folder, path), before));
    }
  }
}

test('the shipped roles are decided as their tests say, and each rule is reached both ways', () => {
  const { cases, failures, uncovered } = runPolicyTests(new Roles(shipped), readAllPolicyTests(shipped));
  expect({ failures, uncovered }).toEqual({ failures: [], uncovered: [] });
  expect(cases).toBeGreaterThan(350);
});

describe('a change of one rule does not survive the shipped tests', () => {
  const mutants: [string, (rule: WrittenRule) => WrittenRule | undefined][] = [
    ['dropped', () => undefined],
    ['flipped', (rule) => ({ ...rule, effect: rule.effect === 'allow' ? 'deny' : 'allow' })],
    ['without its condition', (rule) => (rule.when === undefined ? rule : withoutCondition(rule))],
    ['without its fields', (rule) => (rule.fields === undefined ? rule : withoutFields(rule))],
  ];
  test.each(mutants)('%s, in each role, in turn', async (_what, mutate) => {
    let made = 0;
    for (const role of BUILT_IN_ROLES) {
      const path = `roles/${role}.yaml`;
      const file = parse(shipped.texts.get(path) ?? '') as RoleFile;
      for (const [at, rule] of file.rules.entries()) {
        const mutant = mutate(rule);
        if (mutant === rule) continue;
        made += 1;
        const rules = file.rules.flatMap((each, n) => (n === at ? (mutant ?? []) : each));
        const { failures } = await reportWith({ [path]: JSON.stringify({ ...file, rules }) });
        expect([rule.id, failures.length > 0]).toEqual([rule.id, true]);
      }
    }
    if (_what === 'dropped') expect(made).toBeGreaterThan(50);
  });
});

function withoutCondition({ when: _when, ...rest }: WrittenRule): WrittenRule {
  return rest;
}

function withoutFields({ fields: _fields, ...rest }: WrittenRule): WrittenRule {
  return rest;
}

describe('tests', () => {
  const tests = (cases: string, role = 'operator'): string => `role: ${role}\ndescription: x\ncases:\n${cases}`;

  test('that expect something else fail, by file and line, and say what was decided', async () => {
    const { failures } = await reportWith({
      'tests/more.yaml': tests('  - { actions: [read], resource: log, expect: deny, rule: none }\n  - { actions: [read], resource: log, expect: allow, rule: other }\n'),
    });
    expect(failures).toEqual([
      { path: 'tests/more.yaml', line: 4, message: '/cases/0 read log: expected deny by none, decided allow by operator-reads-log' },
      { path: 'tests/more.yaml', line: 5, message: '/cases/1 read log: expected allow by other, decided allow by operator-reads-log' },
    ]);
  });

  test('of fields name each that is shown or withheld against the rules', async () => {
    const rules = 'role: operator\ndescription: x\nrules:\n  - { id: o, effect: allow, actions: [read], resources: [prediction], reason: x }\n  - { id: d, effect: deny, actions: [read], resources: [prediction], fields: [inputs.ssn], reason: x }\n';
    const { failures, uncovered } = await reportWith({
      'roles/operator.yaml': rules,
      'tests/operator.yaml': tests('  - { actions: [read], resource: prediction, expect: allow, rule: o, shown: [output, inputs.ssn.x], withheld: [inputs.ssn, inputs.age] }\n  - { actions: [read], resource: log, expect: deny, rule: none }\n'),
    });
    expect(failures).toEqual([{ path: 'tests/operator.yaml', line: 4, message: '/cases/0 read prediction: inputs.ssn.x is withheld; inputs.age is shown' }]);
    expect(uncovered).toEqual([]);
  });

  test('that leave a rule out are told, both ways', async () => {
    const { uncovered } = await reportWith({ 'tests/operator.yaml': tests('  - { actions: [read], resource: log, expect: allow, rule: operator-reads-log }\n') });
    expect(uncovered).toContainEqual(expect.objectContaining({ path: 'roles/operator.yaml', message: 'no test shows that rule operator-reads-totals decides: add a case that it decides, or remove the rule' }));
    expect(uncovered).toContainEqual(expect.objectContaining({ path: 'roles/operator.yaml', message: 'no test shows where rule operator-reads-log ends: add a case for the role that is like it and that it does not decide' }));
  });

  test.each([
    ['a misspelt key', '  - { actions: [read], resource: log, expects: deny, rule: none }\n', /tests\/more\.yaml:4: \/cases\/0/],
    ['an action that is not done to it', '  - { actions: [append], resource: log, expect: deny, rule: none }\n', /tests\/more\.yaml:4: .*append is nothing that is done to a log/],
    ['an attribute of another', '  - { actions: [read], resource: log, attributes: { model: x }, expect: deny, rule: none }\n', /tests\/more\.yaml:4: .*no attribute of a log/],
    ['a value of another type', '  - { actions: [read], resource: log, attributes: { open: "true" }, expect: deny, rule: none }\n', /tests\/more\.yaml:4: .*is not a truth/],
  ])('with %s are refused', async (_what, cases, why) => {
    await expect(reportWith({ 'tests/more.yaml': tests(cases) })).rejects.toThrow(why);
  });
});
