import { describe, expect, test } from '@jest/globals';
import { contractsOf, LOAN } from './loan-contract.ts';

const DEFAULT = LOAN.replace('contract: loan', 'contract: fallback').replace('models: [loan-model]', 'models: []');

describe('the contract of a model', () => {
  test('is the newest version of the one that names it, whichever file it stands in', () => {
    const contracts = contractsOf({ 'contracts/loan.yaml': LOAN.replace('1.2.0', '1.9.0'), 'contracts/loan@1.10.0.yaml': LOAN.replace('1.2.0', '1.10.0'), 'contracts/loan@1.2.0.yaml': LOAN });
    expect(contracts.of('loan-model', 'default')?.id).toBe('loan@1.10.0');
    expect(contracts.all.map(({ id }) => id)).toEqual(['loan@1.2.0', 'loan@1.9.0', 'loan@1.10.0']);
  });

  test('is nothing where nobody names it and the tenant has no default', () => {
    for (const files of [{}, { 'tenants.yaml': 'everyTenant: {defaultContract: null}\n' }, { 'tenants.yaml': '{}\n' }]) {
      const contracts = contractsOf({ 'contracts/loan.yaml': LOAN, 'contracts/fallback.yaml': DEFAULT, ...files });
      for (const model of ['other', 'constructor', '__proto__', '']) expect(contracts.of(model, 'default')).toBeUndefined();
    }
  });

  test('is the tenant’s default where it has one, else every tenant’s', () => {
    const contracts = contractsOf({
      'contracts/loan.yaml': LOAN, 'contracts/fallback.yaml': DEFAULT,
      'tenants.yaml': 'everyTenant: {defaultContract: fallback}\ntenants:\n  strict: {defaultContract: null}\n  other: {defaultContract: loan}\n',
    });
    expect(['any', 'strict', 'other'].map((tenant) => contracts.of('x', tenant)?.file.contract)).toEqual(['fallback', undefined, 'loan']);
    expect(contracts.of('loan-model', 'strict')?.file.contract).toBe('loan');
  });
});

test('a record whose keys are those of every object is judged like another', () => {
  const open = LOAN.replace('output:\n', "  '*': {use: known, type: any, unit: none, meaning: Others., class: personal, tokenization: {mode: token}}\noutput:\n");
  const contract = contractsOf({ 'contracts/loan.yaml': open }).of('loan-model', 'default');
  const sent = (inputs: string): unknown => JSON.parse(`{"id":"a","model":"loan-model","version":"1","subject":"s","output":{"score":1},"decision":{"outcome":"accepted","reasons":["x"]},"inputs":{"age":41,${inputs}}}`);
  for (const key of ['constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    expect(contract?.judge(sent(`"${key}":"secret"`) as never)).toMatchObject({ verdict: 'accepted', originals: [{ at: `/inputs/${key}`, value: 'secret' }] });
  }
});
