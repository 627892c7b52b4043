import type { DataSet, VersionForm } from './version-form.ts';

/** Under which names CycloneDX properties hold what its model card has no member for. */
export const PROPERTY = {
  use: 'prediction-ledger:use',
  digest: 'prediction-ledger:digest',
  from: 'prediction-ledger:from',
  to: 'prediction-ledger:to',
  artifactUri: 'prediction-ledger:artifact-uri',
  repository: 'prediction-ledger:repository',
  hyperparameters: 'prediction-ledger:hyperparameters',
  features: 'prediction-ledger:features',
  importedFrom: 'prediction-ledger:imported-from',
  entry: 'prediction-ledger:entry',
} as const;

type Property = { name: string; value: string };

/** What may stand where the schema wants an IRI; anything else goes into a property. */
const REFERENCE = /^[A-Za-z0-9._~:/?#@!$&'()*+,;=-]+$/;

/** Where a version stands in a log. */
export interface BomPlace {
  origin: string;
  index: number;
  /** RFC 3339. */
  time: string;
}

/** A version as a CycloneDX 1.7 ML-BOM (JSON, https://cyclonedx.org/docs/1.7/json/): the same version, the same document. */
export function mlBomOf(model: string, form: VersionForm, { origin, index, time }: BomPlace): object {
  const { version, artifact, code, intendedUse, owner, framework, metrics } = form;
  const dataSets = [...form.training.map((each, i) => dataComponent('training', each, i)), ...form.evaluation.map((each, i) => dataComponent('evaluation', each, i))];
  const references = [...referenceTo('distribution', artifact.uri), ...referenceTo('vcs', code.repository)];
  const used = [...(framework === undefined ? [] : [{ type: 'framework', 'bom-ref': 'framework', ...framework }]), ...dataSets];
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.7.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.7',
    version: 1,
    metadata: {
      timestamp: time,
      component: {
        type: 'machine-learning-model',
        'bom-ref': 'model',
        supplier: { name: owner },
        name: model,
        version,
        hashes: [sha256(artifact.digest)],
        ...(references.length > 0 && { externalReferences: references }),
        pedigree: { commits: [{ uid: code.commit }] },
        modelCard: {
          ...(dataSets.length > 0 && { modelParameters: { datasets: dataSets.map((each) => ({ ref: each['bom-ref'] })) } }),
          ...(metrics !== undefined && { quantitativeAnalysis: { performanceMetrics: metrics.map(({ name, value, dataSet }) => ({ type: name, value: String(value), ...(dataSet !== undefined && { slice: dataSet }) })) } }),
          considerations: { useCases: [intendedUse] },
        },
        properties: propertiesOf(form, { origin, index }),
      },
    },
    ...(used.length > 0 && { components: used }),
    dependencies: [{ ref: 'model', ...(used.length > 0 && { dependsOn: used.map((each) => each['bom-ref']) }) }],
  };
}

function propertiesOf({ artifact, code, hyperparameters, features, importedFrom }: VersionForm, entry: { origin: string; index: number }): Property[] {
  return [
    ...unless(artifact.uri, PROPERTY.artifactUri),
    ...unless(code.repository, PROPERTY.repository),
    ...json(PROPERTY.hyperparameters, hyperparameters),
    ...json(PROPERTY.features, features),
    ...json(PROPERTY.importedFrom, importedFrom),
    ...json(PROPERTY.entry, entry),
  ];
}

function dataComponent(use: 'training' | 'evaluation', { name, version, digest, from, to }: DataSet, i: number): { 'bom-ref': string } & Record<string, unknown> {
  const properties: Property[] = [
    { name: PROPERTY.use, value: use },
    { name: PROPERTY.digest, value: digest },
    ...(from === undefined ? [] : [{ name: PROPERTY.from, value: from }]),
    ...(to === undefined ? [] : [{ name: PROPERTY.to, value: to }]),
  ];
  return { type: 'data', 'bom-ref': `${use}-${i}`, name, version, ...(/^sha256:[0-9a-f]{64}$/.test(digest) && { hashes: [sha256(digest)] }), data: [{ type: 'dataset', name }], properties };
}

function sha256(digest: string): { alg: string; content: string } {
  return { alg: 'SHA-256', content: digest.slice('sha256:'.length) };
}

function referenceTo(type: string, url: string | undefined): { type: string; url: string }[] {
  return url !== undefined && REFERENCE.test(url) ? [{ type, url }] : [];
}

function unless(url: string | undefined, name: string): Property[] {
  return url === undefined || REFERENCE.test(url) ? [] : [{ name, value: url }];
}

function json(name: string, value: unknown): Property[] {
  return value === undefined ? [] : [{ name, value: JSON.stringify(value) }];
}
