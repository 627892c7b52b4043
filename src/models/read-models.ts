import { sqlText, type ColumnOf } from '../access/condition-sql.ts';
import type { Caller } from '../access/caller.ts';
import type { JsonValue } from '../core/json-value.ts';
import type { Log } from '../ledger/log.ts';
import { cursorAt, placeAt } from './deployment-cursor.ts';
import { mlBomOf } from './ml-bom.ts';
import { readHistories } from './model-history.ts';
import { logsOf, openFact } from './register-version.ts';
import { deployedAt, standingAt, WHOLE, type DeploymentFact, type Moment, type Standing } from './standing.ts';
import type { VersionForm } from './version-form.ts';
import { pageDeployments, readDecisions, type DeploymentRow, type VersionRow } from './version-table.ts';

/** Where the read model has what rules look at. */
const VERSION_COLUMNS = {
  model: () => 'model',
  version: () => 'version',
  requester: () => 'principal',
} as const satisfies Record<string, ColumnOf>;

/** Decisions that are told with a version, the newest. */
const MAX_DECISIONS = 50;

/** How it stands now, or stood at a time by what was known then. @param at RFC 3339 */
export async function momentOf(log: Log, at: string | undefined): Promise<Moment> {
  return { time: at === undefined ? Math.max(Date.now(), (await log.readHead()).time) : Date.parse(at) };
}

/** A page of models by name. @param after the last name of the page before */
export async function pageModels(caller: Caller, after: string | undefined, limit: number): Promise<{ model: string; versions: number; newest: string }[]> {
  const rules = sqlText(caller.rows(VERSION_COLUMNS), 3);
  const { rows } = await caller.log.pool.query<{ model: string; versions: number; newest: string }>(
    `select model, count(*)::int as versions, (array_agg(version order by number desc))[1] as newest from model_version
      where log = any($1::int[]) and ($2::text is null or model > $2) and ${rules.text} group by model order by model limit $3`,
    [logsOf(caller.log), after ?? null, limit, ...rules.values],
  );
  return rows;
}

/** A page of a model's versions, newest first, each as it stood at a moment; those that were not known then are left out. @param behind the last version of the page before */
export async function pageVersions(caller: Caller, model: string, behind: string | undefined, limit: number, moment: Moment): Promise<{ rows: VersionRow[]; standings: Standing[] }> {
  const { log } = caller;
  const rules = sqlText(caller.rows(VERSION_COLUMNS), 5);
  const { rows } = await log.pool.query<VersionRow>(
    `select log, index, time, model, version, principal, artifact, owner, number from model_version
      where log = any($1::int[]) and model = $2 and ($3::text is null or number < (select number from model_version where log = any($1::int[]) and model = $2 and version = $3)) and time <= $4 and ${rules.text} order by number desc limit $5`,
    [logsOf(log), model, behind ?? null, moment.time, limit, ...rules.values],
  );
  const history = (await readHistories(log.pool, log, model)).get(model);
  return { rows, standings: rows.map(({ version }) => standingAt(history, version, moment)) };
}

/** All that is known of a version at a moment. */
export async function readVersion(log: Log, row: VersionRow, moment: Moment): Promise<object> {
  const { model, version } = row;
  const standing = standingAt((await readHistories(log.pool, log, model)).get(model), version, moment);
  if (standing.decided === 'unknown') return { model, version, standing: standing.standing };
  const { body, leafHash } = await openFact(log.holderOf(row.log) ?? log, row.index);
  const { model: _model, version: _version, ...facts } = body as { [name: string]: JsonValue };
  const decisions = await readDecisions(log.pool, logsOf(log), row, moment.time, MAX_DECISIONS);
  return {
    ...shownVersion(log, row, standing), leafHash, facts,
    decisions: await Promise.all(decisions.map(async ({ decision, principal, ...place }) => {
      const { reason, conditions } = (await openFact(log.holderOf(place.log) ?? log, place.index)).body as { [name: string]: JsonValue };
      return { decision, principal, ...shownPlace(log, place), reason, ...(conditions !== undefined && { conditions }) };
    })),
  };
}

/** A version as ML-BOM. */
export async function readMlBomOf(log: Log, row: VersionRow): Promise<object> {
  const holder = log.holderOf(row.log) ?? log;
  const { body, entry } = await openFact(holder, row.index);
  const { model, ...form } = body as unknown as VersionForm & { model: string };
  return mlBomOf(model, form, { origin: holder.row.origin, index: row.index, time: entry.time });
}

/** A version in a list. */
export function shownVersion(log: Log, row: VersionRow, { standing, decided, deployed }: Standing): object {
  const { model, version, principal, artifact, owner } = row;
  return { model, version, ...shownPlace(log, row), principal, artifact, owner, standing, decided, deployed: deployed === undefined ? null : shownFact(deployed) };
}

/** What of a model ran at a moment. */
export async function readRunning(log: Log, model: string, moment: Moment): Promise<object[]> {
  const history = (await readHistories(log.pool, log, model)).get(model);
  return [...deployedAt(history?.deployments ?? [], moment).values()].map((fact) => {
    const { standing } = standingAt(history, fact.version, moment);
    return { version: fact.version, standing, ...shownFact(fact), ...shownPlace(log, fact) };
  });
}

/** A page of what was deployed, newest first. */
export async function readDeployments(log: Log, model: string, version: string | undefined, cursor: string | undefined, limit: number): Promise<{ items: object[]; next?: string }> {
  const rows = await pageDeployments(log.pool, logsOf(log), model, version, placeAt(log, cursor), limit);
  const items = rows.map((row) => ({ version: row.version, ...shownFact(row as DeploymentFact & DeploymentRow), ...(row.retroactive && { retroactive: true }), ...shownPlace(log, row), principal: row.principal }));
  const last = rows.at(-1);
  return { items, ...(rows.length === limit && last !== undefined && { next: cursorAt(log, last) }) };
}

function shownFact({ deployment, share, from, to }: Pick<DeploymentFact, 'deployment' | 'share' | 'from' | 'to'>): object {
  return { deployment, ...(share !== null && { share: share / WHOLE }), from: new Date(from).toISOString(), ...(to !== null && { to: new Date(to).toISOString() }) };
}

function shownPlace(log: Log, place: { log: number; index: number; time: number }): object {
  return { ...(place.log !== log.row.id && { origin: (log.holderOf(place.log) ?? log).row.origin }), index: place.index, time: new Date(place.time).toISOString() };
}
