import { hash } from 'node:crypto';
import type { JsonValue } from '../core/json-value.ts';
import type { LineageGraph, LineageNode } from './graph.ts';

const PRODUCER = 'urn:prediction-ledger';
const SCHEMA = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent';
const FACET = 'urn:prediction-ledger:openlineage:facet:1';
const VERSION_FACET = 'https://openlineage.io/spec/facets/1-0-0/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet';

interface DataSet {
  namespace: string;
  name: string;
  facets?: Record<string, { [name: string]: JsonValue }>;
}

/** A RunEvent of OpenLineage 2-0-2. */
export interface RunEvent {
  eventType: 'COMPLETE';
  eventTime: string;
  producer: string;
  schemaURL: string;
  run: { runId: string; facets: Record<string, { [name: string]: JsonValue }> };
  job: { namespace: string; name: string; facets: Record<string, { [name: string]: JsonValue }> };
  inputs: DataSet[];
  outputs: DataSet[];
}

/**
 * A lineage as runs of jobs: the making of the prediction, from its parents and features to it, and the making of its model
 * version, from the data sets to it. Entries and what is told of them stand in facets.
 */
export function openLineageOf(graph: LineageGraph): RunEvent[] {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const root = nodes.get(graph.root);
  if (root === undefined) return [];
  const to = (from: string, ...kinds: string[]): LineageNode[] => graph.edges.filter((edge) => edge.from === from && kinds.includes(edge.kind)).flatMap((edge) => nodes.get(edge.to) ?? []);
  const namespace = root.stated?.log ?? '';
  const version = to(root.id, 'made-by')[0];
  const events = [event(root, {
    namespace, job: text(root['model']), inputs: [...to(root.id, 'made-from', 'used'), ...(version === undefined ? [] : [version])], outputs: [root],
    facets: { prediction: facet({ version: text(root['version']), standing: text(version?.['standing']), withheld: graph.withheld, ...(root['erased'] === true && { erased: true }) }) },
  })];
  if (version?.stated !== undefined && version.time !== undefined) {
    events.push(event(version, { namespace, job: `${text(version['model'])}/training`, inputs: to(version.id, 'trained-on', 'used'), outputs: [version], facets: codeFacet(to(version.id, 'built-from')[0]) }));
  }
  return events;
}

function event(made: LineageNode, { namespace, job, inputs, outputs, facets }: { namespace: string; job: string; inputs: LineageNode[]; outputs: LineageNode[]; facets: RunEvent['job']['facets'] }): RunEvent {
  return {
    eventType: 'COMPLETE', eventTime: made.time ?? '', producer: PRODUCER, schemaURL: SCHEMA,
    run: { runId: runId(`${namespace}\n${made.id}`), facets: { entry: facet({ log: made.stated?.log ?? '', index: made.stated?.index ?? 0 }) } },
    job: { namespace, name: job, facets },
    inputs: inputs.map((node) => dataSet(namespace, node)),
    outputs: outputs.map((node) => dataSet(namespace, node)),
  };
}

function dataSet(namespace: string, node: LineageNode): DataSet {
  const name = node.kind === 'prediction' || node.kind === 'missing-prediction' ? `prediction:${text(node['prediction'])}` : node.id;
  return {
    namespace, name,
    facets: {
      // The only facet of the specification's own that fits: which version of a named thing it was.
      ...(typeof node['version'] === 'string' && { version: { ...facet({ datasetVersion: node['version'] }), _schemaURL: VERSION_FACET } }),
      entry: facet({ kind: node.kind, ...(node.stated !== undefined && { log: node.stated.log, index: node.stated.index }), ...(typeof node['digest'] === 'string' && { digest: node['digest'] }) }),
    },
  };
}

function codeFacet(code: LineageNode | undefined): RunEvent['job']['facets'] {
  if (code === undefined) return {};
  return { code: facet({ commit: text(code['commit']), repository: text(code['repository']) }) };
}

function facet(members: { [name: string]: JsonValue }): { [name: string]: JsonValue } {
  return { _producer: PRODUCER, _schemaURL: FACET, ...members };
}

/** A UUID of version 8 (RFC 9562): the same run has the same id whenever it is asked for. */
function runId(name: string): string {
  const digest = hash('sha256', name, 'hex');
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-9${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
