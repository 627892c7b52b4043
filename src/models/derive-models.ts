import type { Derivation, DerivedEntry } from '../ledger/derivation.ts';
import { WHOLE, type Deployment } from './standing.ts';
import type { VersionForm } from './version-form.ts';
import { partsOf } from './version-table.ts';

const DECISIONS: Readonly<Record<string, string>> = {
  'model-version-approved': 'approved',
  'model-version-rejected': 'rejected',
  'model-version-approval-withdrawn': 'withdrawn',
};

/** Model versions, what was decided on them, and where they ran. */
export const deriveModels: Derivation = {
  tables: [
    { name: 'model_version', key: ['log', 'model', 'version'], says: ['index', 'time', 'principal', 'artifact', 'owner'] },
    { name: 'model_part', key: ['log', 'kind', 'name', 'part', 'model', 'version'], says: ['digest', 'index'] },
    { name: 'model_decision', key: ['log', 'model', 'version', 'index'], says: ['time', 'principal', 'decision'] },
    { name: 'model_deployment', key: ['log', 'model', 'index'], says: ['version', 'time', 'principal', 'deployment', 'share', 'from_time', 'to_time', 'retroactive'] },
  ],
  types: ['model-version-registered', 'model-deployed', ...Object.keys(DECISIONS)],
  async derive(client, entries) {
    const of = (type: string): DerivedEntry[] => entries.filter(({ payload }) => payload.type === type);
    const versions = of('model-version-registered').map((entry) => ({ ...placeOf(entry), form: entry.payload.body as unknown as VersionForm }));
    await client.query(
      `insert into model_version (log, index, time, principal, model, version, artifact, owner)
       select log, index, time, principal, model, version, form -> 'artifact' ->> 'digest', form ->> 'owner'
         from jsonb_to_recordset($1::jsonb) as v(log integer, index bigint, time bigint, principal text, model text, version text, form jsonb) order by log, index on conflict do nothing`,
      [JSON.stringify(versions)],
    );
    await client.query(
      `insert into model_part (log, index, model, version, kind, name, part, digest)
       select log, index, model, version, kind, name, part, digest
         from jsonb_to_recordset($1::jsonb) as p(log integer, index bigint, model text, version text, kind text, name text, part text, digest text) on conflict do nothing`,
      [JSON.stringify(versions.flatMap(({ form, ...place }) => partsOf(form).map((part) => ({ ...place, ...part }))))],
    );
    const decisions = entries.filter(({ payload }) => payload.type in DECISIONS).map((entry) => ({ ...placeOf(entry), decision: DECISIONS[entry.payload.type] }));
    await client.query(
      `insert into model_decision (log, index, time, principal, model, version, decision)
       select * from jsonb_to_recordset($1::jsonb) as d(log integer, index bigint, time bigint, principal text, model text, version text, decision text) order by log, index`,
      [JSON.stringify(decisions)],
    );
    await client.query(
      `insert into model_deployment (log, index, time, principal, model, version, deployment, share, from_time, to_time, retroactive)
       select * from jsonb_to_recordset($1::jsonb)
         as d(log integer, index bigint, time bigint, principal text, model text, version text, deployment text, share integer, from_time bigint, to_time bigint, retroactive boolean) order by log, index`,
      [JSON.stringify(of('model-deployed').map(deploymentRow))],
    );
  },
};

function placeOf({ log, index, time, payload: { principal, body } }: DerivedEntry): { log: number; index: number; time: number; principal: string; model: string; version: string } {
  const { model, version } = body as { model: string; version: string };
  return { log, index, time, principal, model, version };
}

function deploymentRow(entry: DerivedEntry): object {
  const { deployment, share, from, to, retroactive = false } = entry.payload.body as { deployment: Deployment; share?: number; from: string; to?: string; retroactive?: boolean };
  return {
    ...placeOf(entry), deployment, share: share === undefined ? null : Math.round(share * WHOLE), from_time: Date.parse(from), to_time: to === undefined ? null : Date.parse(to), retroactive,
  };
}
