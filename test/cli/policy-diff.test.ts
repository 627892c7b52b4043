import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, type Outcome } from './run-command.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-policies-'));
  await cp('policies', folder, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const diff = (...args: string[]): Promise<Outcome> => runCommand(['policy', 'diff', ...args]);
const diffOfChange = (): Promise<Outcome> => diff('policies', folder);

async function change(file: string, from: string | RegExp, to: string): Promise<void> {
  const path = join(folder, file);
  const text = await readFile(path, 'utf8');
  const changed = text.replaceAll(new RegExp(from, 'g'), to);
  expect(changed).not.toBe(text);
  await writeFile(path, changed);
}

describe('policy show', () => {
  test('says in words what the shipped files allow and what becomes of each field', async () => {
    const { code, out, err } = await runCommand(['policy', 'show', 'policies']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^policy [0-9a-f]{64}\n/);
    expect(out).toContain('/inputs/note: free text, phi (Safe Harbor R), becomes a random token');
    expect(out).toContain('kept for P25M from the entry (12 CFR 1002.12(b)(1)');
    expect(out).toMatch(/may correct, record-outcome prediction, where own is true\n {6}because: .*\[producer-follows-up-own, roles\/producer\.yaml:\d+\]/);
    expect(out).toContain('every other tenant: are governed by default');
    expect(out).toContain('operator takes on the role auditor for at most 60 minutes');
  });

  test('says the same as JSON', async () => {
    const { out } = await runCommand(['policy', 'show', 'policies', '--json']);
    const shown = JSON.parse(out) as { contracts: { id: string; fields: { at: string }[] }[]; roles: { role: string; rules: object[] }[] };
    expect(shown.contracts.find(({ id }) => id.startsWith('clinical-risk@'))?.fields).toContainEqual(
      expect.objectContaining({ at: '/inputs/zip', class: 'phi', safeHarbor: 'B', becomes: 'is generalized to zip3' }),
    );
    expect(shown.roles.find(({ role }) => role === 'producer')?.rules).toContainEqual(expect.objectContaining({ rule: 'producer-follows-up-own', where: 'own is true' }));
  });

  test('of what cannot be read exits with 2, of what is wrong with 1', async () => {
    expect((await runCommand(['policy', 'show', '/nowhere'])).code).toBe(2);
    await appendFile(join(folder, 'roles/producer.yaml'), '  - { id: x }\n');
    expect(await runCommand(['policy', 'show', folder])).toMatchObject({ code: 1, out: expect.stringMatching(/^roles\/producer\.yaml:\d+: /) });
  });
});

describe('policy diff', () => {
  test('of the same files is none; nor is one of comments, order and another way to say it', async () => {
    expect(await diffOfChange()).toMatchObject({ code: 0, out: expect.stringContaining('the same files') });
    await change('roles/producer.yaml', 'own: { eq: true }', 'any: [ { own: { ne: false } }, { own: { in: [true] } } ] # said otherwise');
    expect(await diffOfChange()).toMatchObject({ code: 0, out: expect.stringContaining('nothing that they decide does') });
  });

  test('names who loses what, in which case, by which rules', async () => {
    await change('roles/producer.yaml', 'actions: \\[append\\]', 'actions: [append]\n    when: { model: { in: [a, b] } }');
    const { code, out } = await diffOfChange();
    expect(code).toBe(1);
    expect(out).toContain('  producer loses append prediction\n    before: always\n    now: where model is one of a, b\n    for instance: model other than a, b\n');
  });

  test('names who gains what', async () => {
    await appendFile(join(folder, 'roles/operator.yaml'), '  - { id: o-erases, effect: allow, actions: [erase], resources: [subject], reason: x }\n');
    const { out } = await diffOfChange();
    expect(out).toContain('  operator gains erase subject\n    before: never\n    now: always\n    rules: none → o-erases\n');
  });

  test('names fields that come and go, and what is left beside them', async () => {
    await appendFile(join(folder, 'roles/auditor.yaml'), '  - { id: a-no-ssn, effect: deny, actions: [read], resources: [prediction], fields: [inputs.ssn], reason: x }\n');
    expect((await diffOfChange()).out).toContain('  auditor loses fields of read prediction\n    sees no more: inputs.ssn\n');
    expect((await diff(folder, 'policies')).out).toContain('  auditor gains fields of read prediction\n    sees in addition: inputs.ssn\n');
    await change('roles/auditor.yaml', 'id: auditor-reads-predictions\n', 'id: auditor-reads-predictions\n    fields: [inputs.age, output]\n');
    const { out } = await diffOfChange();
    expect(out).toMatch(/sees no more: .*inputs\.\*/);
    expect(out).not.toMatch(/sees no more: .*(inputs\.age|output)/);
  });

  test('does not lose a denial that a rule of two people would hide', async () => {
    await change('roles/compliance-officer.yaml', 'id: compliance-officer-approves-policies\n', 'id: compliance-officer-approves-policies\n    when: { requester: { eq: prn_1 } }\n');
    expect((await diffOfChange()).out).toContain('compliance-officer loses approve policy');
  });

  test('tells a rule that is only called otherwise', async () => {
    await change('roles/producer.yaml', 'producer-reads-log', 'producer-looks-at-log');
    const { code, out } = await diffOfChange();
    expect([code, out]).toEqual([1, expect.stringContaining('  producer keeps, by another rule or for another reason: read log\n    rules: producer-reads-log → producer-looks-at-log\n')]);
  });

  test('tells what becomes weaker in a contract, and that a version would mean two things', async () => {
    await change('contracts/credit-risk.yaml', 'tokenization: \\{mode: token\\}', 'tokenization: {mode: mask, keepLast: 2}');
    await change('contracts/credit-risk.yaml', 'P25M', 'P27M');
    const { code, out } = await diffOfChange();
    expect(code).toBe(1);
    expect(out).toContain('contracts: BREAKING');
    expect(out).toContain('/inputs/iban is masked but for its last 2 characters, and not any more: becomes a random token (WEAKER)');
    expect(out).toContain('retention: P25M from the entry → P27M from the entry');
    expect(out).toContain('breaks: version 1.0.0 would mean two things: raise it');
  });

  test('tells what becomes stronger, and calls it compatible', async () => {
    await change('contracts/credit-risk.yaml', 'version: 1.0.0', 'version: 1.1.0');
    await change('contracts/credit-risk.yaml', 'tokenization: \\{mode: token\\}', 'tokenization: {mode: redact}');
    const { code, out } = await diffOfChange();
    expect(code).toBe(1);
    expect(out).toContain('credit-risk@1.0.0 → credit-risk@1.1.0, compatible');
    expect(out).toContain('becomes a random token (stronger)');
    expect(JSON.parse((await diff('policies', folder, '--json')).out)).toMatchObject({ compatible: true, access: [], contracts: [{ contract: 'credit-risk', breaks: [] }] });
  });

  test('tells contracts that go, default contracts and credentials', async () => {
    await rm(join(folder, 'contracts/clinical-risk.yaml'));
    await change('tenants.yaml', 'defaultContract: default', 'defaultContract: null');
    await change('credentials.yaml', 'maxMinutes: 60', 'maxMinutes: 600');
    const { out } = await diffOfChange();
    expect(out).toContain('clinical-risk@1.0.0 is gone, BREAKING');
    expect(out).toContain('a model without a contract, in every other tenant: default → none: it is refused');
    expect(out).toContain('break-glass operator-breaks-glass-to-examine: operator takes on the role auditor for at most 60 minutes, reviewed by another → ');
  });

  test('from nothing gives everybody what they have; what cannot be read exits with 2', async () => {
    const { code, out } = await diff('-', folder);
    expect([code, out]).toEqual([1, expect.stringContaining('auditor gains read prediction')]);
    expect(out).not.toContain('loses');
    expect((await diff('policies', '/nowhere')).code).toBe(2);
    await writeFile(join(folder, 'roles/x.yaml'), 'nonsense');
    expect(await diff(folder, 'policies')).toMatchObject({ code: 2, out: '' });
    expect((await diff('-', '-')).code).toBe(2);
  });
});

test('policy check finds the faults of contracts, and of identity providers, with those of roles', async () => {
  await change('contracts/credit-risk.yaml', 'onHit: tokenize', 'onHit: maybe');
  await writeFile(join(folder, 'identity-providers.yaml'), 'providers: 3\n');
  await writeFile(join(folder, 'roles/x.yaml'), 'role: x\n');
  const { code, out } = await runCommand(['policy', 'check', folder]);
  expect(code).toBe(1);
  expect(out).toMatch(/^contracts\/credit-risk\.yaml:\d+: \/onHit/m);
  expect(out).toMatch(/^roles\/x\.yaml:1: /m);
});

describe('what stands in files of their own', () => {
  test('is named where it changes: who is handed recorded inputs, how long bundles and backups are kept', async () => {
    await change('replay.yaml', 'endpoints: \\[\\]', 'endpoints: [{ url: "https://score.example/v1", models: [credit-risk] }]');
    await change('evidence.yaml', 'P90D', 'P400D');
    await change('privacy.yaml', 'recipients: \\[\\]', 'recipients: [bureau]');
    const { code, out } = await diffOfChange();
    expect(code).toBe(1);
    expect(out).toContain('replay to https://score.example/v1 is new: may be handed the recorded inputs of credit-risk');
    expect(out).toContain('evidence bundles: are kept for 90 days; made by themselves: none → are kept for 400 days; made by themselves: none');
    expect(out).toContain('recipients of personal data: nobody → bureau');
    expect((await runCommand(['policy', 'show', folder])).out).toContain('replay to https://score.example/v1: may be handed the recorded inputs of credit-risk');
  });

  test.each([
    ['replay.yaml', 'endpoints: []\ntimeoutSeconds: 0\n', /^replay\.yaml:2: /m],
    ['privacy.yaml', 'requests: {}\n', /^privacy\.yaml:\d+: /m],
    ['evidence.yaml', 'bundles: { keptFor: P90D }\nexports: [{ framework: none-such, every: week }]\n', /^evidence\.yaml:2: .*none-such/m],
    ['models.yaml', 'everyModel: { unknown: perhaps }\n', /^models\.yaml:1: /m],
    ['modles.yaml', 'everyModel: {}\n', /^modles\.yaml:1: is read by nothing: rename it/m],
    ['role/intern.yaml', 'role: intern\n', /^role\/intern\.yaml:1: is read by nothing/m],
  ])('is checked: %s', async (file, text, fault) => {
    await mkdir(join(folder, 'role'), { recursive: true });
    await writeFile(join(folder, file), text);
    const { code, out } = await runCommand(['policy', 'check', folder]);
    expect([code, out]).toEqual([1, expect.stringMatching(fault)]);
  });
});
