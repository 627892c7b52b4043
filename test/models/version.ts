/** What a model version is made of, with whatever is to be different. */
export function versionForm(version: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    version,
    artifact: { digest: `sha256:${'a'.repeat(64)}`, uri: 's3://models/churn/model.onnx' },
    training: [{ name: 'customers', version: '2026-09', digest: `sha256:${'b'.repeat(64)}`, from: '2025-01-01T00:00:00Z', to: '2026-09-01T00:00:00Z' }],
    evaluation: [{ name: 'customers-held-out', version: '2026-09', digest: `sha256:${'c'.repeat(64)}` }],
    code: { repository: 'https://git.example/churn', commit: '4f2a9c1d' },
    hyperparameters: { depth: 6, rate: 0.1, booster: 'gbtree', shuffle: true },
    framework: { name: 'xgboost', version: '3.0.2' },
    metrics: [{ name: 'auc', value: 0.812, dataSet: 'customers-held-out' }],
    features: [{ view: 'customer_v7', version: '7', fields: ['age', 'income'] }],
    intendedUse: 'Ranks customers by how likely they are to leave, for offers by the service desk.',
    owner: 'retention-models',
    ...changes,
  };
}
