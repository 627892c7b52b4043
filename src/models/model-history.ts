import type { ClientBase, Pool } from 'pg';
import type { Log } from '../ledger/log.ts';
import type { DecisionFact, DeploymentFact, FactPlace, ModelHistory } from './standing.ts';

interface MutableHistory {
  versions: Map<string, { registered: FactPlace; decisions: DecisionFact[] }>;
  deployments: DeploymentFact[];
}

interface Row extends FactPlace {
  kind: 'registered' | 'decision' | 'deployment';
  model: string;
  version: string;
  word: string;
  share: number | null;
  from: number | null;
  to: number | null;
}

const FACTS = `
select log, index, time, 'registered' as kind, model, version, '' as word, null::int as share, null::bigint as "from", null::bigint as "to"
  from model_version where log = any($1::int[]) and ($2::text is null or model = $2)
union all
select log, index, time, 'decision', model, version, decision, null, null, null
  from model_decision where log = any($1::int[]) and ($2::text is null or model = $2)
union all
select log, index, time, 'deployment', model, version, deployment, share, from_time, to_time
  from model_deployment where log = any($1::int[]) and ($2::text is null or model = $2)
order by log, index`;

/**
 * What a log and those that it succeeds say of their models, by model.
 *
 * @param model one alone; undefined: all
 */
export async function readHistories(database: Pool | ClientBase, log: Log, model?: string): Promise<Map<string, ModelHistory>> {
  const { rows } = await database.query<Row>(FACTS, [log.succession.map(({ row }) => row.id), model ?? null]);
  const histories = new Map<string, MutableHistory>();
  for (const row of rows) {
    const history: MutableHistory = histories.get(row.model) ?? { versions: new Map(), deployments: [] };
    histories.set(row.model, history);
    const { log: number, index, time, version, word } = row;
    const place = { log: number, index, time };
    if (row.kind === 'registered') history.versions.set(version, { registered: place, decisions: [] });
    else if (row.kind === 'decision') history.versions.get(version)?.decisions.push({ ...place, decision: word as DecisionFact['decision'] });
    else history.deployments.push({ ...place, version, deployment: word as DeploymentFact['deployment'], share: row.share, from: row.from ?? 0, to: row.to });
  }
  return histories;
}
