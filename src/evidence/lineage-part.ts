import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import type { EdgeKind, LineageEdge, LineageGraph, LineageNode } from '../lineage/graph.ts';
import { openLineageOf } from '../lineage/open-lineage.ts';
import { provOf } from '../lineage/prov-json.ts';
import { readEnvelope, type BundlePart } from './bundle-part.ts';
import type { Envelope, Row, SampleLine } from './population.ts';

/** The population whose rows say which version made each prediction, and which approval it had. */
const QUERY = 'served-versions';
/** So many of the predictions that were drawn get a lineage; the first ones by their rows. */
const MOST = 200;

/**
 * `lineage/prov.json` (W3C PROV-JSON) and `lineage/openlineage.jsonl` (OpenLineage run events) of the predictions that were drawn from the
 * population of served versions. Made from the sample's rows alone: no payload, and nothing that came after the bundle's range.
 */
export const lineagePart: BundlePart = async function* lineage(folder, manifest) {
  for (const { assertion } of manifest.populations) {
    const envelope = await readEnvelope(folder, assertion);
    if (envelope.query.name !== QUERY) continue;
    const rows = await drawnRows(folder, envelope);
    if (rows.length === 0) return;
    const graphs = rows.map((row) => graphOf(manifest.log.origin, row));
    yield { path: 'lineage/prov.json', bytes: Buffer.from(canonicalize(provOf(merged(graphs)) as unknown as JsonValue)) };
    const events = graphs.flatMap((graph) => openLineageOf(graph)).map((event) => `${canonicalize(event as unknown as JsonValue)}\n`);
    yield { path: 'lineage/openlineage.jsonl', bytes: Buffer.from(events.join('')) };
    return;
  }
};

/** Rows that were drawn for any control, each once, ascending. */
async function drawnRows(folder: string, { samples }: Envelope): Promise<Row[]> {
  const rows = new Map<number, Row>();
  for (const { file } of samples) {
    const stream = createReadStream(join(folder, file.path), 'utf8');
    try {
      let read = 0;
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
        const { row, values } = JSON.parse(line) as SampleLine;
        rows.set(row, values);
        if (++read === MOST) break;
      }
    } finally {
      stream.destroy();
    }
  }
  return [...rows].sort(([a], [b]) => a - b).slice(0, MOST).map(([, row]) => row);
}

/** What a row says of one prediction: what made it, who handed it in, and which approval held. */
function graphOf(log: string, row: Row): LineageGraph {
  const [index, time, model, version, producer, approval, deployment, standing] = ['index', 'time', 'model', 'version', 'producer', 'approval', 'deployment', 'standing'].map((name) => row[name] ?? null);
  const root = `prediction:${String(index)}`;
  const made = `model-version:${String(model)}@${String(version)}`;
  const nodes: LineageNode[] = [
    { id: root, kind: 'prediction', prediction: `entry ${String(index)}`, model, version, ...(deployment !== null && { deployment }), ...stated(log, index), ...(typeof time === 'string' && { time }) },
    { id: made, kind: 'model-version', model, version, standing },
    { id: `principal:${String(producer)}`, kind: 'principal', principal: producer },
  ];
  const edges: LineageEdge[] = [edge(root, 'made-by', made), edge(root, 'handed-in-by', `principal:${String(producer)}`)];
  if (typeof approval === 'number') {
    nodes.push({ id: `approval:${approval}`, kind: 'approval', ...stated(log, approval) });
    edges.push(edge(made, 'decided-on', `approval:${approval}`));
  }
  return { type: 'prediction-ledger-lineage', v: 1, root, nodes, edges, entries: [], withheld: [], more: {} };
}

function stated(log: string, index: unknown): Pick<LineageNode, 'stated'> {
  return typeof index === 'number' ? { stated: { log, index } } : {};
}

function edge(from: string, kind: EdgeKind, to: string): LineageEdge {
  return { from, kind, to };
}

/** Several lineages as one: what is the same in them stands in it once. */
function merged(graphs: readonly LineageGraph[]): LineageGraph {
  const nodes = new Map(graphs.flatMap((graph) => graph.nodes).map((node) => [node.id, node]));
  const edges = new Map(graphs.flatMap((graph) => graph.edges).map((each) => [`${each.from}\n${each.kind}\n${each.to}`, each]));
  return { type: 'prediction-ledger-lineage', v: 1, root: graphs[0]?.root ?? '', nodes: [...nodes.values()], edges: [...edges.values()], entries: [], withheld: [], more: {} };
}
