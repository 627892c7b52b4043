import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { fromUtf8, utf8 } from '../../src/core/bytes.ts';
import { verifyEntryProof } from '../../src/core/verify-receipt.ts';
import { parseVkey } from '../../src/core/vkey.ts';
import type { Log } from '../../src/ledger/log.ts';
import { cyclesIn } from '../../src/lineage/cycles.ts';
import type { LineageGraph, LineageNode } from '../../src/lineage/graph.ts';
import { startTestService, type Answer, type JsonObject, type TestService } from '../e2e/service.ts';
import { KnownModels } from './known-models.ts';

let service: TestService;
let log: Log;
let models: KnownModels;

beforeAll(async () => {
  service = await startTestService();
  log = service.service.ledger.byLogName('default') as Log;
  models = new KnownModels(log);
});
afterAll(() => service.close());

const call = (method: string, path: string, by: string, body?: unknown): Promise<Answer> => service.call(method, `/v1/predictions${path}`, by, body);
const record = (id: string, more: object = {}): object => ({
  id, model: 'credit-risk', version: '3', subject: 'customer-9', time: '2026-11-22T09:00:00.000Z', inputs: { age: 41, income: 52_000, email: 'anna.meier@mail.example' }, output: { score: 0.8, label: 'default' },
  decision: { outcome: 'declined', reasons: ['income'], automated: true, threshold: 0.7 }, explanation: { method: 'shap', attributions: { income: 0.41, age: -0.02 }, counterfactual: { income: 61_000 } },
  purpose: 'credit-decision', legalBasis: 'contract', features: [{ view: 'customer_v7', version: '7', asOf: '2026-11-22T00:00:00Z' }], deployment: 'live', ...more,
});

async function append(id: string, more: object = {}): Promise<number> {
  const { status, json } = await call('POST', '', 'producer', record(id, more));
  expect([status, json]).toEqual([201, expect.anything()]);
  return Number(json['index']);
}

async function lineage(id: string, query = '', by = 'auditor'): Promise<LineageGraph> {
  const { status, json } = await call('GET', `/${id}/lineage${query}`, by);
  expect([status, json]).toEqual([200, expect.anything()]);
  return json as unknown as LineageGraph;
}

const ofKind = ({ nodes }: LineageGraph, kind: string): LineageNode[] => nodes.filter((node) => node.kind === kind);
const edgesOf = ({ edges }: LineageGraph, kind: string): string[] => edges.filter((edge) => edge.kind === kind).map(({ from, to }) => `${from} ${to}`);
const predictions = (graph: LineageGraph): unknown[] => ofKind(graph, 'prediction').map((node) => node['prediction']).sort();

async function expectProven(graph: LineageGraph): Promise<void> {
  const { rows } = await service.service.database.owner.query<{ vkey: string }>('select vkey from log_key where log = $1', [log.row.id]);
  const key = parseVkey(rows[0]?.vkey ?? '');
  for (const { entry, proof, index } of graph.entries) {
    expect(() => verifyEntryProof(entry, proof, key)).not.toThrow();
    expect((JSON.parse(entry) as { index: number }).index).toBe(index);
  }
  const proven = new Set(graph.entries.map((each) => `${each.log} ${each.index}`));
  for (const { stated, kind } of graph.nodes) {
    if (stated !== undefined) expect(proven).toContain(`${stated.log} ${stated.index}`);
    else expect(['missing-prediction', 'model-version']).toContain(kind);
  }
  // A proof of one entry is none of another.
  const [first, second] = graph.entries;
  if (first !== undefined && second !== undefined) expect(() => verifyEntryProof(first.entry, second.proof, key)).toThrow();
  expect(fromUtf8(utf8(first?.entry ?? ''))).toBe(first?.entry);
}

describe('GET /v1/predictions/{id}/lineage', () => {
  test('says on what, by which model, approved by whom, under which rules, told what since, and seen by whom; every entry with a proof that verifies', async () => {
    const registered = await models.register('credit-risk', '3');
    const approved = await models.decide('credit-risk', '3', registered.index, 'approved');
    const deployed = await models.deploy('credit-risk', '3', 'live');
    await append('root-parent');
    const index = await append('root', { parents: ['root-parent'], trace: `00-${'a'.repeat(32)}-${'1'.repeat(16)}-01` });
    await append('shadow', { version: '4', deployment: 'shadow', trace: `00-${'a'.repeat(32)}-${'2'.repeat(16)}-01` });
    await append('child', { parents: ['root'] });
    const withdrawn = await models.decide('credit-risk', '3', registered.index, 'withdrawn');
    await call('POST', '/root/outcomes', 'producer', { id: 'o', outcome: { label: 'repaid' }, observed: '2027-01-01T00:00:00Z' });
    await call('POST', '/root/reviews', 'reviewer', { id: 'r', verdict: 'overridden', occasion: 'contest', decision: { outcome: 'approved' }, reason: 'the payslip was misread' });
    await call('POST', '/root/corrections', 'producer', { id: 'c', changes: { inputs: { income: 58_000 } }, reason: 'a digit was lost' });
    await call('GET', '/root', 'auditor');
    const graph = await lineage('root');
    await expectProven(graph);
    const root = graph.nodes.find(({ id }) => id === graph.root);
    expect(root).toMatchObject({ kind: 'prediction', prediction: 'root', stated: { log: log.row.origin, index }, body: { explanation: { counterfactual: { income: 61_000 } }, decision: { reasons: ['income'], threshold: 0.7 } } });
    expect(ofKind(graph, 'model-version')[0]).toMatchObject({ model: 'credit-risk', version: '3', standing: 'approved', owner: 'head of risk', stated: { index: registered.index } });
    expect(ofKind(graph, 'approval')).toEqual([expect.objectContaining({ stated: { log: log.row.origin, index: approved.index }, reason: 'it was approved' })]);
    expect(ofKind(graph, 'withdrawal')).toEqual([expect.objectContaining({ stated: { log: log.row.origin, index: withdrawn.index }, later: true })]);
    expect(ofKind(graph, 'deployment')).toEqual([expect.objectContaining({ stated: { log: log.row.origin, index: deployed.index }, deployment: 'live', share: 1 })]);
    expect(ofKind(graph, 'data-set').map(({ id }) => id)).toEqual(['data-set:applications@2026-09', 'data-set:applications-held-out@2026-09']);
    expect(ofKind(graph, 'code')).toMatchObject([{ commit: 'c0ffee' }]);
    expect(ofKind(graph, 'feature')).toMatchObject([{ view: 'customer_v7', version: '7' }]);
    expect(graph.edges).toContainEqual({ from: graph.root, to: 'feature:customer_v7@7', kind: 'used', asOf: '2026-11-22T00:00:00Z' });
    expect(ofKind(graph, 'policy')).toMatchObject([{ digest: service.service.roles.policy, stated: { index: 1 } }]);
    expect(ofKind(graph, 'contract')).toMatchObject([{ contract: 'credit-risk@1.0.0' }]);
    expect(ofKind(graph, 'rule')).toMatchObject([{ rule: 'producer-appends-predictions' }]);
    expect(ofKind(graph, 'outcome')).toMatchObject([{ body: { outcome: { label: 'repaid' } } }]);
    expect(ofKind(graph, 'review')).toMatchObject([{ body: { verdict: 'overridden', decision: { outcome: 'approved' } } }]);
    expect(ofKind(graph, 'correction')).toMatchObject([{ body: { changes: { inputs: { income: 58_000 } } } }]);
    expect(ofKind(graph, 'access').map((node) => [node['how'], node['role']])).toEqual([['read', 'auditor']]);
    expect(predictions(graph)).toEqual(['child', 'root', 'root-parent', 'shadow']);
    expect(edgesOf(graph, 'made-from').length).toBe(2);
    expect(edgesOf(graph, 'same-request').length).toBe(1);
    expect(graph.withheld).toEqual([]);
    // The payloads of others are not opened.
    expect(graph.nodes.filter((node) => node.kind === 'prediction' && node['body'] !== undefined).length).toBe(1);
  });

  test('is a read that leaves a trace, as each is', async () => {
    const before = (await log.readHead()).size;
    await lineage('root');
    expect((await log.readHead()).size).toBe(before + 1);
    expect(ofKind(await lineage('root'), 'access').length).toBeGreaterThanOrEqual(3);
  });

  test('what the caller may not see is absent, and said to be', async () => {
    const graph = await lineage('root', '', 'reviewer');
    expect(graph.withheld).toEqual(['seen-by']);
    expect(ofKind(graph, 'access')).toEqual([]);
    for (const by of ['producer', 'compliance-officer', 'operator', 'admin', 'model-approver']) expect((await call('GET', '/root/lineage', by)).status).toBe(403);
    expect((await call('GET', '/nowhere/lineage', 'auditor')).status).toBe(404);
  });

  test.each([['?depth=21'], ['?size=0'], ['?size=501'], ['?format=xml'], ['?cursor=1'], ['?cursor=seen.1.1'], ['?colour=red']])('%s is refused', async (query) => {
    expect((await call('GET', `/root/lineage${query}`, 'auditor')).json).toMatchObject({ status: 422, code: 'invalid-query' });
  });
});

describe('forms', () => {
  test('PROV-JSON is of W3C’s schema', async () => {
    const { json } = await call('GET', '/root/lineage?format=prov', 'auditor');
    const { $schema: _draft4, ...schema } = JSON.parse(readFileSync('test/lineage/schemas/prov-json.json', 'utf8')) as JsonObject;
    const ajv = new Ajv({ strict: false });
    formats.default(ajv);
    const isProv = ajv.compile(schema);
    expect([isProv(json), isProv.errors]).toEqual([true, null]);
    expect(isProv({ ...json, wasDerivedFrom: { '_:x': { 'prov:usedEntity': 'pl:a' } } })).toBe(false);
    const names = new Set(['entity', 'activity', 'agent'].flatMap((kind) => Object.keys(json[kind] as object)));
    for (const relation of ['wasGeneratedBy', 'used', 'wasDerivedFrom', 'wasAttributedTo', 'wasAssociatedWith', 'wasInfluencedBy', 'alternateOf']) {
      const all = Object.values(json[relation] as Record<string, Record<string, string>>);
      expect([relation, all.length > 0]).toEqual([relation, true]);
      for (const each of all) for (const [key, value] of Object.entries(each)) if (key !== 'prov:time') expect([key, names.has(value)]).toEqual([key, true]);
    }
  });

  test('OpenLineage is of its schema', async () => {
    const answer = await call('GET', '/root/lineage?format=openlineage', 'auditor');
    const events = JSON.parse(answer.text) as JsonObject[];
    const ajv = new Ajv2020({ strict: false });
    formats.default(ajv);
    const isEvent = ajv.compile(JSON.parse(readFileSync('test/lineage/schemas/open-lineage-2-0-2.json', 'utf8')) as object);
    for (const event of events) expect([isEvent(event), isEvent.errors]).toEqual([true, null]);
    expect(isEvent({ ...events[0], run: { runId: 'x' } })).toBe(false);
    // The one facet of the specification's own: named as it names it, with what its schema requires.
    const versions = events.flatMap((event) => [...(event['inputs'] as JsonObject[]), ...(event['outputs'] as JsonObject[])]).flatMap((set) => (set['facets'] as JsonObject)['version'] ?? []);
    expect(versions.length).toBeGreaterThan(0);
    for (const each of versions) {
      expect(each).toEqual({ _producer: 'urn:prediction-ledger', _schemaURL: expect.stringMatching(/^https:\/\/openlineage\.io\/spec\/facets\/1-0-0\/DatasetVersionDatasetFacet\.json#/), datasetVersion: expect.any(String) });
    }
    expect(events).toMatchObject([
      { job: { name: 'credit-risk' }, inputs: expect.arrayContaining([expect.objectContaining({ name: 'prediction:root-parent' })]), outputs: [{ name: 'prediction:root' }] },
      { job: { name: 'credit-risk/training' }, inputs: expect.arrayContaining([expect.objectContaining({ name: 'data-set:applications@2026-09' })]) },
    ]);
    expect((JSON.parse((await call('GET', '/root/lineage?format=openlineage', 'auditor')).text) as JsonObject[])[0]?.['run']).toEqual(events[0]?.['run']);
  });

  test('an account that a person can read, as text and as a page in which nothing that was sent is markup', async () => {
    await append('markup', { model: 'triage', version: '<b>1</b>'.replace(/[<>/]/g, ''), inputs: { '<script>': 1 }, output: { x: 2 }, decision: { outcome: '<img src=x>' } });
    const { text, headers } = await call('GET', '/root/lineage?format=text', 'auditor');
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    for (const part of [
      /made by version 3 of the model credit-risk/, /decided automatically, without a person/, /“declined”/, /strongest first: income/, /income: 52000/, /email: kept as a token/, /another with income 61000/,
      /was approved when it made the prediction/, /approved by prn_a+ on/, /trained on the data set applications, version 2026-09/, /built from commit c0ffee/, /deployed as live/, /purpose “credit-decision”/, /told\s+what\s+turned\s+out/,
      /it\s+was\s+overridden,\s+and\s+decided\s+instead:\s+outcome\s+approved/, /corrected\s+it/, /as auditor/, /after\s+the\s+prediction/,
    ]) expect(text).toMatch(part);
    expect(text).not.toMatch(/undefined|\[object|NaN|anna\.meier/);
    expect(text.split('\n').every((line) => line.length <= 140)).toBe(true);
    const page = await service.call('GET', '/v1/predictions/markup/lineage', 'auditor', undefined, { accept: 'text/html' });
    expect([page.headers.get('content-type'), page.headers.get('content-security-policy')]).toEqual(['text/html; charset=utf-8', "default-src 'none'; style-src 'unsafe-inline'"]);
    expect(page.text).toContain('&lt;img src=x&gt;');
    expect(page.text).not.toMatch(/<script|<img/);
  });
});

describe('what is odd has a clear answer', () => {
  test('cycles', async () => {
    await append('cycle-a', { parents: ['cycle-c'] });
    await append('cycle-b', { parents: ['cycle-a'] });
    await append('cycle-c', { parents: ['cycle-b'] });
    await append('cycle-self', { parents: ['cycle-self'] });
    const graph = await lineage('cycle-a');
    expect(predictions(graph)).toEqual(['cycle-a', 'cycle-b', 'cycle-c']);
    expect(graph.edges.filter(({ kind }) => kind === 'made-from').filter((edge) => edge['cycle'] === true).length).toBe(1);
    expect((await lineage('cycle-self')).edges.filter((edge) => edge['cycle'] === true).length).toBe(1);
    expect(cyclesIn(new Map([['a', ['b', 'c']], ['b', ['d']], ['c', ['d']], ['d', []]]), 'a')).toEqual([]);
  });

  test('parents that are not there, and clocks that disagree', async () => {
    await append('early', { parents: ['late', 'nobody-knows'] });
    await append('late', { time: '2020-01-01T00:00:00Z' });
    const graph = await lineage('early');
    expect(ofKind(graph, 'missing-prediction')).toMatchObject([{ prediction: 'nobody-knows', says: expect.stringMatching(/holds no prediction/) }]);
    expect(graph.edges.filter((edge) => edge['later'] === true).map(({ kind }) => kind)).toEqual(['made-from']);
    await expectProven(graph);
    expect((await call('GET', '/early/lineage?format=text', 'auditor')).text).toMatch(/nobody-knows, which the log does not hold/);
  });

  test('a version that was registered afterwards: the account says so, and does not say that nothing is known of it', async () => {
    await append('late-version', { version: 'late' });
    expect((await call('GET', '/late-version/lineage?format=text', 'auditor')).text).toMatch(/what it is made of is not\s+known/);
    await models.register('credit-risk', 'late');
    const text = (await call('GET', '/late-version/lineage?format=text', 'auditor')).text.replace(/\s+/g, ' ');
    expect(text).toMatch(/Nobody had registered this model version when it made the prediction. It was registered afterwards, on/);
    expect(text).not.toMatch(/is not known/);
    expect(ofKind(await lineage('late-version'), 'model-version')[0]).toMatchObject({ standing: 'unknown', later: true });
  });

  test('an outcome before its prediction', async () => {
    await append('before', { time: '2026-11-22T09:00:00.000Z' });
    await call('POST', '/before/outcomes', 'producer', { id: 'before', outcome: { label: 'repaid' }, observed: '2026-11-01T00:00:00Z' });
    expect(ofKind(await lineage('before'), 'outcome')).toMatchObject([{ body: { exceptions: ['observed-before-prediction'] } }]);
    expect((await call('GET', '/before/lineage?format=text', 'auditor')).text.replace(/\s+/g, ' ')).toMatch(/was seen before the prediction was made/);
  });

  test('long ways up are broken off, and say where', async () => {
    for (let n = 0; n < 8; n++) await append(`chain-${n}`, n === 0 ? {} : { parents: [`chain-${n - 1}`] });
    const graph = await lineage('chain-7', '?depth=3');
    expect([predictions(graph), graph.more.ancestors]).toEqual([['chain-4', 'chain-5', 'chain-6', 'chain-7'], ['chain-4']]);
    expect((await lineage('chain-4', '?depth=20')).more.ancestors).toBeUndefined();
    expect((await lineage('chain-7', '?depth=20&size=5')).more.ancestors).toEqual(['chain-2']);
    expect((await lineage('chain-7', '?depth=0')).more.ancestors).toEqual(['chain-7']);
  });

  test('many children, and many outcomes, come in pages, each once', async () => {
    await append('many');
    const CHILDREN = 2500;
    for (let from = 0; from < CHILDREN; from += 500) {
      const children = Array.from({ length: 500 }, (_, n) => record(`many-${from + n}`, { parents: ['many'] }));
      expect((await call('POST', '/batch', 'producer', children)).status).toBe(200);
    }
    for (let n = 0; n < 12; n++) await call('POST', '/many/outcomes', 'producer', { id: `many-${n}`, outcome: { label: 'repaid' }, observed: '2027-01-01T00:00:00Z' });
    const seen = { prediction: new Set<unknown>(), outcome: new Set<unknown>() };
    const queue = [''];
    for (let pages = 0; queue.length > 0; pages++) {
      expect(pages).toBeLessThan(20);
      const graph = await lineage('many', `?size=${pages === 0 ? 10 : 500}${queue.shift()}`);
      for (const kind of ['prediction', 'outcome'] as const) for (const { id } of ofKind(graph, kind)) if (id !== graph.root) seen[kind].add(id);
      for (const cursor of [graph.more.children, graph.more.followUps]) if (cursor !== undefined) queue.push(`&cursor=${cursor}`);
    }
    expect([seen.prediction.size, seen.outcome.size]).toEqual([CHILDREN, 12]);
    const { json } = await service.call('POST', '/v1/lineage/affected', 'auditor', { prediction: 'many', limit: 1 });
    expect(json['count']).toEqual({ predictions: CHILDREN });
  });

  test('what was erased, at the root and in the middle', async () => {
    await append('gone-grandparent', { subject: 'somebody-else' });
    await append('gone', { model: 'triage', subject: 'customer-to-go', parents: ['gone-grandparent'], inputs: { n: 1 }, output: { n: 2 } });
    await append('gone-child', { subject: 'somebody-else', parents: ['gone'] });
    await call('POST', '/gone/outcomes', 'producer', { id: 'gone', outcome: { n: 3 }, observed: '2027-01-01T00:00:00Z' });
    const asked = await service.call('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'customer-to-go', reason: 'subject-request' });
    await service.call('POST', `/v1/requests/${(asked.json['request'] as { id: string }).id}/approvals`, 'privacy-officer-2', { decision: 'approve' });
    const middle = await lineage('gone-child');
    expect(predictions(middle)).toEqual(['gone', 'gone-child']);
    expect(ofKind(middle, 'prediction').find((node) => node['prediction'] === 'gone')).toMatchObject({ erased: true });
    expect(ofKind(middle, 'erasure')).toHaveLength(1);
    await expectProven(middle);
    const root = await lineage('gone');
    expect(root.nodes.find(({ id }) => id === root.root)).toMatchObject({ erased: true, says: expect.stringMatching(/erased/) });
    expect(ofKind(root, 'outcome')).toMatchObject([{ erased: true }]);
    expect(edgesOf(root, 'erased-by')).toHaveLength(1);
    expect(predictions(root)).toEqual(['gone', 'gone-child']);
    const { text } = await call('GET', '/gone/lineage?format=text', 'auditor');
    expect(text).toMatch(/erased with authority/);
    expect((await call('GET', '/gone/lineage?format=prov', 'auditor')).json['wasInvalidatedBy']).not.toEqual({});
  });
});
