import type { RowRules } from '../access/row-rules.ts';
import type { Log } from '../ledger/log.ts';
import { cyclesIn } from './cycles.ts';
import type { GraphBuilder } from './graph.ts';
import { addPrediction } from './prediction-node.ts';
import { rowsById, type PredictionRow } from './prediction-rows.ts';

export interface AncestorBounds {
  /** Generations, at most. */
  depth: number;
  /** Predictions, at most. */
  size: number;
  seen: RowRules;
}

/**
 * Goes up from a prediction to its parents, theirs and so on, a generation a query. A parent that is not there, or not for
 * the caller, is a node that says so; what is erased has no parents any more; a cycle's last edge is marked. Where there is
 * more than the bounds allow, `more.ancestors` names the predictions at which the way was broken off.
 */
export async function addAncestors(graph: GraphBuilder, log: Log, root: PredictionRow, rootNode: string, bounds: AncestorBounds): Promise<void> {
  const ascent = new Ascent(graph, log, bounds);
  ascent.nodes.set(root.id, rootNode);
  let generation: PredictionRow[] = [root];
  for (let level = 0; generation.length > 0; level++) generation = await ascent.climb(generation, level);
  for (const [from, to] of cyclesIn(ascent.up, root.id)) {
    const edge = graph.edges.get(`${ascent.nodes.get(from)}\nmade-from\n${ascent.nodes.get(to)}`);
    if (edge !== undefined) edge['cycle'] = true;
  }
}

class Ascent {
  /** Nodes by the prediction's id. */
  readonly nodes = new Map<string, string>();
  readonly up = new Map<string, string[]>();
  private readonly graph: GraphBuilder;
  private readonly log: Log;
  private readonly bounds: AncestorBounds;

  constructor(graph: GraphBuilder, log: Log, bounds: AncestorBounds) {
    this.graph = graph;
    this.log = log;
    this.bounds = bounds;
  }

  /** Adds the parents of a generation; gives those that can be climbed from. */
  async climb(generation: readonly PredictionRow[], level: number): Promise<PredictionRow[]> {
    const wanted = [...new Set(generation.flatMap(({ parents }) => parents ?? []))].filter((id) => !this.nodes.has(id));
    const goesOn = level < this.bounds.depth && this.nodes.size + wanted.length <= this.bounds.size + 1;
    const found = goesOn && wanted.length > 0 ? await this.find(wanted) : new Map<string, PredictionRow>();
    if (!goesOn && wanted.length > 0) this.breakOff(generation);
    for (const row of generation) this.linkParents(row, found);
    return [...found.values()];
  }

  private async find(wanted: readonly string[]): Promise<Map<string, PredictionRow>> {
    // Where a log took over from another, the newer one's word counts.
    const found = new Map((await rowsById(this.log, wanted, this.bounds.seen)).map((row) => [row.id, row]));
    for (const id of wanted) {
      const row = found.get(id);
      const node =
        row === undefined
          ? this.graph.add({ id: `missing:${id}`, kind: 'missing-prediction', prediction: id, says: 'The log holds no prediction of this id, or none that you may see.' })
          : addPrediction(this.graph, this.log, row);
      this.nodes.set(id, node.id);
    }
    return found;
  }

  private breakOff(generation: readonly PredictionRow[]): void {
    this.graph.more.ancestors = generation.filter(({ parents }) => (parents ?? []).some((id) => !this.nodes.has(id))).map(({ id }) => id);
  }

  private linkParents(row: PredictionRow, found: ReadonlyMap<string, PredictionRow>): void {
    const parents = (row.parents ?? []).filter((id) => this.nodes.has(id));
    this.up.set(row.id, parents);
    for (const id of parents) {
      const parent = found.get(id);
      const isLater = parent !== undefined && (parent.log > row.log || (parent.log === row.log && parent.index > row.index));
      this.graph.link(this.nodes.get(row.id) ?? '', 'made-from', this.nodes.get(id) ?? '', isLater ? { later: true } : {});
    }
  }
}
