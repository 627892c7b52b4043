import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CATALOGUE, RESOURCES, type Action, type Resource } from '../../src/access/catalogue.ts';
import { BUILT_IN_ROLES, Roles } from '../../src/access/roles.ts';
import type { PolicyError } from '../../src/ledger/policy-error.ts';
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
const rule = (id: string, actions: string, resources: string, more = ''): string =>
  `\n  - id: ${id}\n    effect: allow\n    actions: [${actions}]\n    resources: [${resources}]\n    reason: because${more}`;
/** The rule that decides whatever the resource is; `depends` where that matters. */
const settled = (roles: Roles, name: string, action: Action, resource: Resource): string => {
  const decision = roles.settled(name, action, resource);
  return decision === undefined ? 'depends' : `${decision.allowed ? 'allow' : 'deny'} ${decision.rule}`;
};

const PAIRS = RESOURCES.flatMap((resource) => (CATALOGUE[resource].actions as readonly Action[]).map((action) => ({ action, resource })));

describe('the shipped roles', () => {
  test('allow exactly this', async () => {
    const roles = new Roles(await PolicyBundle.read(SHIPPED));
    const granted = Object.fromEntries(
      BUILT_IN_ROLES.map((name) => [
        name,
        PAIRS.flatMap(({ action, resource }) => {
          const verdict = settled(roles, name, action, resource);
          return verdict.startsWith('deny') ? [] : [`${action} ${resource}${verdict === 'depends' ? ' if' : ''}`];
        }).join(', '),
      ]),
    );
    expect(granted).toEqual({
      producer: 'append prediction, prove prediction, correct prediction if, record-outcome prediction if, read log',
      auditor:
        'read prediction, list prediction, receive prediction, prove prediction, read log, list request, list legal-hold, read totals, read model-version, read evidence, download evidence, list key, explain access, list access, list break-glass, list key-epoch, read policy, list retention',
      'compliance-officer':
        'list prediction, prove prediction, read log, list request, list legal-hold, list quarantine, read totals, read model-version, request evidence, read evidence, download evidence, review evidence, list key, explain access, list access, list break-glass, review break-glass if, list key-epoch, read policy, approve policy if, list retention',
      'privacy-officer':
        'read prediction, list prediction, read log, report subject, erase subject, read subject, list request, read request, approve request if, place legal-hold, release legal-hold, list legal-hold, detokenize token if, list quarantine, read quarantine, release quarantine, reject quarantine, list access, end key-epoch, list key-epoch, list retention',
      'model-approver': 'list prediction, read log, list request, read request, approve request if, register model-version, read model-version, approve model-version if',
      reviewer: 'read prediction, list prediction, prove prediction, review prediction if, replay prediction, read log, read model-version',
      operator: 'read log, read totals, read model-version, deploy model-version, open break-glass, list break-glass, list key-epoch, list retention, run retention',
      admin: 'read log, list request, issue key, list key, rotate key, revoke key, list person, revoke person, create tenant, list tenant, explain access, list break-glass, read policy, activate policy',
    });
  });

  test('a role that is nowhere may do nothing', async () => {
    const roles = new Roles(await PolicyBundle.read(SHIPPED));
    for (const name of ['nobody', '', '__proto__', 'constructor', 'Auditor']) {
      expect(roles.has(name)).toBe(false);
      for (const { action, resource } of PAIRS) {
        expect(settled(roles, name, action, resource)).toBe('deny none');
        expect(roles.decide({ id: 'prn_x', role: name }, action as 'read', resource as 'log', {})).toMatchObject({ allowed: false, rule: 'none', policy: roles.policy });
      }
    }
  });
});

describe('a role file', () => {
  test('of its own is a role like the others; each grant names its rule', async () => {
    const roles = await rolesWith('roles/intern.yaml', role(rule('a', 'read', 'prediction, log') + rule('b', 'prove', 'prediction'), 'intern'));
    expect(settled(roles, 'intern', 'read', 'log')).toBe('allow a');
    expect(settled(roles, 'intern', 'prove', 'prediction')).toBe('allow b');
    expect(settled(roles, 'intern', 'list', 'prediction')).toBe('deny none');
  });

  test('without rules allows nothing', async () => {
    expect(settled(await rolesWith('roles/operator.yaml', role(' []')), 'operator', 'read', 'log')).toBe('deny none');
  });

  test.each([
    ['a misspelt action', role(rule('a', 'raed', 'log')), /^roles\/operator\.yaml:6: \/rules\/0\/actions\/0 .*append, read, list, receive, prove/],
    ['a misspelt resource', role(rule('a', 'read', 'logs')), /^roles\/operator\.yaml:7: \/rules\/0\/resources\/0 .*prediction, log/],
    ['every action at once', role(rule('a', '"*"', 'log')), /^roles\/operator\.yaml:6:/],
    ['the word for everything', role(rule('a', 'manage', 'log')), /^roles\/operator\.yaml:6:/],
    ['the word for every resource', role(rule('a', 'read', 'all')), /^roles\/operator\.yaml:7:/],
    ['no action', role(rule('a', '', 'log')), /^roles\/operator\.yaml:6: \/rules\/0\/actions .*fewer than 1/],
    ['an action twice', role(rule('a', 'read, read', 'log')), /^roles\/operator\.yaml:6: .*duplicate/],
    ['an action that is not done to it', role(rule('a', 'append', 'log')), /^roles\/operator\.yaml:6: \/rules\/0\/actions\/0 is nothing that is done to a log, which knows read/],
    ['another effect', role(rule('a', 'read', 'log').replace('allow', 'permit')), /^roles\/operator\.yaml:5: .*allow, deny/],
    ['a misspelt key', role(rule('a', 'read', 'log').replace('reason', 'raison')), /^roles\/operator\.yaml:4: \/rules\/0 /],
    ['a key that is not known', role(`${rule('a', 'read', 'log')}\n    deny: [read]`), /^roles\/operator\.yaml:9: .*deny/],
    ['a condition by another name', role(rule('a', 'read', 'log', '\n    condition: { open: { eq: true } }')), /^roles\/operator\.yaml:9: .*condition/],
    ['a condition of nothing', role(rule('a', 'read', 'log', '\n    when:')), /^roles\/operator\.yaml:9: \/rules\/0\/when must be object/],
    ['an empty condition', role(rule('a', 'read', 'log', '\n    when: {}')), /^roles\/operator\.yaml:9: .*fewer than 1/],
    ['an empty test', role(rule('a', 'read', 'log', '\n    when: { tenant: {} }')), /^roles\/operator\.yaml:9: .*fewer than 1/],
    ['a misspelt operator', role(rule('a', 'read', 'log', '\n    when: { tenant: { equals: x } }')), /^roles\/operator\.yaml:9: \/rules\/0\/when\/tenant\/equals is not a word/],
    ['an operator of CASL', role(rule('a', 'read', 'log', '\n    when: { tenant: { $regex: "(a+)+$" } }')), /^roles\/operator\.yaml:9: .*\$regex is not a word/],
    ['a misspelt attribute', role(rule('a', 'read', 'log', '\n    when: { tennant: { eq: x } }')), /^roles\/operator\.yaml:9: .*tennant is not a word/],
    ['an attribute of another resource', role(rule('a', 'read', 'log', '\n    when: { model: { eq: x } }')), /^roles\/operator\.yaml:9: \/rules\/0\/when\/model is no attribute of a log/],
    ['a variable that there is not', role(rule('a', 'read', 'log', '\n    when: { tenant: { eq: $principal.tennant } }')), /^roles\/operator\.yaml:9: .*is not a variable that can stand here: \$principal\.id/],
    ['a list where a value goes', role(rule('a', 'read', 'log', '\n    when: { tenant: { eq: [x] } }')), /^roles\/operator\.yaml:9:/],
    ['a variable that is a list where a value goes', role(rule('a', 'read', 'log', '\n    when: { tenant: { eq: $principal.models } }')), /^roles\/operator\.yaml:9: .*is a list/],
    ['a variable that is a value where a list goes', role(rule('a', 'read', 'log', '\n    when: { tenant: { in: $principal.id } }')), /^roles\/operator\.yaml:9: .*is no list/],
    ['a value where a list goes', role(rule('a', 'read', 'log', '\n    when: { tenant: { in: x } }')), /^roles\/operator\.yaml:9: .*takes a list/],
    ['an empty list', role(rule('a', 'read', 'log', '\n    when: { tenant: { in: [] } }')), /^roles\/operator\.yaml:9: .*fewer than 1/],
    ['a number where a text goes', role(rule('a', 'read', 'log', '\n    when: { tenant: { eq: 5 } }')), /^roles\/operator\.yaml:9: .*is not a text: nothing is converted/],
    ['a text where a number goes', role(rule('a', 'list', 'prediction', '\n    when: { index: { gte: "5" } }')), /^roles\/operator\.yaml:9: .*is not a number: nothing is converted/],
    ['a text where a truth goes', role(rule('a', 'read', 'log', '\n    when: { open: { eq: "true" } }')), /^roles\/operator\.yaml:9: .*is not a truth/],
    ['a time without its offset', role(rule('a', 'list', 'prediction', '\n    when: { time: { gte: 2026-01-01T00:00:00 } }')), /^roles\/operator\.yaml:9: .*RFC 3339/],
    ['a day that there is not', role(rule('a', 'list', 'prediction', '\n    when: { time: { gte: 2026-02-30 } }')), /^roles\/operator\.yaml:9: .*RFC 3339/],
    ['an order of texts', role(rule('a', 'read', 'log', '\n    when: { tenant: { gt: a } }')), /^roles\/operator\.yaml:9: .*does not order a text/],
    ['absent: false', role(rule('a', 'read', 'log', '\n    when: { tenant: { absent: false } }')), /^roles\/operator\.yaml:9:/],
    ['fields of what has none', role(rule('a', 'read', 'log', '\n    fields: [inputs]')), /^roles\/operator\.yaml:9: \/rules\/0\/fields are only of read prediction/],
    ['a misspelt field', role(rule('a', 'read', 'prediction', '\n    fields: [input.ssn]')), /^roles\/operator\.yaml:9: .*begins with no field of a prediction/],
    ['a field by a pattern', role(rule('a', 'read', 'prediction', '\n    fields: ["inputs.*"]')), /^roles\/operator\.yaml:9:/],
    ['an id of the service’s own', role(rule('two-people', 'read', 'log')), /^roles\/operator\.yaml:4: .*the service’s own/],
    ['no reason', role(rule('a', 'read', 'log').replace('because', '""')), /^roles\/operator\.yaml:8: .*reason/],
    ['a rule without an id', role(rule('', 'read', 'log')), /^roles\/operator\.yaml:4: .*id/],
    ['a key twice', `${role(rule('a', 'read', 'log'))}role: admin\n`, /^roles\/operator\.yaml:9: Map keys must be unique/],
    ['the name of another', role(rule('a', 'read', 'log'), 'admin'), /^roles\/operator\.yaml:1: \/role role admin belongs in roles\/admin\.yaml/],
    ['the rule of another', role(rule('admin-reads-log', 'read', 'log')), /^roles\/operator\.yaml:4: rule id admin-reads-log is used twice, first at roles\/admin\.yaml:4/],
    ['a rule twice', role(rule('a', 'read', 'log') + rule('a', 'list', 'prediction')), /^roles\/operator\.yaml:9: rule id a is used twice, first at roles\/operator\.yaml:4/],
    ['no YAML', 'role: [', /^roles\/operator\.yaml:\d+: /],
    ['nothing', '', /^roles\/operator\.yaml:1: \/ must be object/],
    ['a list', '- role: operator', /^roles\/operator\.yaml:1: \/ must be object/],
    ['a tag of another language', role(' !!js/function "x"'), /^roles\/operator\.yaml:3: /],
    ['an alias', 'role: operator\ndescription: &d x\nrules: *d\n', /^roles\/operator\.yaml:3: an alias/],
    ['two documents', `${role(rule('a', 'read', 'log'))}---\n${role(rule('b', 'read', 'log'))}`, /^roles\/operator\.yaml:\d+: /],
  ])('with %s stops the start, by file and line', async (_what, text, why) => {
    const error = await rolesWith('roles/operator.yaml', text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'PolicyError', message: expect.stringMatching(why) });
  });

  test('is told all its faults at once, and those of the others', async () => {
    const text = role(rule('a', 'append', 'log') + rule('b', 'read', 'log', '\n    when: { open: { eq: 1 }, tenant: { gt: x } }'));
    const { faults } = await rolesWith('roles/operator.yaml', text).catch((error: unknown) => error as PolicyError) as PolicyError;
    expect(faults.map(({ line }) => line)).toEqual([6, 14, 14]);
  });

  test('that is missing for a built-in role stops the start', async () => {
    await expect(rolesWith('roles/auditor.yaml', undefined)).rejects.toThrow('roles/auditor.yaml:1: is missing');
  });

  test('of another kind stops the start', async () => {
    await expect(rolesWith('roles/notes.txt', 'x')).rejects.toThrow('roles/notes.txt:1: a role file ends in .yaml');
  });
});
