import { beforeAll, describe, expect, test } from '@jest/globals';
import { loadBankMarketing, parseBankMarketing, splitClients, type Client } from '../../demo/bank-marketing.ts';
import { CallModel } from '../../demo/call-model.ts';
import { areaUnderRoc, measure, type Scored } from '../../demo/metrics.ts';
import { predict } from '../../demo/prediction.ts';

const rows = (...pairs: [number, boolean][]): Scored[] => pairs.map(([score, positive]) => ({ score, positive }));

let clients: Client[];
let training: Client[];
let unseen: Client[];
let model: CallModel;
let scored: Scored[];

beforeAll(() => {
  clients = loadBankMarketing();
  ({ training, test: unseen } = splitClients(clients, 10_000));
  model = new CallModel(training);
  scored = unseen.map(({ inputs, subscribed }) => ({ score: model.explain(inputs).score, positive: subscribed }));
}, 120_000);

describe('the data set', () => {
  test('is the published one: its size and its classes', () => {
    expect(clients).toHaveLength(45_211);
    expect(clients.filter(({ subscribed }) => subscribed)).toHaveLength(5_289);
  });

  test('is split into disjoint parts that leave no client out', () => {
    const together = new Set([...training, ...unseen].map(({ row }) => row));
    expect(training).toHaveLength(10_000);
    expect(together.size).toBe(45_211);
  });

  test('with other columns or a torn line is refused', () => {
    expect(() => parseBankMarketing('age;job\n1;x\n')).toThrow('unexpected columns');
    const header =
      'age;job;marital;education;default;balance;housing;loan;contact;day;month;duration;' +
      'campaign;pdays;previous;poutcome;y';
    expect(() => parseBankMarketing(`${header}\n58;management\n`)).toThrow('row 1 has 2 cells');
  });
});

describe('the model', () => {
  test('ranks clients it has not seen far better than chance', () => {
    const { auc, accuracy, baseRate, precision, called } = measure(scored, model.threshold);
    expect(auc).toBeGreaterThan(0.74);
    expect(called).toBeGreaterThan(0.15);
    expect(called).toBeLessThan(0.25);
    expect(precision).toBeGreaterThan(2 * baseRate);
    expect(accuracy).toBeGreaterThan(0.75);
  });

  test('at one half is at least as accurate as always saying no', () => {
    const { accuracy, baseRate } = measure(scored, 0.5);
    expect(accuracy).toBeGreaterThan(1 - baseRate);
  });

  test('learns from the labels: trained on reversed ones it is worse than chance', () => {
    const reversed = training.slice(0, 2_000).map((client) => ({ ...client, subscribed: !client.subscribed }));
    const contrary = new CallModel(reversed);
    const auc = areaUnderRoc(
      unseen.map(({ inputs, subscribed }) => ({ score: contrary.explain(inputs).score, positive: subscribed })),
    );
    expect(auc).toBeLessThan(0.3);
  });

  test('explains itself completely: base and attributions add up to the log-odds', () => {
    for (const { inputs } of unseen.slice(0, 200)) {
      const { score, base, attributions } = model.explain(inputs);
      const sum = Object.values(attributions).reduce((total, part) => total + part, base);
      expect(sum).toBeCloseTo(Math.log(score / (1 - score)), 9);
    }
  });
});

describe('a prediction', () => {
  test('decides by its recorded score and gives reasons that speak for the decision', () => {
    const outcomes = unseen.slice(0, 500).map((client) => predict(model, client, '2026-01-01T00:00:00.000Z'));
    for (const { output, decision, explanation } of outcomes) {
      const call = output.score >= decision.threshold;
      expect(decision.outcome).toBe(call ? 'call' : 'do-not-call');
      expect(decision.reasons.length).toBeGreaterThan(0);
      for (const reason of decision.reasons) {
        expect(Math.sign(explanation.attributions[reason] ?? 0)).toBe(call ? 1 : -1);
      }
    }
    expect(new Set(outcomes.map(({ decision }) => decision.outcome)).size).toBe(2);
    expect(new Set(outcomes.map(({ id }) => id)).size).toBe(500);
  });

  test('carries neither the answer nor what is known only after the call', () => {
    const [client] = unseen;
    if (!client) throw new Error('no client');
    const text = JSON.stringify(predict(model, client, '2026-01-01T00:00:00.000Z'));
    expect(text).not.toContain('duration');
    expect(text).not.toContain('subscribed');
  });
});

describe('the area under the ROC curve', () => {
  test('is 1 for a perfect order, 0 for its reverse, and a tie counts half', () => {
    expect(areaUnderRoc(rows([0.1, false], [0.2, false], [0.8, true]))).toBe(1);
    expect(areaUnderRoc(rows([0.9, false], [0.8, true]))).toBe(0);
    expect(areaUnderRoc(rows([0.5, false], [0.5, true], [0.5, true]))).toBe(0.5);
    expect(areaUnderRoc(rows([0.1, true], [0.2, false], [0.3, true], [0.4, true]))).toBeCloseTo(2 / 3);
  });
});
