import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { completeVersion, ImportError } from '../../src/models/imported-version.ts';
import { mlBomOf } from '../../src/models/ml-bom.ts';
import { readMlBom } from '../../src/models/read-ml-bom.ts';
import { isVersionForm, type VersionForm } from '../../src/models/version-form.ts';
import { versionForm } from './version.ts';

const SCHEMAS = 'node_modules/@cyclonedx/cyclonedx-library/res/schema';
const official = (name: string): object => JSON.parse(readFileSync(`${SCHEMAS}/${name}.SNAPSHOT.schema.json`, 'utf8')) as object;

const ajv = new Ajv({ strict: false, allErrors: true });
formats.default(ajv);
// ajv-formats knows URIs alone, and every one of them is an IRI.
ajv.addFormat('iri-reference', /^[^\s<>"{}|\\^`]*$/);
ajv.addFormat('idn-email', /@/);
for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) ajv.addSchema({ ...official(name), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` });
const isBom = ajv.compile(official('bom-1.7'));

const PLACE = { origin: 'ledger.example/logs/default', index: 7, time: '2026-11-27T09:00:00.000Z' };

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:+@/-]{0,20}$/);
const label = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => /^[^\p{Cc}]+$/u.test(text));
const sha256 = fc.stringMatching(/^sha256:[0-9a-f]{64}$/);
const uri = fc.stringMatching(/^[\x21-\x7e]{1,40}$/);
const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }).map((date) => date.toISOString());
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value));
const dataSets = fc.array(fc.record({ name: label, version: label, digest: fc.oneof(sha256, fc.stringMatching(/^mlflow:[0-9a-f]{8}$/)), from: time, to: time }, { requiredKeys: ['name', 'version', 'digest'] }), { maxLength: 4 });
const form = fc.record(
  {
    version: name, artifact: fc.record({ digest: sha256, uri }, { requiredKeys: ['digest'] }), training: dataSets, evaluation: dataSets,
    code: fc.record({ repository: uri, commit: fc.stringMatching(/^[0-9a-f]{7,40}$/) }, { requiredKeys: ['commit'] }),
    hyperparameters: fc.dictionary(fc.stringMatching(/^[a-z_]{1,10}$/), fc.oneof(label, number, fc.boolean(), fc.constant(null)), { maxKeys: 4, noNullPrototype: true }),
    framework: fc.record({ name: label, version: label }), metrics: fc.array(fc.record({ name: label, value: number, dataSet: label }, { requiredKeys: ['name', 'value'] }), { maxLength: 4 }),
    features: fc.array(fc.record({ view: name, version: name, fields: fc.uniqueArray(label, { maxLength: 3 }) }, { requiredKeys: ['view', 'version'] }), { maxLength: 3 }),
    intendedUse: label, owner: label, importedFrom: fc.record({ kind: fc.constantFrom('mlflow' as const, 'cyclonedx' as const), run: label }, { requiredKeys: ['kind'] }),
  },
  { requiredKeys: ['version', 'artifact', 'training', 'evaluation', 'code', 'intendedUse', 'owner'] },
);

test('a version that is written as an ML-BOM and read again is the same, and the BOM is right by CycloneDX’s own schema', () => {
  fc.assert(
    fc.property(name, form, (model, version) => {
      expect({ right: isVersionForm(version), errors: isVersionForm.errors }).toEqual({ right: true, errors: null });
      const bom: unknown = JSON.parse(JSON.stringify(mlBomOf(model, version, PLACE)));
      expect({ right: isBom(bom), errors: isBom.errors }).toEqual({ right: true, errors: null });
      expect(completeVersion(readMlBom(bom), {})).toEqual({ model, form: version });
    }),
    { numRuns: 300 },
  );
});

test('the schema refuses what is no BOM', () => {
  expect(isBom({ ...mlBomOf('churn', versionForm('1') as unknown as VersionForm, PLACE), colour: 'red' })).toBe(false);
});

describe('an ML-BOM of others', () => {
  const bom = {
    bomFormat: 'CycloneDX', specVersion: '1.6', version: 1,
    components: [
      { type: 'library', name: 'numpy', version: '2.1.0' },
      {
        type: 'machine-learning-model', name: 'sentiment', version: '2.0', publisher: 'ACME', hashes: [{ alg: 'SHA-1', content: 'a'.repeat(40) }, { alg: 'SHA-256', content: 'AB'.repeat(32) }],
        modelCard: {
          modelParameters: { task: 'classification', datasets: [{ ref: 'imdb' }] },
          quantitativeAnalysis: { performanceMetrics: [{ type: 'accuracy', value: '0.91', slice: 'held-out' }, { type: 'note', value: 'good' }] },
          considerations: { useCases: ['Sorts reviews.', 'Not for people.'] },
        },
      },
      { type: 'data', 'bom-ref': 'imdb', name: 'imdb', version: '1', hashes: [{ alg: 'SHA-256', content: 'c'.repeat(64) }] },
    ],
  };

  test('gives what it has, and says what has to be given', () => {
    expect(() => completeVersion(readMlBom(bom), {})).toThrow(new ImportError('what is imported lacks commit (give --commit)'));
    expect(completeVersion(readMlBom(bom), { commit: 'abcdef0' })).toEqual({
      model: 'sentiment',
      form: {
        version: '2.0', owner: 'ACME', intendedUse: 'Sorts reviews. Not for people.', artifact: { digest: `sha256:${'ab'.repeat(32)}` }, code: { commit: 'abcdef0' },
        training: [{ name: 'imdb', version: '1', digest: `sha256:${'c'.repeat(64)}` }], evaluation: [], metrics: [{ name: 'accuracy', value: 0.91, dataSet: 'held-out' }],
      },
    });
  });

  test.each([
    ['no BOM', {}],
    ['a BOM without a model', { ...bom, components: [] }],
    ['a BOM of several', { ...bom, components: [...bom.components, bom.components[1]] }],
    ['a data set that is not there', { ...bom, components: bom.components.slice(0, 2) }],
    ['nothing at all', null],
  ])('is refused where it is %s', (_what, document) => {
    expect(() => readMlBom(document)).toThrow(ImportError);
  });
});
