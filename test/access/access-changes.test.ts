import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { accessChanges } from '../../src/access/access-changes.ts';
import { compileRole } from '../../src/access/compile-role.ts';
import type { Attributes } from '../../src/access/condition.ts';
import { RoleRules } from '../../src/access/role-rules.ts';
import type { Roles } from '../../src/access/roles.ts';

const condition = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom(
      'model: { eq: a }', 'model: { ne: b }', 'model: { in: [a, b] }', 'model: { not-in: [b, c] }', 'model: { absent: true }', 'model: { in: $principal.models }',
      'own: { eq: true }', 'own: { ne: true }', 'own: { exists: true }', 'index: { lt: 5 }', 'index: { gte: 5 }', 'index: { gt: 5, lte: 9 }', 'index: { ne: 7 }',
    ),
    fc.tuple(fc.constantFrom('all', 'any'), fc.array(tie('any'), { minLength: 1, maxLength: 3 })).map(([word, parts]) => `${word}: [${parts.map((part) => `{ ${part} }`).join(', ')}]`),
  ),
})).any;

const rule = fc.tuple(
  fc.constantFrom('allow', 'allow', 'deny'),
  fc.constantFrom('', '', 'fields: [inputs.a, output]', 'fields: [inputs]', 'fields: [decision.x.y]'),
  fc.option(condition, { nil: undefined }),
);
const policy = fc.array(rule, { maxLength: 3 });

function rolesOf(rules: readonly [string, string, string | undefined][]): Roles {
  const lines = rules.map(([effect, fields, when], n) => `  - { id: r${n}, effect: ${effect}, actions: [read], resources: [prediction], reason: x, ${fields === '' ? '' : `${fields}, `}${when === undefined ? '' : `when: { ${when} }`} }`);
  const role = new RoleRules(compileRole('roles/some.yaml', `role: some\ndescription: x\nrules:${lines.length === 0 ? ' []' : `\n${lines.join('\n')}`}\n`), 'x');
  const { about, decide } = { about: role.about.bind(role), decide: role.decide.bind(role) };
  return { all: [role.role], about: (_role: string, ...matter: Parameters<typeof about>) => about(...matter), decide } as unknown as Roles;
}

const attributes = fc.record<Attributes>(
  { model: fc.constantFrom('a', 'b', 'c', 'd', null), own: fc.constantFrom(true, false, null), index: fc.constantFrom(0, 4, 5, 6, 7, 8, 9, 10, 1e9, null) },
  { requiredKeys: [] },
);
const asker = fc.constantFrom<string[] | undefined>(undefined, ['a'], ['d'], []).map((models) => ({ id: 'prn_me', role: 'some', models }));
const PATHS = ['id', 'inputs', 'inputs.a', 'inputs.b', 'output', 'decision', 'decision.x.y', 'decision.x.z', 'trace'];

test('what is told as a gain or a loss is one, and what is decided otherwise is told: random rules, random cases', () => {
  let told = 0;
  fc.assert(
    fc.property(policy, policy, fc.array(fc.tuple(asker, attributes), { minLength: 10, maxLength: 30 }), (before, now, cases) => {
      const [was, is] = [rolesOf(before), rolesOf(now)];
      const change = accessChanges(was, is).find(({ resource, action }) => resource === 'prediction' && action === 'read')?.change ?? 'none';
      if (change !== 'none') told += 1;
      for (const [who, what] of cases) {
        const [old, fresh] = [was.decide(who, 'read', 'prediction', what), is.decide(who, 'read', 'prediction', what)];
        const sees = (decision: typeof old): string[] => PATHS.filter((path) => decision.fields.sees(path.split('.')));
        const gains = (fresh.allowed && !old.allowed) || (old.allowed && fresh.allowed && sees(fresh).some((path) => !sees(old).includes(path)));
        const loses = (old.allowed && !fresh.allowed) || (old.allowed && fresh.allowed && sees(old).some((path) => !sees(fresh).includes(path)));
        if (gains) expect(change).toMatch(/gains/);
        if (loses) expect(change).toMatch(/loses/);
      }
    }),
    { numRuns: 400, seed: 20_261_127 },
  );
  expect(told).toBeGreaterThan(100);
});
