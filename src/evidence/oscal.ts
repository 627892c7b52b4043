import { createHash } from 'node:crypto';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { readControls, readEnvelope, type BundlePart } from './bundle-part.ts';
import type { Controls, FileDigest, JudgedControl, Manifest } from './manifest.ts';
import { oscalIds } from './oscal-ids.ts';
import type { Envelope, Verdict } from './population.ts';
import { uuidV5 } from './uuid-v5.ts';

const OSCAL_VERSION = '1.2.3';
const NS = 'urn:x-prediction-ledger:oscal';
const PATH = 'oscal/assessment-results.json';

/**
 * `oscal/assessment-results.json`: controls as findings, populations as observations, the bundle's files as what these rest on
 * (OSCAL assessment-results 1.2.3). Every id follows from the content: the same inputs give the same bytes.
 */
export const oscalPart: BundlePart = async function* oscal(folder, manifest) {
  const controls = await readControls(folder);
  const envelopes: Envelope[] = [];
  for (const { assertion } of manifest.populations) envelopes.push(await readEnvelope(folder, assertion));
  yield { path: PATH, bytes: Buffer.from(canonicalize(assessmentResults(manifest, controls, envelopes))) };
};

/** The document. Its times are the period's and the log's: no clock of the one who makes it. */
export function assessmentResults(manifest: Manifest, { controls }: Controls, envelopes: readonly Envelope[]): JsonValue {
  const { framework, period, log, nonce, view, erasures } = manifest;
  const identity = createHash('sha256').update(canonicalize({ framework, period, log, nonce, view, erasures } as unknown as JsonValue)).digest('hex');
  const uuid = (kind: string, id: string): string => uuidV5(`${identity}\n${kind}\n${id}`);
  const ids = oscalIds(framework.id, controls.map(({ id }) => id));
  const idOf = (control: string): string => ids.get(control) ?? control;
  const files = manifest.files.filter(({ path }) => path !== PATH);
  const resource = (path: string): string => uuid('resource', path);
  const byAssertion = new Map(envelopes.map((envelope) => [envelope.assertion, envelope]));
  return {
    'assessment-results': {
      uuid: uuid('assessment-results', ''),
      metadata: {
        title: text(`Evidence from ${log.origin}: ${framework.title}`),
        'last-modified': log.time,
        version: text(`${log.size}.${log.root.slice(0, 16)}`),
        'oscal-version': OSCAL_VERSION,
        remarks: 'Made from a log of predictions. It supports controls; whether one is fulfilled is for the assessor to say.',
      },
      // There is no assessment plan: what was looked for is the framework file.
      'import-ap': { href: `#${resource(framework.path)}`, remarks: 'The file that says which queries bear on which controls, and by which rules.' },
      results: [
        {
          uuid: uuid('result', ''),
          title: text(`${framework.title} (${framework.edition})`),
          description: `What the log ${log.origin} shows of the period from ${period.from} to ${period.to}, by its ${log.size} entries up to ${log.time}.`,
          start: period.from,
          end: period.to,
          props: props({ 'tree-size': log.size, 'root-hash': log.root, nonce, 'erased-payloads': erasures.count }),
          'reviewed-controls': { 'control-selections': [{ 'include-controls': controls.map(({ id }) => ({ 'control-id': idOf(id) })) }] },
          observations: envelopes.map((envelope) => observation(envelope, uuid, resource)),
          findings: controls.map((control) => finding(control, idOf(control.id), uuid, byAssertion)),
        },
      ],
      'back-matter': { resources: files.map((file) => backMatter(file, resource(file.path))) },
    },
  };
}

function observation(envelope: Envelope, uuid: (kind: string, id: string) => string, resource: (path: string) => string): JsonValue {
  const { assertion, name, question, rowCount, exceptions, verdict, because, strength, caveat, asOf, query, samples, controlTotals, gapCheck, exclusions } = envelope;
  const evidence = [`populations/${assertion}/envelope.json`, envelope.rows.path, exceptions.path, ...samples.map(({ file }) => file.path)];
  return {
    uuid: uuid('observation', assertion),
    title: text(name),
    description: `${question}\n\n${because}`,
    props: props({
      assertion,
      query: query.name,
      'query-digest': query.digest,
      rows: rowCount,
      'rows-sha-256': envelope.rows.sha256,
      exceptions: exceptions.count,
      'totals-hold': controlTotals.every(({ holds }) => holds) ? 'yes' : 'no',
      gaps: gapCheck === null ? 'none-expected' : gapCheck.gapCount,
      exclusions: exclusions.reduce((all, { count }) => all + count, 0),
      verdict,
      strength,
    }),
    methods: ['EXAMINE'],
    types: ['control-objective'],
    subjects: [{ 'subject-uuid': resource(envelope.rows.path), type: 'resource', title: text(`Rows of ${name}`) }],
    'relevant-evidence': evidence.map((path) => ({ href: `#${resource(path)}`, description: path })),
    collected: asOf,
    remarks: caveat,
  };
}

/** OSCAL knows two states. Anything but `evidenced` is not satisfied; the reason and the verdict say what it is. */
const STATUS: Readonly<Record<Verdict, { state: string; reason: string; remarks: string }>> = {
  evidenced: { state: 'satisfied', reason: 'pass', remarks: 'What was to be shown is shown, and nothing in the log speaks against it.' },
  partial: { state: 'not-satisfied', reason: 'other', remarks: 'A part is shown: see what the populations leave out, or what was dealt with.' },
  not_evidenced: { state: 'not-satisfied', reason: 'other', remarks: 'It was due in the period, and nothing in the log shows it.' },
  contradicted: { state: 'not-satisfied', reason: 'fail', remarks: 'The log shows exceptions, or totals that do not add up.' },
  unevaluable: { state: 'not-satisfied', reason: 'other', remarks: 'The log holds nothing to judge by. No data is never a pass.' },
};

function finding(control: JudgedControl, id: string, uuid: (kind: string, id: string) => string, envelopes: ReadonlyMap<string, Envelope>): JsonValue {
  const { state, reason, remarks } = STATUS[control.verdict];
  return {
    uuid: uuid('finding', control.id),
    title: text(`${control.id} ${control.title}`),
    description: control.text,
    props: props({ 'control-id': control.id, verdict: control.verdict, quoted: control.quoted ? 'yes' : 'no', cites: control.cites }),
    target: { type: 'objective-id', 'target-id': id, title: text(control.title), status: { state, reason, remarks } },
    'related-observations': control.assertions.filter(({ id: assertion }) => envelopes.has(assertion)).map(({ id: assertion }) => ({ 'observation-uuid': uuid('observation', assertion) })),
    remarks: control.assertions.map(({ id: assertion, verdict, strength, caveat }) => `${assertion}: ${verdict}, ${strength}. ${caveat}`).join('\n\n'),
  };
}

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json', jsonl: 'application/jsonl', csv: 'text/csv', yaml: 'application/yaml', html: 'text/html', pdf: 'application/pdf', mjs: 'text/javascript',
};

function backMatter({ path, sha256 }: FileDigest, uuid: string): JsonValue {
  const ending = path.slice(path.lastIndexOf('.') + 1);
  return {
    uuid,
    title: path,
    rlinks: [{ href: `../${path}`, 'media-type': MEDIA_TYPES[ending] ?? 'text/plain', hashes: [{ algorithm: 'SHA-256', value: sha256 }] }],
  };
}

function props(values: Readonly<Record<string, string | number>>): JsonValue {
  return Object.entries(values).map(([name, value]) => ({ name, ns: NS, value: text(String(value)) }));
}

/** OSCAL's StringDatatype: one line, not empty, no white space at its ends. */
function text(value: string): string {
  const line = value.replaceAll(/\s+/gu, ' ').trim();
  return line === '' ? '-' : line;
}
