import type { ClientBase, Pool } from 'pg';
import type { Place } from './deployment-cursor.ts';
import type { VersionForm } from './version-form.ts';

// Each is written with its entry: $1 the log, $2 the entry's index. The head has moved by then, and bears the entry's time.
const TIME = '(select time from log_head where log = $1)';

/** $3 model, $4 version, $5 principal, $6 digest of the artifact, $7 owner, $8 parts: [{kind, name, part, digest}]. */
export const INSERT_VERSION = `
with version as (
  insert into model_version (log, index, time, model, version, principal, artifact, owner) values ($1, $2, ${TIME}, $3, $4, $5, $6, $7)
)
insert into model_part (log, index, model, version, kind, name, part, digest)
select $1, $2, $3, $4, kind, name, part, digest from jsonb_to_recordset($8::jsonb) as p(kind text, name text, part text, digest text)
on conflict do nothing`;

/** $3 model, $4 version, $5 principal, $6 decision. */
export const INSERT_DECISION = `insert into model_decision (log, index, time, model, version, principal, decision) values ($1, $2, ${TIME}, $3, $4, $5, $6)`;

/** $3 model, $4 version, $5 principal, $6 deployment, $7 share, $8 from, $9 to, $10 whether retroactive. */
export const INSERT_DEPLOYMENT = `
insert into model_deployment (log, index, time, model, version, principal, deployment, share, from_time, to_time, retroactive)
values ($1, $2, ${TIME}, $3, $4, $5, $6, $7, $8, $9, $10)`;

export interface ModelPart {
  kind: 'training' | 'evaluation' | 'feature' | 'code';
  name: string;
  part: string;
  digest: string | null;
}

/** What a version is made of, by which it is found. */
export function partsOf({ training, evaluation, features = [], code }: VersionForm): ModelPart[] {
  return [
    ...training.map(({ name, version, digest }): ModelPart => ({ kind: 'training', name, part: version, digest })),
    ...evaluation.map(({ name, version, digest }): ModelPart => ({ kind: 'evaluation', name, part: version, digest })),
    ...features.map(({ view, version }): ModelPart => ({ kind: 'feature', name: view, part: version, digest: null })),
    { kind: 'code', name: code.repository ?? '', part: code.commit, digest: null },
  ];
}

/** Where a version was registered. */
export interface VersionRow {
  log: number;
  index: number;
  time: number;
  model: string;
  version: string;
  /** Opaque id of who registered it. */
  principal: string;
  artifact: string;
  owner: string;
  number: number;
}

const COLUMNS = 'log, index, time, model, version, principal, artifact, owner, number';

/** @param logs the log and those that it succeeds */
export async function findVersion(database: Pool | ClientBase, logs: readonly number[], model: string, version: string): Promise<VersionRow | undefined> {
  const { rows } = await database.query<VersionRow>(`select ${COLUMNS} from model_version where log = any($1::int[]) and model = $2 and version = $3`, [logs, model, version]);
  return rows[0];
}

export interface DecisionRow {
  log: number;
  index: number;
  time: number;
  principal: string;
  decision: 'approved' | 'rejected' | 'withdrawn';
}

/** The latest decisions on a version, newest first. */
export async function readDecisions(pool: Pool, logs: readonly number[], { model, version }: VersionRow, known: number, limit: number): Promise<DecisionRow[]> {
  const { rows } = await pool.query<DecisionRow>(
    `select log, index, time, principal, decision from model_decision where log = any($1::int[]) and model = $2 and version = $3 and time <= $4 order by log desc, index desc limit $5`,
    [logs, model, version, known, limit],
  );
  return rows;
}

export interface DeploymentRow {
  log: number;
  index: number;
  time: number;
  version: string;
  principal: string;
  deployment: string;
  share: number | null;
  from: number;
  to: number | null;
  retroactive: boolean;
}

/** A page of what was deployed, newest first. @param version one alone; undefined: all of the model */
export async function pageDeployments(pool: Pool, logs: readonly number[], model: string, version: string | undefined, before: Place | undefined, limit: number): Promise<DeploymentRow[]> {
  const { rows } = await pool.query<DeploymentRow>(
    `select log, index, time, version, principal, deployment, share, from_time as "from", to_time as "to", retroactive from model_deployment
      where log = any($1::int[]) and model = $2 and ($3::text is null or version = $3) and ($4::int is null or (log, index) < ($4, $5::bigint)) order by log desc, index desc limit $6`,
    [logs, model, version ?? null, before?.log ?? null, before?.index ?? null, limit],
  );
  return rows;
}
