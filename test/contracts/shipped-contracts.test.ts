import { beforeAll, describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { predictionTemplate, writePrediction } from '../../bench/prediction-template.ts';
import { loadBankMarketing, splitClients } from '../../demo/bank-marketing.ts';
import { CallModel } from '../../demo/call-model.ts';
import { predict } from '../../demo/prediction.ts';
import { Contracts } from '../../src/contracts/contracts.ts';
import type { Judgement } from '../../src/contracts/judgement.ts';
import type { Original } from '../../src/vault/original.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';
import type { Prediction } from '../../src/predictions/prediction.ts';

let contracts: Contracts;
beforeAll(async () => {
  contracts = new Contracts(await PolicyBundle.read(fileURLToPath(new URL('../../policies', import.meta.url))));
});

function judge(prediction: unknown, tenant = 'default'): Judgement {
  const { model } = prediction as Prediction;
  const contract = contracts.of(model, tenant);
  if (contract === undefined) throw new Error(`nothing governs ${model}`);
  return contract.judge(prediction as Prediction);
}

/** Puts a token for each original, as the vault does, and gives the originals. */
function settle(judgement: Judgement): Original[] {
  if (judgement.verdict !== 'accepted') throw new Error(JSON.stringify(judgement));
  for (const [position, original] of judgement.originals.entries()) original.put(`tok_${position}`);
  return judgement.originals;
}

// `structuredClone` gives objects of another realm than the one that tests run in.
function copy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

const README = {
  id: 'loan-2026-0001', model: 'credit-risk', version: '3.2.0',
  inputs: { age: 41, income: 52_000 }, output: { score: 0.81, label: 'default' },
  decision: { outcome: 'declined', threshold: 0.7, reasons: ['income'], automated: true },
};

describe('the contract for credit risk', () => {
  test('takes in the first prediction of README.md as it is', () => {
    const prediction = copy(README);
    expect(judge(prediction)).toEqual({ verdict: 'accepted', handling: undefined, originals: [], touched: [] });
    expect(prediction).toEqual(README);
  });

  test('turns the four personal texts of the benchmark’s prediction into tokens, and keeps its numbers', () => {
    const template = predictionTemplate(new Date(0));
    const bytes = Buffer.from(template.bytes);
    writePrediction(bytes, 0, template, '01JABCDEFGHJKMNPQRSTVWXYZ0', 'new');
    const prediction = JSON.parse(bytes.toString()) as Prediction;
    const before = copy(prediction);
    const originals = settle(judge(prediction));
    expect(originals.map(({ at, value, mode }) => [at, value, mode])).toEqual(
      ['name', 'email', 'phone', 'iban'].map((field) => [`/inputs/${field}`, before.inputs[field], 'random']),
    );
    expect(prediction).toEqual({ ...before, inputs: { ...before.inputs, name: 'tok_0', email: 'tok_1', phone: 'tok_2', iban: 'tok_3' } });
  });

  test('refuses a decline without reasons, by its rule', () => {
    expect(judge({ ...README, decision: { outcome: 'declined' } })).toEqual({
      verdict: 'refused', faults: [{ at: '', code: 'rule-broken', detail: 'declined-with-reasons: a declined application gives its reasons' }],
    });
  });
});

describe('the default contract', () => {
  test('takes in a record of any model, with a token for every text in inputs and output, however deep', () => {
    const prediction = {
      id: 'a', model: 'a-new-model', version: '1',
      inputs: { name: 'Jo Doe', n: 1, yes: true, none: null, deep: [[{ text: 'x', empty: '', list: ['y', 2] }]], 'a/b~c': 'z' },
      output: { label: 'default', score: 0.5 },
      decision: { outcome: 'declined', reasons: ['income'] },
      explanation: { method: 'shap', attributions: { income: 0.4 }, counterfactual: { job: 'clerk' } },
      purpose: 'anything', trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    };
    const originals = settle(judge(prediction));
    expect(originals.map(({ at, value }) => [at, value])).toEqual([
      ['/inputs/name', 'Jo Doe'], ['/inputs/deep/0/0/text', 'x'], ['/inputs/deep/0/0/list/0', 'y'], ['/inputs/a~1b~0c', 'z'],
      ['/output/label', 'default'], ['/explanation/counterfactual/job', 'clerk'],
    ]);
    expect(prediction.inputs).toEqual({ name: 'tok_0', n: 1, yes: true, none: null, deep: [[{ text: 'tok_1', empty: '', list: ['tok_2', 2] }]], 'a/b~c': 'tok_3' });
    expect(prediction.decision).toEqual({ outcome: 'declined', reasons: ['income'] });
  });

  test('is every tenant’s', () => {
    for (const tenant of ['default', 'acme', 'constructor']) expect(contracts.of('a-new-model', tenant)?.id).toBe('default@1.0.0');
  });
});

const CLINICAL = {
  id: 'r-1', model: 'readmission-risk', version: '1.4.0', subject: 'patient-1', time: '2026-11-20T10:00:00.000Z',
  inputs: {
    mrn: 'MRN-0048213', patientName: 'Jane Roe', birthDate: '1930-02-03', age: 96, sex: 'female', zip: '03601', admitted: '2026-11-10', discharged: '2026-11-20',
    lengthOfStay: 10, diagnoses: ['I50.9', 'E11.9'], vitals: { heartRate: 88 }, hemoglobin: null, note: 'Jane Roe lives alone; call 617-555-0143.',
  },
  output: { score: 0.62, band: 'medium' },
  decision: { outcome: 'follow-up', threshold: 0.5, reasons: ['priorAdmissions'], automated: true },
  explanation: { method: 'shap', attributions: { age: 0.2 } },
  purpose: 'treatment', legalBasis: 'treatment',
};

describe('the contract for clinical risk', () => {
  test('leaves no identifier of Safe Harbor in a record', () => {
    const prediction = copy(CLINICAL);
    const originals = settle(judge(prediction));
    expect(originals.map(({ at, mode, across }) => [at, mode, across])).toEqual([
      ['/inputs/mrn', 'deterministic', 'subject'], ['/inputs/patientName', 'random', 'subject'], ['/inputs/note', 'random', 'subject'],
    ]);
    expect(prediction.inputs).toEqual({
      mrn: 'tok_0', patientName: 'tok_1', birthDate: '90+', age: '90+', sex: 'female', zip: '000', admitted: 2026, discharged: 2026,
      lengthOfStay: 10, diagnoses: ['I50.9', 'E11.9'], vitals: { heartRate: 88 }, hemoglobin: null, note: 'tok_2',
    });
  });

  test('asks for subject, purpose and legal basis, and for dates in their order', () => {
    const { subject: _subject, purpose: _purpose, legalBasis: _basis, ...rest } = copy(CLINICAL);
    const judgement = judge(rest);
    expect(judgement).toMatchObject({ verdict: 'refused' });
    expect('faults' in judgement && judgement.faults.map(({ at }) => at)).toEqual(['/subject', '/purpose', '/legalBasis']);
    expect(judge({ ...CLINICAL, inputs: { ...CLINICAL.inputs, discharged: '2026-11-01' } })).toMatchObject({ faults: [{ code: 'rule-broken' }] });
  });

  test('puts a record with a field that it does not know into quarantine', () => {
    expect(judge({ ...CLINICAL, inputs: { ...CLINICAL.inputs, bed: 12 } })).toEqual({
      verdict: 'quarantined', expires: 'P14D',
      faults: [{ at: '/inputs/bed', code: 'unknown-field', detail: 'is not a field of the contract: remove it, or have the contract define it' }],
    });
  });
});

test('the contract of the demo’s model takes in every client of the data set', () => {
  const { training, test: clients } = splitClients(loadBankMarketing(), 2000);
  const model = new CallModel(training);
  for (const client of clients.filter((_client, position) => position % 20 === 0)) {
    const prediction = predict(model, client, '2026-11-20T10:00:00.000Z');
    expect(judge(copy(prediction))).toEqual({ verdict: 'accepted', handling: undefined, originals: [], touched: [] });
  }
});
