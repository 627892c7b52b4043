import { describe, expect, test } from '@jest/globals';
import { PolicyError } from '../../src/ledger/policy-error.ts';
import { contractsOf, LOAN } from './loan-contract.ts';
import { WRONG_CONTRACTS } from './wrong-contracts.ts';

/** `path:line: message` of every fault with which the start stops. */
function faultsOf(files: Record<string, string>): string[] {
  try {
    contractsOf(files);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.faults.map(({ path, line, message }) => `${path}:${line}: ${message}`);
  }
  return [];
}

test('the contract that the others are made of is right', () => {
  expect(faultsOf({ 'contracts/loan.yaml': LOAN })).toEqual([]);
});

test('there are more than forty kinds of mistake, each made once', () => {
  expect(new Set(WRONG_CONTRACTS.map(([what]) => what)).size).toBe(WRONG_CONTRACTS.length);
  expect(WRONG_CONTRACTS.length).toBeGreaterThan(100);
});

describe('a contract stops the start, by file, line and mend, with', () => {
  test.each(WRONG_CONTRACTS.map(([what, ...rest]) => [what, rest] as const))('%s', (_what, [from, to, ...faults]) => {
    const text = LOAN.replace(from, () => to);
    expect(text).not.toBe(LOAN);
    expect(faultsOf({ 'contracts/loan.yaml': text })).toEqual(faults.map((fault) => `contracts/loan.yaml:${fault}`));
    // What is wrong: the mend.
    for (const fault of faults) expect(fault).toMatch(/^\d+: .+: .+|^\d+: .+ \(.+\)/);
  });
});

const OLD = LOAN.replace('version: 1.2.0', 'version: 1.1.0');
const LINES = LOAN.split('\n');
/** The line of the first field's word after a text, from 1. */
const lineOf = (text: string): number => LINES.findIndex((line) => line.includes(text)) + 1;

/** Changes the newer version, and keeps the older one beside it. */
function newer(from: string, to: string, version = '1.2.0'): string[] {
  const text = LOAN.replace(from, () => to).replace('version: 1.2.0', `version: ${version}`);
  return faultsOf({ 'contracts/loan.yaml': text, 'contracts/loan@1.1.0.yaml': OLD });
}

describe('a newer version of a contract', () => {
  const breaks = (pointer: string, what: string): string => `${pointer} breaks with loan@1.1.0 (contracts/loan@1.1.0.yaml): ${what}: take it back, or make this version 2.0.0`;
  test.each([
    ['removes a field', /  email:[^]*?(?=  birth:)/.exec(LOAN)?.[0] ?? '', '', lineOf('inputs:'), breaks('/inputs', 'the field email is gone')],
    ['requires a new field', 'output:\n', '  sex: {use: known, type: string, maxLength: 9, meaning: Sex., required: true}\noutput:\n', lineOf('output:'), breaks('/inputs/sex', 'a new field is required')],
    ['requires an old field', '    meaning: City of residence.', '    required: true\n    meaning: City of residence.', lineOf('City of'), breaks('/inputs/city/required', 'it was not required')],
    ['narrows a type', 'type: number', 'type: integer', lineOf('type: number'), breaks('/output/score/type', 'the type was number')],
    ['narrows a range', 'maximum: 120', 'maximum: 99', lineOf('maximum: 120'), breaks('/inputs/age/maximum', 'it was 120')],
    ['raises a minimum', 'minimum: 18', 'minimum: 21', lineOf('minimum: 18'), breaks('/inputs/age/minimum', 'it was 18')],
    ['shortens a text', 'maxLength: 254', 'maxLength: 99', lineOf('maxLength: 254'), breaks('/inputs/email/maxLength', 'it was 254')],
    ['shortens a list', 'maxItems: 10', 'maxItems: 9', lineOf('maxItems: 10'), breaks('/inputs/jobs/maxItems', 'it was 10')],
    ['takes a word out of an enum', '[accepted, declined]', '[accepted]', lineOf('enum:'), breaks('/decision/outcome/enum', 'it took declined')],
    ['closes a text by an enum', '    maxLength: 254', '    enum: [a@b.example]', lineOf('maxLength: 254'), breaks('/inputs/email/enum', 'it had no enum')],
    ['changes a pattern', 'a-z]{1,30}$', 'a-z]{1,29}$', lineOf('pattern:'), breaks('/inputs/city/pattern', 'its pattern was another')],
    ['gives a format', 'maxLength: 254', 'maxLength: 254\n    format: email', lineOf('maxLength: 254') + 1, breaks('/inputs/email/format', 'its format was not given')],
    ['changes a unit', 'unit: years', 'unit: months', lineOf('unit: years'), breaks('/inputs/age/unit', 'the unit was years')],
    ['changes a meaning', 'Age of the applicant.', 'Age of the household.', lineOf('Age of'), breaks('/inputs/age/meaning', 'it meant something else')],
    ['lowers a class', 'class: personal', 'class: internal', lineOf('class: personal'), breaks('/inputs/email/class', 'its class was personal')],
    ['changes a Safe Harbor class', 'safeHarbor: C', 'safeHarbor: none', lineOf('safeHarbor'), breaks('/inputs/birth/safeHarbor', 'its Safe Harbor class was C')],
    ['weakens a tokenization', '{mode: token}', '{mode: mask, keepLast: 4}', lineOf('{mode: token}'), breaks('/inputs/email/tokenization', 'its tokenization was token')],
    ['links tokens', '{mode: token}', '{mode: deterministic-token, within: subject}', lineOf('{mode: token}'), breaks('/inputs/email/tokenization', 'its tokenization was token')],
    ['generalizes otherwise', 'to: year', 'to: birth-year', lineOf('to: year'), breaks('/inputs/birth/tokenization', 'it was generalized to something else')],
    ['governs a model less', 'models: [loan-model]', 'models: []', 5, breaks('/models', 'loan-model may no longer be said')],
    ['allows a purpose less', 'purposes: [credit-decision]', 'purposes: [marketing]', 6, breaks('/purposes', 'credit-decision may no longer be said')],
    ['requires more of a record', 'require: [decision, reasons]', 'require: [decision, reasons, time]', 9, breaks('/require', 'time was not required')],
    ['keeps records longer', 'period: P25M', 'period: P3Y', lineOf('period'), breaks('/retention/period', 'records were kept for P25M')],
    ['retains against an erasure', 'mode: erase', 'mode: retain\n  citation: a law', lineOf('mode: erase'), breaks('/erasure/mode', 'an erasure was obeyed at once')],
    ['answers a hit otherwise', 'onHit: refuse', 'onHit: tokenize', lineOf('onHit'), breaks('/onHit', 'a hit was answered with refuse')],
    ['has a new rule', 'rules:\n', 'rules:\n  - {id: young, expression: inputs.age < 100, message: x}\n', lineOf('rules:') + 1, breaks('/rules/0', 'the rule young is new, and records that were right may break it')],
    ['changes a rule', 'inputs.age >= 18', 'inputs.age >= 21', lineOf('expression'), breaks('/rules/0/expression', 'the rule of-age was another')],
  ])('that %s breaks with the older one, and is a major version', (_what, from, to, line, fault) => {
    expect(newer(from, to)).toEqual([`contracts/loan.yaml:${line}: ${fault}`]);
    expect(newer(from, to, '2.0.0')).toEqual([]);
  });

  test.each([
    ['a field that is optional', 'output:\n', '  sex: {use: known, type: string, maxLength: 9, meaning: Sex.}\noutput:\n'],
    ['a wider range', 'maximum: 120', 'maximum: 130'],
    ['a wider type', 'type: integer\n    unit: years', 'type: number\n    unit: years'],
    ['a word more', '[accepted, declined]', '[accepted, declined, referred]'],
    ['a field required no more', '    required: true\ndecision', 'decision'],
    ['a higher class', 'class: personal', 'class: secret'],
    ['a stronger tokenization', '{mode: token}', '{mode: redact}'],
    ['a shorter retention', 'P25M', 'P1Y'],
    ['another owner', 'owner: credit risk', 'owner: somebody else'],
    ['no rule', /rules:[^]*$/.exec(LOAN)?.[0] ?? '', ''],
  ])('may bring %s', (_what, from, to) => {
    expect(newer(from, to)).toEqual([]);
  });
});

describe('several files', () => {
  test('of one version', () => {
    expect(faultsOf({ 'contracts/loan.yaml': LOAN, 'contracts/loan@1.2.0.yaml': LOAN })).toEqual(['contracts/loan@1.2.0.yaml:2: /version is the version of contracts/loan.yaml too: raise one of them']);
  });

  test('that govern one model', () => {
    expect(faultsOf({ 'contracts/loan.yaml': LOAN, 'contracts/other.yaml': LOAN.replace('contract: loan', 'contract: other') })).toEqual([
      'contracts/other.yaml:5: /models/0 is governed by loan@1.2.0 (contracts/loan.yaml) already: name it in one contract',
    ]);
  });

  test('have all their faults said at once', () => {
    const faults = faultsOf({ 'contracts/a.yaml': 'x', 'contracts/b.txt': 'y', 'contracts/loan.yaml': LOAN.replace('P25M', 'P0D'), 'tenants.yaml': 'everyTenant: {defaultContract: none}\n' });
    expect(faults).toEqual([
      'contracts/a.yaml:1: / must be object',
      'contracts/b.txt:1: a contract file ends in .yaml: rename or remove it',
      'contracts/loan.yaml:11: /retention/period is no time at all: say how long records are kept',
      'tenants.yaml:1: /everyTenant/defaultContract names contract none, and there is none that is right: write contracts/none.yaml, or null for no default',
    ]);
  });

  test('of a version under another’s name', () => {
    expect(faultsOf({ 'contracts/loan@1.0.0.yaml': LOAN })).toEqual([
      'contracts/loan@1.0.0.yaml:2: /version belongs in contracts/loan.yaml, or in contracts/loan@1.2.0.yaml as an older version that is kept: rename the file',
    ]);
  });
});
