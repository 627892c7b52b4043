import type { JsonValue } from '../core/json-value.ts';
import type { Log } from '../ledger/log.ts';

export const NODE_KINDS = [
  'prediction', 'missing-prediction', 'model-version', 'data-set', 'code', 'feature', 'approval', 'rejection', 'withdrawal', 'deployment',
  'policy', 'contract', 'rule', 'principal', 'outcome', 'review', 'correction', 'replay', 'access', 'erasure',
] as const;
export type NodeKind = (typeof NODE_KINDS)[number];

/** What an edge says, read from `from` to `to`. */
export const EDGE_KINDS = [
  'made-by', 'made-from', 'used', 'built-from', 'trained-on', 'evaluated-on', 'decided-on', 'deployed-as', 'governed-by', 'taken-in-under', 'allowed-by', 'handed-in-by',
  'told-of', 'told-by', 'seen-by', 'erased-by', 'same-request',
] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** Where the entry stands that says it. */
export interface Stated {
  /** Origin of its log. */
  log: string;
  index: number;
}

export interface LineageNode {
  /** Unique in the graph. */
  id: string;
  kind: NodeKind;
  /** The entry that says it; absent of what no entry says: a parent that is not there. */
  stated?: Stated;
  /** Entry time, RFC 3339, where the entry is the node's own. */
  time?: string;
  [name: string]: JsonValue | Stated | undefined;
}

export interface LineageEdge {
  from: string;
  to: string;
  kind: EdgeKind;
  /** Of `used`: as of when; of `made-from`: closes a cycle, or names what came later. */
  [name: string]: JsonValue;
}

/** An entry that a node names, with the tlog-proof that it is in its log. */
export interface ProvenEntry extends Stated {
  /** Exactly the leaf's bytes, as text. */
  entry: string;
  proof: string;
}

/** What led to one prediction, and what came of it. */
export interface LineageGraph {
  type: 'prediction-ledger-lineage';
  v: 1;
  /** The node of the prediction that was asked about. */
  root: string;
  nodes: LineageNode[];
  edges: LineageEdge[];
  /** Each entry that a node names, once. */
  entries: ProvenEntry[];
  /** What was left out, and why: fields that a rule withholds, what the caller may not see. */
  withheld: string[];
  /** What goes on elsewhere: `ancestors`, the predictions at which the way up was broken off; else cursors of further pages. */
  more: { ancestors?: string[]; children?: string; followUps?: string };
}

/** A graph while it is made: each node and edge once. */
export class GraphBuilder {
  readonly nodes = new Map<string, LineageNode>();
  readonly edges = new Map<string, LineageEdge>();
  readonly withheld = new Set<string>();
  readonly more: LineageGraph['more'] = {};
  /** By origin: entries that nodes name. */
  readonly stated = new Map<Log, Set<number>>();

  /** Adds a node that an entry says. */
  state(log: Log, index: number, node: LineageNode): LineageNode {
    const indices = this.stated.get(log) ?? new Set();
    this.stated.set(log, indices.add(index));
    return this.add({ ...node, stated: { log: log.row.origin, index } });
  }

  add(node: LineageNode): LineageNode {
    const known = this.nodes.get(node.id);
    if (known !== undefined) return known;
    this.nodes.set(node.id, node);
    return node;
  }

  link(from: string, kind: EdgeKind, to: string, more: { [name: string]: JsonValue } = {}): void {
    const name = `${from}\n${kind}\n${to}`;
    if (!this.edges.has(name)) this.edges.set(name, { from, to, kind, ...more });
  }
}

/** The node of an entry's own. */
export function entryNode(log: Log, index: number): string {
  return `entry:${log.row.name}:${index}`;
}
