import LogisticRegression from 'ml-logistic-regression';
import { Matrix } from 'ml-matrix';
import type { Client, ClientInputs } from './bank-marketing.ts';

type Field = keyof ClientInputs;
type Feature = { field: Field; of: (inputs: ClientInputs) => number };

const NUMERIC: readonly Feature[] = [
  { field: 'age', of: ({ age }) => age / 10 },
  { field: 'age', of: ({ age }) => (age / 10 - 4) ** 2 },
  { field: 'balance', of: ({ balance }) => Math.sign(balance) * Math.log1p(Math.abs(balance)) },
  { field: 'campaign', of: ({ campaign }) => Math.log(campaign) },
  { field: 'pdays', of: ({ pdays }) => (pdays < 0 ? 0 : Math.log1p(pdays)) }, // -1: never contacted before
  { field: 'previous', of: ({ previous }) => Math.log1p(previous) },
];
const CATEGORIES = [
  'job', 'marital', 'education', 'default', 'housing', 'loan', 'contact', 'month', 'poutcome',
] as const satisfies readonly Field[];

/** Full gradient steps on standardized columns; with more of them the loss on unseen clients no longer falls. */
const STEPS = 60;
const STEP_SIZE = 4;

export interface Explained {
  /** Probability, 0 to 1, that the client takes the deposit if called. */
  score: number;
  /** Log-odds of the average client. */
  base: number;
  /** Per input field, what it adds to `base`; base + all attributions = ln(score / (1 - score)), exactly. */
  attributions: Partial<Record<Field, number>>;
}

/**
 * A logistic regression on standardized columns (one-hot for the categories). Being linear, it explains itself:
 * coefficient × (value − training mean) is each column's whole contribution to the log-odds.
 */
export class CallModel {
  readonly #features: readonly Feature[];
  readonly #mean: readonly number[];
  readonly #deviation: readonly number[];
  readonly #weights: readonly number[]; // the intercept first
  /** Call at and above this score: set so that one training client in five is called. */
  readonly threshold: number;

  /** @param callShare the share of clients that the call centre can reach, between 0 and 1 */
  constructor(training: readonly Client[], callShare = 0.2) {
    this.#features = [...NUMERIC, ...oneHot(training)];
    const columns = training.map(({ inputs }) => this.#features.map((feature) => feature.of(inputs)));
    this.#mean = this.#features.map((_, k) => columns.reduce((sum, row) => sum + at(row, k), 0) / columns.length);
    this.#deviation = this.#features.map((_, k) =>
      Math.sqrt(columns.reduce((sum, row) => sum + (at(row, k) - at(this.#mean, k)) ** 2, 0) / columns.length));

    const X = new Matrix(training.map(({ inputs }) => [1, ...this.#standardize(inputs)]));
    const Y = Matrix.columnVector(training.map(({ subscribed }) => Number(subscribed)));
    const regression = new LogisticRegression({ numSteps: STEPS, learningRate: STEP_SIZE / training.length });
    regression.train(X, Y);
    const notClass0 = regression.classifiers[0]; // "not class 0" is "subscribed"
    if (!notClass0) throw new Error('the training set has one class only');
    this.#weights = notClass0.weights.to1DArray();

    const scores = training.map(({ inputs }) => this.explain(inputs).score).toSorted((a, b) => b - a);
    this.threshold = round(at(scores, Math.floor(scores.length * callShare)), 3);
  }

  /** All that the model is: what its digest is taken of. */
  get parameters(): object {
    return { mean: this.#mean, deviation: this.#deviation, weights: this.#weights, threshold: this.threshold };
  }

  explain(inputs: ClientInputs): Explained {
    const [base = 0, ...coefficients] = this.#weights;
    const attributions: Partial<Record<Field, number>> = {};
    let logOdds = base;
    this.#standardize(inputs).forEach((value, k) => {
      const { field } = at(this.#features, k);
      const part = at(coefficients, k) * value;
      logOdds += part;
      attributions[field] = (attributions[field] ?? 0) + part;
    });
    return { score: 1 / (1 + Math.exp(-logOdds)), base, attributions };
  }

  #standardize(inputs: ClientInputs): number[] {
    return this.#features.map((feature, k) => (feature.of(inputs) - at(this.#mean, k)) / at(this.#deviation, k));
  }
}

/** One column per value seen in training, less one a field (it would be implied by the others). */
function oneHot(training: readonly Client[]): Feature[] {
  return CATEGORIES.flatMap((field) => {
    const [, ...values] = [...new Set(training.map(({ inputs }) => inputs[field]))].toSorted();
    return values.map((value) => ({ field, of: (inputs: ClientInputs) => Number(inputs[field] === value) }));
  });
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** Precondition: 0 ≤ index < values.length. */
function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no element ${index} of ${values.length}`);
  return value;
}
