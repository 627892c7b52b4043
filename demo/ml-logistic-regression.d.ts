/** The part of ml-logistic-regression 2.0.0 (which ships no types) that the demo uses. */
declare module 'ml-logistic-regression' {
  import type { Matrix } from 'ml-matrix';

  /** One-vs-all: `classifiers[k]` scores the probability that a row is *not* of class k. */
  export default class LogisticRegression {
    constructor(options: { numSteps: number; learningRate: number });
    /** X: one row a sample; Y: one column of class numbers from 0. */
    train(X: Matrix, Y: Matrix): void;
    classifiers: { weights: Matrix; testScores(X: Matrix): number[] }[];
  }
}
