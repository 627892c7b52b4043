import type { JsonValue } from '../core/json-value.ts';
import type { LineageEdge, LineageGraph, LineageNode } from './graph.ts';

type JsonObject = { [name: string]: JsonValue };

/** A part of an account: a heading, sentences, and lists of single facts. */
export interface AccountPart {
  heading: string;
  sentences: string[];
  facts: string[];
}

/** A decision told so that a person can read it: title first, then parts in the order in which one would ask. */
export interface Account {
  title: string;
  parts: AccountPart[];
}

/** Tells a lineage's first page in plain words. It says what it does not know, and what it may not show. */
export function accountOf(graph: LineageGraph): Account {
  const teller = new Teller(graph);
  const parts = [teller.decision(), teller.reasons(), teller.data(), teller.model(), teller.rules(), teller.afterwards(), teller.seen(), teller.missing(), teller.proof()];
  return { title: `What was decided on ${teller.name}, and how it came about`, parts: parts.filter(({ sentences, facts }) => sentences.length + facts.length > 0) };
}

class Teller {
  private readonly graph: LineageGraph;
  private readonly nodes: Map<string, LineageNode>;
  private readonly root: LineageNode;
  private readonly body: JsonObject;

  constructor(graph: LineageGraph) {
    this.graph = graph;
    this.nodes = new Map(graph.nodes.map((node) => [node.id, node]));
    this.root = this.nodes.get(graph.root) as LineageNode; // a graph has its root
    this.body = objectAt(this.root, 'body');
  }

  get name(): string {
    return `prediction ${word(this.root['prediction'])}`;
  }

  decision(): AccountPart {
    const { outcome, threshold, automated } = objectAt(this.body, 'decision');
    const of = `version ${word(this.root['version'])} of the model ${word(this.root['model'])}`;
    const sentences = [`This prediction was made by ${of}, and taken in on ${moment(this.root.time)}. It is entry ${this.root.stated?.index} of the log ${this.root.stated?.log}.`];
    if (outcome !== undefined) {
      const how = automated === true ? ' automatically, without a person looking at it before it took effect' : automated === false ? ' with a person involved' : '';
      sentences.push(`It was decided${how}: “${word(outcome)}”.`);
    } else if (this.root['erased'] !== true && !this.isWithheld('decision')) sentences.push('No decision was handed in with it.');
    if (threshold !== undefined) sentences.push(`The decision changes where the output reaches ${word(threshold)}.`);
    const facts = Object.entries(objectAt(this.body, 'output')).map(([name, value]) => `The model answered ${name}: ${said(value)}.`);
    if (this.root['deployment'] !== undefined) sentences.push(`It ran as ${word(this.root['deployment'])}.`);
    for (const other of this.to('same-request')) sentences.push(`The same request was also answered by ${word(other['model'])} ${word(other['version'])}${other['deployment'] === undefined ? '' : `, as ${word(other['deployment'])}`} (${word(other['prediction'])}).`);
    return { heading: 'The decision', sentences, facts };
  }

  reasons(): AccountPart {
    const { reasons } = objectAt(this.body, 'decision');
    const explanation = objectAt(this.body, 'explanation');
    const sentences: string[] = [];
    if (Array.isArray(reasons) && reasons.length > 0) sentences.push(`The reasons given with the decision, the strongest first: ${reasons.map(word).join(', ')}.`);
    const weights = Object.entries(objectAt(explanation, 'attributions')).sort(([, a], [, b]) => Math.abs(Number(b)) - Math.abs(Number(a)));
    const facts = weights.slice(0, 10).map(([name, weight]) => `${name} weighed ${said(weight)}${explanation['method'] === undefined ? '' : ` (${word(explanation['method'])})`}.`);
    const other = Object.entries(objectAt(explanation, 'counterfactual'));
    if (other.length > 0) sentences.push(`The outcome would have been another with ${other.map(([name, value]) => `${name} ${said(value)}`).join(', ')}.`);
    return { heading: 'Why', sentences, facts };
  }

  data(): AccountPart {
    const { purpose, legalBasis, time } = this.body;
    const facts = Object.entries(objectAt(this.body, 'inputs')).map(([name, value]) => `${name}: ${said(value)}`);
    const sentences: string[] = [];
    for (const edge of this.graph.edges) {
      const feature = this.nodes.get(edge.to);
      if (edge.from === this.root.id && edge.kind === 'used' && feature !== undefined) {
        facts.push(`feature view ${word(feature['view'])}${feature['version'] === undefined ? '' : `, version ${word(feature['version'])}`}${edge['asOf'] === undefined ? '' : `, as of ${moment(edge['asOf'])}`}`);
      }
    }
    for (const parent of this.to('made-from')) {
      facts.push(parent.kind === 'missing-prediction' ? `prediction ${word(parent['prediction'])}, which the log does not hold, or which you may not see` : `prediction ${word(parent['prediction'])} of ${word(parent['model'])} ${word(parent['version'])}${parent['erased'] === true ? ', erased since' : ''}`);
    }
    if (purpose !== undefined) sentences.push(`The data was used for the purpose “${word(purpose)}”${legalBasis === undefined ? '' : `, on the legal basis “${word(legalBasis)}”`}.`);
    if (time !== undefined) sentences.push(`By its producer's clock it was made on ${moment(time)}.`);
    if (facts.length > 0) sentences.push('This went into the model:');
    return { heading: 'On what', sentences, facts };
  }

  model(): AccountPart {
    const [version] = this.to('made-by');
    if (version === undefined) return { heading: 'By which model', sentences: [], facts: [] };
    if (this.graph.withheld.includes('model-version')) return { heading: 'By which model', sentences: ['What the model version is made of is not for you to see.'], facts: [] };
    // What it is made of was said by the time of asking, and not by the time of the prediction.
    const isLate = version['standing'] === 'unknown' && version.time !== undefined;
    const sentences = [isLate ? `Nobody had registered this model version when it made the prediction. It was registered afterwards, on ${moment(version.time)}, and what follows was said then.` : (STANDINGS[word(version['standing'])] ?? '')];
    if (version['intendedUse'] !== undefined) sentences.push(`It is meant for: ${word(version['intendedUse'])} It is owned by ${word(version['owner'])}, and was registered by ${word(version['registeredBy'])} on ${moment(version.time)}.`);
    const facts: string[] = [];
    for (const edge of this.graph.edges.filter(({ from }) => from === version.id)) {
      const node = this.nodes.get(edge.to);
      if (node !== undefined) facts.push(...aboutVersion(edge, node));
    }
    return { heading: 'By which model', sentences: sentences.filter((each) => each !== ''), facts };
  }

  rules(): AccountPart {
    const [policy] = this.to('governed-by');
    const [contract] = this.to('taken-in-under');
    const [rule] = this.to('allowed-by');
    const [producer] = this.to('handed-in-by');
    const sentences: string[] = [];
    if (producer !== undefined) sentences.push(`It was handed in by ${word(producer['principal'])}, whom the rule ${word(rule?.['rule'])} lets do so${contract === undefined ? '' : `, under the data contract ${word(contract['contract'])}`}.`);
    if (policy !== undefined) sentences.push(`The policy in force was ${word(policy['digest'])}, by entry ${policy.stated?.index}.`);
    return { heading: 'Under which rules', sentences, facts: [] };
  }

  afterwards(): AccountPart {
    const facts = this.to('told-of').map((node) => {
      const body = objectAt(node, 'body');
      const by = this.graph.edges.find(({ from, kind }) => from === node.id && kind === 'told-by');
      const teller = word(this.nodes.get(by?.to ?? '')?.['principal'] ?? 'somebody');
      const when = moment(node.time);
      if (node['erased'] === true) return `On ${when} there was a ${node.kind}; what it said was erased.`;
      if (node.kind === 'outcome') return `On ${when}, ${teller} told what turned out to be true, as seen on ${moment(body['observed'])}: ${members(body['outcome'])}.${oddities(body['exceptions'])}`;
      if (node.kind === 'review') return `On ${when}, ${teller} looked at it again${body['occasion'] === undefined ? '' : ` (${word(body['occasion'])})`}; it was ${word(body['verdict'])}${body['decision'] === undefined ? '' : `, and decided instead: ${members(body['decision'])}`}. ${body['reason'] === undefined ? '' : `Reason: ${word(body['reason'])}`}`;
      if (node.kind === 'correction') return `On ${when}, ${teller} corrected it: ${members(body['changes'])}. ${body['reason'] === undefined ? '' : `Reason: ${word(body['reason'])}`}`;
      return `On ${when}, ${teller} had its inputs scored again: ${word(body['verdict'])}.`;
    });
    const children = this.graph.edges.filter(({ to, kind }) => to === this.root.id && kind === 'made-from').length;
    if (children > 0) facts.push(`${children}${this.graph.more.children === undefined ? '' : ' or more'} later ${children === 1 ? 'prediction was' : 'predictions were'} made from it.`);
    for (const erasure of this.to('erased-by')) facts.push(`On ${moment(erasure.time)} it was erased with authority, by entry ${erasure.stated?.index} of ${erasure.stated?.log}.`);
    return { heading: 'What became of it', sentences: facts.length === 0 ? ['Nothing was told of it since.'] : [], facts };
  }

  seen(): AccountPart {
    if (this.graph.withheld.includes('seen-by')) return { heading: 'Who saw it', sentences: ['Who saw it is not for you to see.'], facts: [] };
    const all = this.to('seen-by');
    const facts = all.map((node) => `${word(node['by'])}${node['role'] === undefined ? '' : `, as ${word(node['role'])}`}, on ${moment(node.time)}: ${word(node['how'])}${node['purpose'] === undefined ? '' : `, for “${word(node['purpose'])}”`}`);
    const total = Number(this.root['seen'] ?? 0);
    return { heading: 'Who saw it', sentences: total === 0 ? ['Nobody has opened it.'] : total > all.length ? [`It was opened ${total} times; these are the last.`] : [], facts };
  }

  missing(): AccountPart {
    const facts = this.graph.withheld.filter((name) => name !== 'seen-by' && name !== 'model-version');
    const sentences = facts.length === 0 ? [] : ['Rules withhold these fields from you; they are in the log, and not in this account:'];
    if (this.root['erased'] === true) sentences.push('What the prediction itself said was erased; nobody can read it any more.');
    if (this.graph.more.ancestors !== undefined) sentences.push(`The way up was broken off at ${this.graph.more.ancestors.join(', ')}: ask for their lineage.`);
    return { heading: 'What is not told here', sentences, facts };
  }

  proof(): AccountPart {
    return { heading: 'How to check it', sentences: [`This account names ${this.graph.entries.length} entries of the log. The same lineage as JSON holds each with a proof that anybody can check offline, with the log's public key and without trusting this service.`], facts: [] };
  }

  private to(kind: string): LineageNode[] {
    return this.graph.edges.filter((edge) => edge.from === this.root.id && edge.kind === kind).flatMap(({ to }) => this.nodes.get(to) ?? []);
  }

  private isWithheld(field: string): boolean {
    return this.graph.withheld.some((path) => path === field || path.startsWith(`${field}.`));
  }
}

const STANDINGS: Record<string, string> = {
  unknown: 'Nobody had registered this model version: what it is made of is not known.',
  registered: 'This model version was registered, and nobody had approved it when it made the prediction.',
  approved: 'This model version was approved when it made the prediction.',
  rejected: 'This model version had been rejected when it made the prediction.',
  withdrawn: 'The approval of this model version had been withdrawn when it made the prediction.',
  retired: 'This model version was approved, and had been retired when it made the prediction.',
};
const DECIDED: Record<string, string> = { approval: 'approved', rejection: 'rejected', withdrawal: 'the approval was withdrawn' };
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

/** What an edge from a model version says. */
function aboutVersion({ kind, ...edge }: LineageEdge, node: LineageNode): string[] {
  const window = edge['windowFrom'] === undefined ? '' : `, of ${moment(edge['windowFrom'])} to ${moment(edge['windowTo'])}`;
  switch (kind) {
    case 'trained-on':
    case 'evaluated-on':
      return [`${kind === 'trained-on' ? 'trained' : 'evaluated'} on the data set ${word(node['name'])}, version ${word(node['version'])}${window} (${word(node['digest'])})`];
    case 'built-from':
      return [`built from commit ${word(node['commit'])}${node['repository'] === undefined ? '' : ` of ${word(node['repository'])}`}`];
    case 'decided-on':
      return [`${DECIDED[node.kind] ?? node.kind} by ${word(node['by'])} on ${moment(node.time)}: ${word(node['reason'])}${node['later'] === true ? ' This was after the prediction.' : ''}`];
    case 'deployed-as':
      return [`deployed as ${word(node['deployment'])} by ${word(node['by'])}${share(node['share'])}, from ${moment(node['from'])} on: ${word(node['reason'])}`];
    default:
      return [];
  }
}

function share(of: unknown): string {
  return typeof of === 'number' ? `, with ${Math.round(of * 10_000) / 100} % of the traffic` : '';
}

function objectAt(of: object, name: string): JsonObject {
  const value = (of as Record<string, unknown>)[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? 'unknown' : JSON.stringify(value);
}

/** A value, and that it is a token where it is one. */
function said(value: JsonValue): string {
  return typeof value === 'string' && /^tok_[\w-]{22}$/.test(value) ? 'kept as a token' : word(value);
}

function members(value: JsonValue | undefined): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value === undefined ? 'withheld' : said(value);
  return Object.entries(value).map(([name, each]) => `${name} ${typeof each === 'object' && each !== null && !Array.isArray(each) ? `(${members(each)})` : said(each)}`).join(', ');
}

function oddities(exceptions: JsonValue | undefined): string {
  if (!Array.isArray(exceptions)) return '';
  return `${exceptions.includes('observed-before-prediction') ? ' By these times it was seen before the prediction was made.' : ''}${exceptions.includes('observed-in-future') ? ' That time had not come when it was told.' : ''}`;
}

function moment(time: unknown): string {
  const at = new Date(typeof time === 'string' || typeof time === 'number' ? time : NaN);
  if (Number.isNaN(at.getTime())) return 'a time that is not known';
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${at.toISOString().slice(11, 19)} UTC`;
}
