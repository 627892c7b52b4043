import { expect } from '@jest/globals';

/** A prediction that is right, with whatever is to be different. */
export function prediction(id: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    model: 'churn',
    version: '3.2.0',
    inputs: { age: 41, income: 52_000, city: 'Zürich' },
    output: { score: 0.81, label: 'default' },
    decision: { outcome: 'declined', threshold: 0.7, reasons: ['income'], automated: true },
    ...changes,
  };
}

/** As the shipped policies keep it, flagged as of a version that nobody registered: a token in the place of each text of inputs and output, an opaque id in that of the data subject. */
export function asKept(record: Record<string, unknown>): Record<string, unknown> {
  const { inputs, output, subject } = record;
  return { ...record, exceptions: ['unknown-version'], inputs: tokenized(inputs), output: tokenized(output), ...(subject !== undefined && { subject: expect.stringMatching(/^sub_[0-9a-f]{24}$/) }) };
}

function tokenized(value: unknown): unknown {
  if (typeof value === 'string') return expect.stringMatching(/^tok_[\w-]{22}$/);
  if (Array.isArray(value)) return value.map(tokenized);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, tokenized(each)]));
}
