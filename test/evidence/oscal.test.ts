import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { canonicalize } from '../../src/core/canonical-json.ts';
import type { Controls, Manifest } from '../../src/evidence/manifest.ts';
import { assessmentResults } from '../../src/evidence/oscal.ts';
import { oscalIds } from '../../src/evidence/oscal-ids.ts';
import type { Envelope } from '../../src/evidence/population.ts';
import { uuidV5 } from '../../src/evidence/uuid-v5.ts';
import { SampleBundle } from '../core/sample-bundle.ts';

const SCHEMA = readFileSync('test/vectors/oscal/oscal_complete_schema.json');

/** NIST's own schema, every definition as it is. */
function validator(): (value: unknown) => unknown[] {
  const ajv = new Ajv({ allErrors: true, strict: false, logger: false });
  formats.default(ajv);
  // Its `$id`s within definitions repeat their own pointers, which no reference needs and ajv refuses.
  const schema = JSON.parse(SCHEMA.toString('utf8'), (key, value: unknown) => (key === '$id' && typeof value === 'string' && value.startsWith('#') ? undefined : value)) as object;
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? [] : (validate.errors ?? []));
}

type Inputs = [Manifest, Controls, Envelope[]];

async function inputs(change: (inputs: Inputs) => void = () => undefined): Promise<Inputs> {
  const { manifest, controls, populations } = await new SampleBundle().draft();
  const files = ['controls/soc2.yaml', 'populations/predictions-approved/rows.jsonl'].map((path) => ({ path, bytes: 1, sha256: 'ab'.repeat(32) }));
  const made: Inputs = structuredClone([{ ...manifest, files }, controls, populations.map(({ envelope }) => envelope as Envelope)]);
  change(made);
  return made;
}

describe('assessment results', () => {
  const errors = validator();

  test('the schema is NIST’s release 1.2.3, unchanged', () => {
    expect(createHash('sha256').update(SCHEMA).digest('hex')).toBe('384324105c7a817af0f65b120a963146caa0e0d55d969cf0daf60e063b87a206');
    expect(errors({ 'assessment-results': {} })).not.toEqual([]);
  });

  test('are valid by it', async () => {
    expect(errors(assessmentResults(...(await inputs())))).toEqual([]);
  });

  test('are so whatever stands in titles, texts and ids', async () => {
    const hostile = ['', ' ', '\n', '<script>alert(1)</script>', '=1+1', '\u202e', '"', '\\', '😀', '](javascript:x)', 'x'.repeat(5000)];
    for (const word of hostile) {
      const document = assessmentResults(
        ...(await inputs(([manifest, { controls }, envelopes]) => {
          Object.assign(manifest.framework, { title: word, edition: word });
          for (const control of controls) Object.assign(control, { title: word, text: word, cites: word });
          for (const envelope of envelopes) Object.assign(envelope, { name: word, question: word, because: word, caveat: word });
        })),
      );
      expect(errors(document)).toEqual([]);
    }
  });

  test('are the same bytes for the same inputs, and bear other ids for another tree', async () => {
    const [one, again] = [canonicalize(assessmentResults(...(await inputs()))), canonicalize(assessmentResults(...(await inputs())))];
    expect(again).toBe(one);
    const other = canonicalize(assessmentResults(...(await inputs(([manifest]) => Object.assign(manifest.log, { root: '0'.repeat(64) })))));
    const uuids = (text: string): string[] => text.match(/[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g) ?? [];
    expect(uuids(one).length).toBeGreaterThan(10);
    expect(uuids(other).filter((uuid) => uuids(one).includes(uuid))).toEqual([]);
  });

  test('call nothing satisfied but what is evidenced', async () => {
    const verdicts = ['evidenced', 'partial', 'not_evidenced', 'contradicted', 'unevaluable'] as const;
    const document = assessmentResults(
      ...(await inputs(([, controls]) => {
        const [control] = controls.controls;
        Object.assign(controls, { controls: verdicts.map((verdict) => ({ ...control, id: verdict, verdict })) });
      })),
    ) as { 'assessment-results': { results: { findings: { target: { 'target-id': string; status: { state: string } } }[] }[] } };
    expect(errors(document)).toEqual([]);
    const states = document['assessment-results'].results[0]?.findings.map(({ target }) => target.status.state);
    expect(states).toEqual(['satisfied', 'not-satisfied', 'not-satisfied', 'not-satisfied', 'not-satisfied']);
  });

  test('point to files and observations that are there', async () => {
    const [manifest, controls, envelopes] = await inputs();
    const paths = [manifest.framework.path, ...envelopes.flatMap(({ assertion, rows, exceptions, samples }) => [`populations/${assertion}/envelope.json`, rows.path, exceptions.path, ...samples.map(({ file }) => file.path)])];
    const all = { ...manifest, files: paths.map((path) => ({ path, bytes: 1, sha256: 'ab'.repeat(32) })) };
    const text = canonicalize(assessmentResults(all, controls, envelopes));
    const defined = new Set([...text.matchAll(/"uuid":"([^"]+)"/g)].map(([, uuid]) => uuid));
    const used = [...text.matchAll(/"(?:href":"#|observation-uuid":"|subject-uuid":")([^"]+)"/g)].map(([, uuid]) => uuid);
    expect(used.length).toBeGreaterThan(5);
    expect(used.filter((uuid) => !defined.has(uuid))).toEqual([]);
  });
});

describe('ids of controls', () => {
  test('are tokens, each its own', () => {
    expect([...oscalIds('hipaa', ['164.312(b)', '164.312(a)(2)(iv)', '164.308(a)(1)(ii)(D)']).values()]).toEqual(['hipaa-164.312-b', 'hipaa-164.312-a-2-iv', 'hipaa-164.308-a-1-ii-D']);
    expect([...oscalIds('gdpr', ['5(1)', '5 (1)', '5-1']).values()].length).toBe(new Set(oscalIds('gdpr', ['5(1)', '5 (1)', '5-1']).values()).size);
  });
});

test('a UUID of version 5 follows from its name', () => {
  expect(uuidV5('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuidV5('a')).toBe(uuidV5('a'));
  expect(uuidV5('a')).not.toBe(uuidV5('b'));
});
