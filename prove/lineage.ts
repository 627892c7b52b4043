import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { keysPath } from '../src/access/bootstrap.ts';
import { createApp } from '../src/app.ts';
import { verifyEntryProof } from '../src/core/verify-receipt.ts';
import { parseVkey, type VerifierKey } from '../src/core/vkey.ts';
import type { Log } from '../src/ledger/log.ts';
import type { LineageGraph, LineageNode } from '../src/lineage/graph.ts';
import { startService, type Service } from '../src/service.ts';
import { readSettings } from '../src/settings.ts';
import { drawer, liveThrough, type Call } from './lineage-history.ts';
import { manyChildren } from './lineage-many.ts';
import { ask, checkAffected, checkExceptions, checkMoments } from './lineage-questions.ts';
import { RawHistory, type RawEntry } from './lineage-oracle.ts';
import { mustHold, type Figures, type Proof, type ProofContext } from './proof.ts';

type Json = Record<string, unknown>;

export const lineage: Proof = {
  name: 'lineage',
  claim:
    'Over a history of predictions by twelve versions of three models, with approvals, withdrawals, deployments, roll backs, parents, shadows, outcomes, overrides and corrections, random lineages say field by field what the raw entries say, every entry that one names carries a proof that the offline verifier accepts, questions the other way find what a brute-force reading finds, and so do the sets of predictions by each exception; a version that was approved at a time was not a millisecond before. A million children of one prediction come in pages, each once, and a page costs what it holds.',
  async run(context) {
    await context.step('lineages against raw entries', () => show(context));
    await context.step('children of one prediction', () => manyChildren(context));
  },
};

async function show({ small, folder, say }: ProofContext): Promise<Figures> {
  const [predictions, samples, reverse] = small ? [4000, 60, 20] : [200_000, 1000, 50];
  const dataDir = join(folder, 'data');
  const service = await startService(readSettings({ DATA_DIR: dataDir, PORT: '0', PUBLISH_INTERVAL_MS: '50', MAX_PAGE_SIZE: '1000' }), () => undefined);
  const app = await createApp(service);
  try {
    await app.listen(0, '127.0.0.1');
    const call = await caller(await app.getUrl(), dataDir);
    const began = performance.now();
    await liveThrough(call, predictions, say);
    const lived = performance.now() - began;
    const log = service.ledger.byLogName('default') as Log;
    say('reading every entry and payload');
    const raw = await RawHistory.read(service.database.owner, log);
    mustHold(raw.predictions.size === predictions, `${raw.predictions.size} predictions are in the log, and ${predictions} were handed in`);
    const proofs = await checkLineages(raw, call, await keyOf(service, log), samples);
    const questions = await checkAffected(raw, call, reverse);
    const exceptions = await checkExceptions(raw, call);
    const moments = await checkMoments(raw, call);
    return { predictions, entries: raw.entries.length, 'lived through in s': Math.round(lived / 1000), lineages: samples, ...proofs, 'questions the other way': reverse, ...questions, ...exceptions, ...moments };
  } finally {
    await app.close();
    await service.close();
  }
}

async function caller(url: string, dataDir: string): Promise<Call> {
  const keys = JSON.parse(await readFile(keysPath(dataDir), 'utf8')) as Record<string, string>;
  return async (method, path, role, body, accept = 'application/json') => {
    const headers = { authorization: `Bearer ${keys[role]}`, accept, ...(body !== undefined && { 'content-type': 'application/json' }) };
    const response = await fetch(`${url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    return { status: response.status, text: await response.text() };
  };
}

async function keyOf(service: Service, { row }: Log): Promise<VerifierKey> {
  const { rows } = await service.database.owner.query<{ vkey: string }>('select vkey from log_key where log = $1', [row.id]);
  return parseVkey(rows[0]?.vkey ?? '');
}

async function checkLineages(raw: RawHistory, call: Call, key: VerifierKey, samples: number): Promise<Figures> {
  const ids = [...raw.predictions.keys()];
  const draw = drawer(11);
  const times: number[] = [];
  let proofs = 0;
  let fields = 0;
  for (const id of new Set(Array.from({ length: samples * 2 }, () => ids[Math.floor(draw() * ids.length)] as string))) {
    if (times.length === samples) break;
    const began = performance.now();
    const graph = await ask<LineageGraph>(call, 'GET', `/v1/predictions/${id}/lineage?depth=5&size=100`, 'auditor');
    times.push(performance.now() - began);
    fields += checkOne(raw, id, graph);
    for (const { entry, proof, index } of graph.entries) {
      verifyEntryProof(entry, proof, key);
      mustHold((JSON.parse(entry) as { index: number }).index === index, `a proof of entry ${index} is of another`);
      proofs += 1;
    }
  }
  times.sort((a, b) => a - b);
  return { 'fields compared': fields, 'proofs verified': proofs, 'ms a lineage, median': Math.round(times[Math.floor(times.length / 2)] ?? 0), 'ms a lineage, p95': Math.round(times[Math.floor(times.length * 0.95)] ?? 0) };
}

/** One graph beside what the entries say. */
class Comparison {
  compared = 0;
  private readonly raw: RawHistory;
  private readonly id: string;
  private readonly graph: LineageGraph;
  private readonly entry: RawEntry;
  private readonly nodes: Map<string, LineageNode>;
  private readonly root: LineageNode;

  constructor(raw: RawHistory, id: string, graph: LineageGraph) {
    this.raw = raw;
    this.id = id;
    this.graph = graph;
    this.entry = raw.predictions.get(id) as RawEntry; // the id is one of the history's
    this.nodes = new Map(graph.nodes.map((node) => [node.id, node]));
    this.root = this.nodes.get(graph.root) as LineageNode; // a graph has its root
  }

  /** The prediction itself, and what governed it. */
  own(): void {
    const { entry, root } = this;
    for (const [name, value] of Object.entries(entry.body)) this.same(name, (root['body'] as Json)[name], value);
    this.same('place', root.stated?.index, entry.index);
    this.same('time', root.time, entry.time);
    this.same('producer', this.to(root.id, 'handed-in-by')[0]?.['principal'], entry.principal);
    this.same('rule', this.to(root.id, 'allowed-by')[0]?.['rule'], entry.rule);
    this.same('contract', this.to(root.id, 'taken-in-under')[0]?.['contract'], entry.contract);
    this.same('policy', this.to(root.id, 'governed-by')[0]?.['digest'], entry.policy);
  }

  /** Its model version: what it is made of, and how it stood. */
  version(): void {
    const { entry, raw, root } = this;
    const [version] = this.to(root.id, 'made-by');
    const { model, version: number } = entry.body;
    this.same('standing', version?.['standing'], raw.standingBefore(model, number, entry));
    const registration = raw.registrationOf(model, number);
    const body = registration?.body ?? { training: [], evaluation: [] };
    const parts = (kind: string): unknown => this.to(version?.id ?? '', kind).map((node) => [node['name'], node['version'], node['digest']]);
    const sets = (kind: string): unknown => (body[kind] as Json[]).map((set) => [set['name'], set['version'], set['digest']]);
    this.same('registration', version?.stated?.index, registration?.index);
    this.same('training', parts('trained-on'), sets('training'));
    this.same('evaluation', parts('evaluated-on'), sets('evaluation'));
    this.same('code', this.to(version?.id ?? '', 'built-from').map((node) => node['commit']), registration === undefined ? [] : [(body['code'] as Json)['commit']]);
    const decisions = raw.modelEntries.filter(({ type, body: said }) => type.startsWith('model-version-') && type !== 'model-version-registered' && said['model'] === model && said['version'] === number);
    this.same('decisions', this.to(version?.id ?? '', 'decided-on').map((node) => [node.stated?.index, node['by'], node['reason'], node['later'] === true]), decisions.map(({ index, principal, body: said }) => [index, principal, said['reason'], index > entry.index]));
  }

  /** What was told of it. */
  told(): void {
    const told = this.raw.toldOf(this.entry.index);
    this.same('follow-ups', this.to(this.root.id, 'told-of').map((node) => [node.stated?.index, node['body']]), told.map(({ index, body }) => [index, body]));
    this.same('tellers', this.to(this.root.id, 'told-of').map((node) => this.to(node.id, 'told-by')[0]?.['principal']), told.map(({ principal }) => principal));
  }

  /** The predictions around it. */
  others(): void {
    const { raw, id, graph, root, entry } = this;
    const up = [...climb(graph)];
    const ancestors = raw.ancestorsOf(id, 5);
    if (graph.more.ancestors === undefined) this.same('ancestors', up.sort(), [...ancestors].sort());
    else this.same('ancestors', up.every((each) => ancestors.has(each)), true);
    this.same('missing parents', this.to(root.id, 'made-from').filter(({ kind }) => kind === 'missing-prediction').map(idOf).sort(), raw.parentsOf(id).filter((parent) => !raw.predictions.has(parent)).sort());
    const children = graph.edges.filter((edge) => edge.to === root.id && edge.kind === 'made-from').map(({ from }) => idOf(this.nodes.get(from)));
    if (graph.more.children === undefined) this.same('children', children.sort(), raw.childrenOf(id).toSorted());
    else this.same('children', children.every((child) => raw.childrenOf(id).includes(child)), true);
    this.same('same request', this.to(root.id, 'same-request').map(idOf).sort(), raw.pairsOf(entry).sort());
    for (const node of graph.nodes.filter(({ kind }) => kind === 'prediction')) {
      const other = raw.predictions.get(idOf(node));
      this.same('another prediction', [node.stated?.index, node['model'], node['version'], node.time, node['deployment']], [other?.index, other?.body['model'], other?.body['version'], other?.time, other?.body['deployment']]);
    }
  }

  private to(from: string, kind: string): LineageNode[] {
    return this.graph.edges.filter((edge) => edge.from === from && edge.kind === kind).flatMap((edge) => this.nodes.get(edge.to) ?? []);
  }

  private same(what: string, found: unknown, expected: unknown): void {
    this.compared += 1;
    mustHold(isDeepStrictEqual(found, expected), `${this.id}: ${what} is ${JSON.stringify(found)?.slice(0, 300)}, and by the entries ${JSON.stringify(expected)?.slice(0, 300)}`);
  }
}

/** Compares one graph with what the entries say; gives how many statements were compared. */
function checkOne(raw: RawHistory, id: string, graph: LineageGraph): number {
  const comparison = new Comparison(raw, id, graph);
  comparison.own();
  comparison.version();
  comparison.told();
  comparison.others();
  return comparison.compared;
}

function idOf(node: LineageNode | undefined): string {
  const id = node?.['prediction'];
  return typeof id === 'string' ? id : '';
}

/** Predictions that the graph leads up to from its root. */
function climb(graph: LineageGraph): Set<string> {
  const found = new Set<string>();
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  for (let generation = [graph.root]; generation.length > 0; ) {
    generation = graph.edges.filter((edge) => edge.kind === 'made-from' && generation.includes(edge.from)).map(({ to }) => to).filter((to) => nodes.get(to)?.kind === 'prediction' && to !== graph.root && !found.has(idOf(nodes.get(to))));
    for (const id of generation) found.add(idOf(nodes.get(id)));
  }
  return found;
}
