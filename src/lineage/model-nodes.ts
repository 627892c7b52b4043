import type { Caller } from '../access/caller.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload } from '../core/payload.ts';
import type { Log } from '../ledger/log.ts';
import { readHistories } from '../models/model-history.ts';
import { deployedAt, standingAt, type FactPlace } from '../models/standing.ts';
import { openEntry } from '../predictions/open-entry.ts';
import { entryNode, type EdgeKind, type GraphBuilder, type NodeKind } from './graph.ts';
import type { PredictionRow } from './prediction-rows.ts';

type JsonObject = { [name: string]: JsonValue };

interface Registered {
  artifact: JsonObject;
  training: DataSet[];
  evaluation: DataSet[];
  code: { repository?: string; commit: string };
  features?: { view: string; version: string }[];
  framework?: JsonObject;
  hyperparameters?: JsonObject;
  metrics?: JsonValue[];
  intendedUse: string;
  owner: string;
  importedFrom?: JsonValue;
}

interface DataSet {
  name: string;
  version: string;
  digest: string;
  from?: string;
  to?: string;
}

const DECISIONS = { approved: 'approval', rejected: 'rejection', withdrawn: 'withdrawal' } as const satisfies Record<string, NodeKind>;

/**
 * The model version that made a prediction: what it is made of, what was decided on it by whom, and where its model ran
 * then, as the log said just before the prediction. What was decided later is marked so.
 */
export async function addModelVersion(graph: GraphBuilder, caller: Caller, row: PredictionRow, predictionNode: string): Promise<void> {
  const { model, version } = row;
  const { log } = caller;
  const node = `version:${model}@${version}`;
  graph.link(predictionNode, 'made-by', node);
  if (!caller.judgeAbout('read', 'model-version', { model, version }).allowed) {
    graph.add({ id: node, kind: 'model-version', model, version });
    graph.withheld.add('model-version');
    return;
  }
  const history = (await readHistories(log.pool, log, model)).get(model);
  const moment = { time: row.time, before: { log: row.log, index: row.index } };
  const { standing } = standingAt(history, version, moment);
  const facts = history?.versions.get(version);
  if (facts === undefined) {
    graph.add({ id: node, kind: 'model-version', model, version, standing, says: 'No entry registers this version.' });
    return;
  }
  await addParts(graph, log, row, node, { registered: facts.registered, standing });
  for (const fact of facts.decisions) await addFact(graph, log, fact, row, node, { kind: DECISIONS[fact.decision], edge: 'decided-on' });
  // Every version of the model that ran at that moment, so that a shadow is seen beside what was live.
  for (const fact of deployedAt(history?.deployments ?? [], moment).values()) {
    const of = `version:${model}@${fact.version}`;
    graph.add({ id: of, kind: 'model-version', model, version: fact.version });
    await addFact(graph, log, fact, row, of, { kind: 'deployment', edge: 'deployed-as' });
  }
}

/** What a version is made of, by the entry that registered it. */
async function addParts(graph: GraphBuilder, log: Log, row: PredictionRow, node: string, { registered, standing }: { registered: FactPlace; standing: string }): Promise<void> {
  const { model, version } = row;
  const registration = await openFact(log, registered);
  const { artifact, training = [], evaluation = [], code, features = [], ...others } = (registration?.body ?? {}) as Partial<Registered>;
  const holder = log.holderOf(registered.log) ?? log;
  const { index } = registered;
  graph.state(holder, index, {
    id: node, kind: 'model-version', model, version, standing, time: new Date(registered.time).toISOString(),
    ...(artifact !== undefined && { artifact }), ...(others as JsonObject), ...(registration !== undefined && { registeredBy: registration.principal }),
    ...(isLater(registered, row) && { later: true }),
  });
  const dataSets = (sets: readonly DataSet[], kind: EdgeKind): void => {
    for (const { name, version: of, digest, from, to } of sets) {
      const id = `data-set:${name}@${of}`;
      graph.state(holder, index, { id, kind: 'data-set', name, version: of, digest });
      graph.link(node, kind, id, { ...(from !== undefined && { windowFrom: from }), ...(to !== undefined && { windowTo: to }) });
    }
  };
  dataSets(training, 'trained-on');
  dataSets(evaluation, 'evaluated-on');
  if (code !== undefined) {
    graph.state(holder, index, { id: `code:${code.commit}`, kind: 'code', ...code });
    graph.link(node, 'built-from', `code:${code.commit}`);
  }
  for (const { view, version: of } of features) {
    graph.state(holder, index, { id: featureNode(view, of), kind: 'feature', view, version: of });
    graph.link(node, 'used', featureNode(view, of));
  }
}

export function featureNode(view: string, version: string | undefined): string {
  return version === undefined || version === '' ? `feature:${view}` : `feature:${view}@${version}`;
}

async function addFact(graph: GraphBuilder, log: Log, fact: FactPlace, row: PredictionRow, about: string, { kind, edge }: { kind: NodeKind; edge: EdgeKind }): Promise<void> {
  const opened = await openFact(log, fact);
  const holder = log.holderOf(fact.log) ?? log;
  const { model: _model, version: _version, ...body } = (opened?.body ?? {}) as JsonObject;
  const node = graph.state(holder, fact.index, {
    id: entryNode(holder, fact.index), kind, time: new Date(fact.time).toISOString(), ...body, ...(opened !== undefined && { by: opened.principal }), ...(isLater(fact, row) && { later: true }),
  });
  graph.link(about, edge, node.id);
}

function isLater(fact: FactPlace, row: PredictionRow): boolean {
  return fact.log > row.log || (fact.log === row.log && fact.index > row.index);
}

/** The payload of an entry about models: it holds nothing personal. Undefined where it is not there. */
async function openFact(log: Log, { log: id, index }: FactPlace): Promise<{ principal: string; body: JsonValue } | undefined> {
  const holder = log.holderOf(id);
  const opened = holder && (await openEntry(holder, index));
  if (opened?.opening === undefined) return undefined;
  return parsePayload(Buffer.from(opened.opening.payload).toString('utf8'));
}
