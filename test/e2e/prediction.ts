/** A prediction that is right, with whatever is to be different. */
export function prediction(id: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id,
    model: 'credit-risk',
    version: '3.2.0',
    inputs: { age: 41, income: 52_000, city: 'Zürich' },
    output: { score: 0.81, label: 'default' },
    decision: { outcome: 'declined', threshold: 0.7, reasons: ['income'], automated: true },
    ...changes,
  };
}
