import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ACTIONS, BUILT_IN_ROLES, RESOURCES, Roles } from '../../src/access/roles.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';

const SHIPPED = fileURLToPath(new URL('../../policies', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-roles-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;
/** The shipped roles, with one file written anew, or taken away. */
async function rolesWith(file: string, text: string | undefined): Promise<Roles> {
  const policies = join(folder, String(made++));
  await cp(SHIPPED, policies, { recursive: true });
  if (text === undefined) await rm(join(policies, file));
  else await writeFile(join(policies, file), text);
  return new Roles(await PolicyBundle.read(policies));
}

const role = (rules: string, name = 'operator'): string => `role: ${name}\ndescription: x\nrules:${rules}\n`;
const rule = (id: string, allow: string, on: string): string => `\n  - id: ${id}\n    allow: [${allow}]\n    on: [${on}]\n    reason: because`;

describe('the shipped roles', () => {
  test('allow exactly this', async () => {
    const roles = new Roles(await PolicyBundle.read(SHIPPED));
    const granted = BUILT_IN_ROLES.flatMap((name) =>
      ACTIONS.flatMap((action) => RESOURCES.filter((resource) => roles.allowedBy(name, action, resource) !== undefined).map((resource) => `${name}: ${action} ${resource}`)),
    );
    expect(granted).toEqual([
      'producer: append prediction', 'producer: read log', 'producer: prove prediction',
      'auditor: read prediction', 'auditor: read log', 'auditor: list prediction', 'auditor: receive prediction', 'auditor: prove prediction',
      'compliance-officer: read log', 'compliance-officer: list prediction', 'compliance-officer: prove prediction',
      'privacy-officer: read prediction', 'privacy-officer: read log', 'privacy-officer: list prediction',
      'model-approver: read log', 'model-approver: list prediction',
      'operator: read log',
      'admin: read log',
    ]);
  });

  test('a role that is nowhere may do nothing', async () => {
    const roles = new Roles(await PolicyBundle.read(SHIPPED));
    for (const name of ['nobody', '', '__proto__', 'constructor', 'Auditor']) {
      expect(roles.has(name)).toBe(false);
      for (const action of ACTIONS) for (const resource of RESOURCES) expect(roles.allowedBy(name, action, resource)).toBeUndefined();
    }
  });
});

describe('a role file', () => {
  test('of its own is a role like the others; each grant names its rule', async () => {
    const roles = await rolesWith('roles/intern.yaml', role(rule('a', 'read, list', 'prediction, log') + rule('b', 'prove', 'prediction'), 'intern'));
    expect(roles.allowedBy('intern', 'list', 'log')).toBe('a');
    expect(roles.allowedBy('intern', 'prove', 'prediction')).toBe('b');
    expect(roles.allowedBy('intern', 'prove', 'log')).toBeUndefined();
  });

  test('without rules allows nothing', async () => {
    expect((await rolesWith('roles/operator.yaml', role(' []'))).allowedBy('operator', 'read', 'log')).toBeUndefined();
  });

  test.each([
    ['a misspelt action', role(rule('a', 'raed', 'log')), /^roles\/operator\.yaml:5: \/rules\/0\/allow\/0 .*append, read, list, receive, prove/],
    ['a misspelt resource', role(rule('a', 'read', 'logs')), /^roles\/operator\.yaml:6: \/rules\/0\/on\/0 .*prediction, log/],
    ['every action at once', role(rule('a', '"*"', 'log')), /^roles\/operator\.yaml:5:/],
    ['no action', role(rule('a', '', 'log')), /^roles\/operator\.yaml:5: \/rules\/0\/allow .*fewer than 1/],
    ['an action twice', role(rule('a', 'read, read', 'log')), /^roles\/operator\.yaml:5: .*duplicate/],
    ['a misspelt key', role(rule('a', 'read', 'log').replace('reason', 'raison')), /^roles\/operator\.yaml:4: \/rules\/0 /],
    ['a key that is not known', role(`${rule('a', 'read', 'log')}\n    deny: [read]`), /^roles\/operator\.yaml:8: .*deny/],
    ['no reason', role(rule('a', 'read', 'log').replace('because', '""')), /^roles\/operator\.yaml:7: .*reason/],
    ['a rule without an id', role(rule('', 'read', 'log')), /^roles\/operator\.yaml:4: .*id/],
    ['a key twice', `${role(rule('a', 'read', 'log'))}role: admin\n`, /^roles\/operator\.yaml:8: Map keys must be unique/],
    ['the name of another', role(rule('a', 'read', 'log'), 'admin'), /^roles\/operator\.yaml:1: role admin belongs in roles\/admin\.yaml/],
    ['the rule of another', role(rule('admin-reads-log', 'read', 'log')), /rule id admin-reads-log is used twice/],
    ['a rule twice', role(rule('a', 'read', 'log') + rule('a', 'list', 'log')), /rule id a is used twice/],
    ['no YAML', 'role: [', /^roles\/operator\.yaml:\d+: /],
    ['nothing', '', /^roles\/operator\.yaml:1: \/ must be object/],
    ['a list', '- role: operator', /^roles\/operator\.yaml:1: \/ must be object/],
    ['a tag of another language', role(' !!js/function "x"'), /^roles\/operator\.yaml:3: /],
    ['an alias', 'role: operator\ndescription: &d x\nrules: *d\n', /^roles\/operator\.yaml:3: an alias/],
    ['two documents', `${role(rule('a', 'read', 'log'))}---\n${role(rule('b', 'read', 'log'))}`, /^roles\/operator\.yaml:\d+: /],
  ])('with %s stops the start, by file and line', async (_what, text, why) => {
    await expect(rolesWith('roles/operator.yaml', text)).rejects.toThrow(why);
    await expect(rolesWith('roles/operator.yaml', text)).rejects.toMatchObject({ name: 'PolicyError' });
  });

  test('that is missing for a built-in role stops the start', async () => {
    await expect(rolesWith('roles/auditor.yaml', undefined)).rejects.toThrow('roles/auditor.yaml is missing');
  });

  test('of another kind stops the start', async () => {
    await expect(rolesWith('roles/notes.txt', 'x')).rejects.toThrow('roles/notes.txt: a role file ends in .yaml');
  });
});
