import type { EdgeKind, LineageEdge, LineageGraph, LineageNode, NodeKind } from './graph.ts';

type Attributes = Record<string, string | number | boolean>;
type Relation = Record<string, Record<string, string>>;

/** A document of PROV-JSON (W3C Member Submission of 24 April 2013), of the parts that a lineage needs. */
export interface ProvDocument {
  prefix: Record<string, string>;
  entity: Record<string, Attributes>;
  activity: Record<string, Attributes>;
  agent: Record<string, Attributes>;
  wasGeneratedBy: Relation;
  used: Relation;
  wasDerivedFrom: Relation;
  wasAttributedTo: Relation;
  wasAssociatedWith: Relation;
  wasInvalidatedBy: Relation;
  wasInfluencedBy: Relation;
  alternateOf: Relation;
}

/** What somebody did, rather than what there is. */
const ACTIVITIES: ReadonlySet<NodeKind> = new Set(['approval', 'rejection', 'withdrawal', 'deployment', 'access', 'erasure']);

/** A lineage in the words of PROV. Bodies stay out of it: PROV's attributes are flat. */
export function provOf(graph: LineageGraph): ProvDocument {
  const document: ProvDocument = {
    prefix: { pl: 'urn:prediction-ledger:', prov: 'http://www.w3.org/ns/prov#' }, entity: {}, activity: {}, agent: {}, wasGeneratedBy: {}, used: {}, wasDerivedFrom: {}, wasAttributedTo: {},
    wasAssociatedWith: {}, wasInvalidatedBy: {}, wasInfluencedBy: {}, alternateOf: {},
  };
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  for (const node of graph.nodes) addNode(document, node);
  for (const [at, edge] of graph.edges.entries()) addEdge(document, edge, nodes, `_:r${at}`);
  return document;
}

function addNode(document: ProvDocument, node: LineageNode): void {
  const name = nameOf(node.id);
  const attributes: Attributes = { 'prov:type': `pl:${node.kind}` };
  for (const [key, value] of Object.entries(node)) {
    if (['id', 'kind', 'time'].includes(key)) continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') attributes[`pl:${key}`] = value;
  }
  if (node.stated !== undefined) Object.assign(attributes, { 'pl:log': node.stated.log, 'pl:entry': node.stated.index });
  if (node.kind === 'principal') document.agent[name] = attributes;
  else if (ACTIVITIES.has(node.kind)) document.activity[name] = { ...attributes, ...(node.time !== undefined && { 'prov:startTime': node.time, 'prov:endTime': node.time }) };
  else document.entity[name] = attributes;
  if (node.kind === 'prediction') {
    const making = makingOf(node.id);
    document.activity[making] = { 'prov:type': 'pl:making' };
    document.wasGeneratedBy[`_:g${Object.keys(document.wasGeneratedBy).length}`] = { 'prov:entity': name, 'prov:activity': making, ...(node.time !== undefined && { 'prov:time': node.time }) };
  }
  const by = node['by'];
  if (typeof by === 'string') {
    const agent = nameOf(`principal:${by}`);
    document.agent[agent] ??= { 'prov:type': 'pl:principal', 'pl:principal': by };
    document.wasAssociatedWith[`_:a${Object.keys(document.wasAssociatedWith).length}`] = { 'prov:activity': name, 'prov:agent': agent };
  }
}

const DERIVED: ReadonlySet<EdgeKind> = new Set(['made-from', 'built-from', 'trained-on']);

function addEdge(document: ProvDocument, { from, to, kind }: LineageEdge, nodes: ReadonlyMap<string, LineageNode>, id: string): void {
  const [subject, object] = [nameOf(from), nameOf(to)];
  const isPrediction = nodes.get(from)?.kind === 'prediction';
  if (kind === 'made-by' || (kind === 'used' && isPrediction)) document.used[id] = { 'prov:activity': makingOf(from), 'prov:entity': object };
  else if (DERIVED.has(kind) || kind === 'used') document.wasDerivedFrom[id] = { 'prov:generatedEntity': subject, 'prov:usedEntity': object };
  else if (kind === 'told-of') document.wasDerivedFrom[id] = { 'prov:generatedEntity': object, 'prov:usedEntity': subject };
  else if (kind === 'handed-in-by' || kind === 'told-by') document.wasAttributedTo[id] = { 'prov:entity': subject, 'prov:agent': object };
  else if (kind === 'decided-on' || kind === 'deployed-as' || kind === 'seen-by') document.used[id] = { 'prov:activity': object, 'prov:entity': subject };
  else if (kind === 'erased-by') document.wasInvalidatedBy[id] = { 'prov:entity': subject, 'prov:activity': object };
  else if (kind === 'same-request') document.alternateOf[id] = { 'prov:alternate1': subject, 'prov:alternate2': object };
  else document.wasInfluencedBy[id] = { 'prov:influencee': subject, 'prov:influencer': object };
}

function nameOf(id: string): string {
  return `pl:${encodeURIComponent(id)}`;
}

function makingOf(id: string): string {
  return `pl:${encodeURIComponent(`making:${id}`)}`;
}
