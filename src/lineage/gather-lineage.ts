import type { Caller } from '../access/caller.ts';
import { fromHex } from '../core/bytes.ts';
import { parseEntry } from '../core/entry.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload } from '../core/payload.ts';
import type { Log } from '../ledger/log.ts';
import { invalidQuery } from '../http/query-faults.ts';
import { Problem } from '../http/problem.ts';
import { followUpsOf, type FollowUpRow } from '../predictions/follow-up-table.ts';
import { openEntry } from '../predictions/open-entry.ts';
import { notThere, openFor, type OpenedFor, type Place } from '../predictions/open-for.ts';
import type { Prediction } from '../predictions/prediction.ts';
import { predictionColumns } from '../predictions/prediction-table.ts';
import { visibleFollowUp } from '../predictions/visible-follow-up.ts';
import { readDisclosures } from '../retention/report-disclosures.ts';
import { addAncestors } from './ancestors.ts';
import { entryNode, GraphBuilder, type LineageGraph, type LineageNode } from './graph.ts';
import { addModelVersion, featureNode } from './model-nodes.ts';
import { addPrediction } from './prediction-node.ts';
import { childrenOf, rowAt, rowsAt, rowsOfRequest, type PredictionRow } from './prediction-rows.ts';
import { proveEntries } from './prove-entries.ts';

/** How far a lineage goes. */
export interface LineageBounds {
  /** Generations of ancestors. */
  depth: number;
  /** Ancestors at most; children, and what was told, of one page. */
  size: number;
  /** The `more.children` or `more.followUps` of an earlier page. */
  cursor?: string | undefined;
}

export interface GatheredLineage {
  graph: LineageGraph;
  /** The rule that lets the caller see it. */
  rule: string;
}

const MAX_PAIRS = 20;
const CURSOR = /^(children|followUps)\.(\d{1,9})\.(\d{1,15})$/;

/**
 * Gathers what led to a prediction and what came of it. Opens the payload of that prediction, and of what was told of it:
 * the caller records that before anything of it leaves. Of other predictions it shows what lists show.
 *
 * @throws Problem `not-found`, `payload-missing`, `invalid-query`; AppendError
 */
export async function gatherLineage(caller: Caller, place: Place, bounds: LineageBounds): Promise<GatheredLineage> {
  const { log, index } = place;
  const graph = new GraphBuilder();
  const row = await rowAt(log, index);
  const { opened, rule } = await openOrErased(caller, place, row);
  const root = addPrediction(graph, caller.log, row);
  const page = bounds.cursor === undefined ? undefined : readCursor(bounds.cursor);
  if (page === undefined) {
    if (opened !== undefined) addBody(graph, log, root, opened);
    else root['says'] = 'Its payload was erased: what it was made from went with it.';
    await addPolicy(graph, log, row, root);
    await addModelVersion(graph, caller, row, root.id);
    await addAncestors(graph, caller.log, row, root.id, { ...bounds, seen: caller.rows(predictionColumns(caller.classes)) });
    await addPairs(graph, caller, log, row, root.id);
    await addSeen(graph, caller, place, root.id);
  }
  if (page?.of !== 'followUps') await addChildren(graph, caller, row, root.id, bounds.size, page);
  if (page?.of !== 'children') await addFollowUps(graph, caller, { row, root: root.id, opened }, bounds.size, page);
  return { graph: await finish(graph, root.id), rule };
}

/** Of an erased prediction what it would look like is decided by what is left: a rule that looks at more does not allow. */
async function openOrErased(caller: Caller, place: Place, row: PredictionRow): Promise<{ opened: OpenedFor | undefined; rule: string }> {
  try {
    const opened = await openFor(caller, place);
    return { opened, rule: opened.rule };
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'erased')) throw error;
    const { model, version, deployment, principal, time, index } = row;
    const decision = caller.judge({ model, version, deployment, own: principal === caller.principal, time, index });
    if (decision.allowed) return { opened: undefined, rule: decision.rule };
    caller.denial = decision;
    throw notThere();
  }
}

/** The prediction's own fields, as the caller may see them, and what they name. */
function addBody(graph: GraphBuilder, log: Log, root: LineageNode, { payload, fields }: OpenedFor): void {
  const { principal, rule, contract } = payload;
  const { value, withheld } = fields.of(payload.body);
  for (const path of withheld) graph.withheld.add(path);
  root['body'] = value;
  const index = root.stated?.index ?? 0;
  const state = (id: string, kind: LineageNode['kind'], more: { [name: string]: JsonValue }): string => graph.state(log, index, { id, kind, ...more }).id;
  graph.link(root.id, 'handed-in-by', state(`principal:${principal}`, 'principal', { principal }));
  graph.link(root.id, 'allowed-by', state(`rule:${rule}`, 'rule', { rule }));
  if (contract !== null) graph.link(root.id, 'taken-in-under', state(`contract:${contract}`, 'contract', { contract }));
  for (const { view, version, asOf } of (value as unknown as Prediction).features ?? []) {
    if (view === undefined) continue;
    const node = state(featureNode(view, version), 'feature', { view, ...(version !== undefined && { version }) });
    graph.link(root.id, 'used', node, asOf === undefined ? {} : { asOf });
  }
}

/** The policy bundle that was in force, by the entry that brought it into force. */
async function addPolicy(graph: GraphBuilder, log: Log, row: PredictionRow, root: LineageNode): Promise<void> {
  const bytes = await log.readEntry(row.index);
  if (bytes === undefined) return;
  const { policy } = parseEntry(bytes);
  const { rows: [activation] } = await log.pool.query<{ index: number }>({
    name: 'activation-before',
    text: 'select index from policy_activation where log = $1 and index <= $2 and digest = $3 order by index desc limit 1',
    values: [log.row.id, row.index, Buffer.from(fromHex(policy, 32))],
  });
  const node = { id: `policy:${policy}`, kind: 'policy' as const, digest: policy };
  if (activation === undefined) graph.state(log, row.index, node);
  else graph.state(log, activation.index, node);
  graph.link(root.id, 'governed-by', node.id);
}

async function addPairs(graph: GraphBuilder, caller: Caller, log: Log, row: PredictionRow, root: string): Promise<void> {
  if (row.request === null) return;
  for (const other of await rowsOfRequest(log, row.request, caller.rows(predictionColumns(caller.classes)), MAX_PAIRS)) {
    if (other.index !== row.index) graph.link(root, 'same-request', addPrediction(graph, caller.log, other).id);
  }
}

async function addSeen(graph: GraphBuilder, caller: Caller, { log, index }: Place, root: string): Promise<void> {
  if (!caller.judgeAbout('list', 'access', {}).allowed) {
    graph.withheld.add('seen-by');
    return;
  }
  const seen = (await readDisclosures(log.pool, caller.log, [{ log: log.row.id, index }])).get(`${log.row.origin} ${index}`);
  for (const { time, principal, role, how, purpose, log: origin, entry } of seen?.last ?? []) {
    const holder = caller.log.succession.find((each) => each.row.origin === origin);
    if (holder === undefined) continue;
    const node = graph.state(holder, entry, { id: entryNode(holder, entry), kind: 'access', time, by: principal, how, ...(role !== null && { role }), ...(purpose !== null && { purpose }) });
    graph.link(root, 'seen-by', node.id);
  }
  const node = graph.nodes.get(root);
  if (node !== undefined) node['seen'] = seen?.total ?? 0;
}

interface Page {
  of: 'children' | 'followUps';
  log: number;
  index: number;
}

/** Predictions that were made from this one: of its own log, and of those that succeed it. */
async function addChildren(graph: GraphBuilder, caller: Caller, row: PredictionRow, root: string, size: number, page: Page | undefined): Promise<void> {
  const seen = caller.rows(predictionColumns(caller.classes));
  const logs = caller.log.succession.filter(({ row: { id } }) => id >= Math.max(row.log, page?.log ?? 0)).toReversed();
  let left = size;
  for (const log of logs) {
    const after = page?.log === log.row.id ? page.index : -1;
    const indices = await childrenOf(log, row.id, after, left + 1);
    const shown = indices.slice(0, left);
    for (const child of await rowsAt(log, shown, seen)) graph.link(addPrediction(graph, caller.log, child).id, 'made-from', root);
    left -= shown.length;
    if (indices.length > shown.length) {
      graph.more.children = `children.${log.row.id}.${shown.at(-1) ?? after}`;
      return;
    }
  }
}

async function addFollowUps(graph: GraphBuilder, caller: Caller, { row, root, opened }: { row: PredictionRow; root: string; opened: OpenedFor | undefined }, size: number, page: Page | undefined): Promise<void> {
  const rows = await followUpsOf(caller.log.pool, row, size + 1, page === undefined ? undefined : { log: page.log, index: page.index });
  for (const told of rows.slice(0, size)) await addFollowUp(graph, caller, told, root, opened);
  const last = rows.length > size ? rows[size - 1] : undefined;
  if (last !== undefined) graph.more.followUps = `followUps.${last.log}.${last.index}`;
}

async function addFollowUp(graph: GraphBuilder, caller: Caller, told: FollowUpRow, root: string, opened: OpenedFor | undefined): Promise<void> {
  const holder = caller.log.holderOf(told.log);
  if (holder === undefined) return;
  const { opening } = await openEntry(holder, told.index);
  const node = graph.state(holder, told.index, { id: entryNode(holder, told.index), kind: told.kind, time: new Date(told.time).toISOString() });
  graph.link(root, 'told-of', node.id);
  if (opening === undefined) {
    node['erased'] = true;
    return;
  }
  const { body, principal } = parsePayload(Buffer.from(opening.payload).toString('utf8'));
  graph.link(node.id, 'told-by', graph.state(holder, told.index, { id: `principal:${principal}`, kind: 'principal', principal }).id);
  if (opened === undefined) return;
  const { value, withheld } = visibleFollowUp(opened.fields, body as { [name: string]: JsonValue });
  for (const path of withheld) graph.withheld.add(`${told.kind}.${path}`);
  node['body'] = value;
}

async function finish(graph: GraphBuilder, root: string): Promise<LineageGraph> {
  const entries = await proveEntries(graph.stated);
  const times = new Map(entries.map(({ log, index, entry }) => [`${log} ${index}`, (JSON.parse(entry) as { time: string }).time]));
  const nodes = [...graph.nodes.values()];
  for (const node of nodes) {
    if (node.kind === 'erasure' && node.stated !== undefined) node.time = times.get(`${node.stated.log} ${node.stated.index}`) ?? '';
  }
  return { type: 'prediction-ledger-lineage', v: 1, root, nodes, edges: [...graph.edges.values()], entries, withheld: [...graph.withheld].sort(), more: graph.more };
}

function readCursor(cursor: string): Page {
  const [, of, log, index] = CURSOR.exec(cursor) ?? [];
  if (of === undefined) throw invalidQuery([{ at: 'cursor', code: 'form', detail: 'is the `more.children` or `more.followUps` of an earlier page' }]);
  return { of: of as Page['of'], log: Number(log), index: Number(index) };
}
