import type { Bind } from '../access/condition-sql.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { isDateTime } from '../predictions/date-time.ts';
import { PREDICTION_SCHEMA } from '../predictions/prediction.ts';
import type { Log } from '../ledger/log.ts';
import { childrenOf, rowsAt } from './prediction-rows.ts';

/** One cause whose effects are asked for. */
export interface Cause {
  dataSet?: { name: string; version?: string; digest?: string };
  modelVersion?: { model: string; version: string };
  feature?: { view: string; version?: string };
  code?: { commit: string; repository?: string };
  /** Digest of a policy bundle, hexadecimal. */
  policy?: string;
  /** Id of a prediction: what was made from it, and from that, and so on. */
  prediction?: string;
}

/** What `POST /v1/lineage/affected` takes. */
export interface AffectedForm extends Cause {
  from?: string;
  to?: string;
  /** Whether to name the data subjects, by their opaque ids. */
  subjects?: boolean;
  cursor?: string;
  limit?: number;
}

const { id, model, version, features, time } = PREDICTION_SCHEMA.properties;
const PART = { type: 'string', minLength: 1, maxLength: 512, pattern: '^[^\\u0000-\\u001f\\u007f]+$' };
const CAUSES = ['dataSet', 'modelVersion', 'feature', 'code', 'policy', 'prediction'] as const;
const closed = (required: string[], properties: object): object => ({ type: 'object', additionalProperties: false, required, properties });

export const AFFECTED_FORM = {
  type: 'object',
  additionalProperties: false,
  oneOf: CAUSES.map((cause) => ({ required: [cause] })),
  properties: {
    dataSet: closed(['name'], { name: PART, version: PART, digest: PART }),
    modelVersion: closed(['model', 'version'], { model, version }),
    feature: closed(['view'], { view: features.items.properties.view, version: features.items.properties.version }),
    code: closed(['commit'], { commit: PART, repository: PART }),
    policy: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    prediction: id,
    from: time,
    to: time,
    subjects: { type: 'boolean' },
    cursor: { type: 'string', pattern: '^[0-9]{1,9}\\.[0-9]{1,15}$' },
    limit: { type: 'integer', minimum: 1, maximum: 1000 },
  },
} as const;

const ajv = new OwnSchemas({ strictRequired: false });
ajv.addFormat('date-time', isDateTime);
export const isAffectedForm = ajv.compile<AffectedForm>(AFFECTED_FORM);

/** Descendants that one question goes down to. */
const MAX_DESCENDANTS = 20_000;

/** What of one log a cause touched, as an SQL source of rows of `prediction`. */
export interface Touched {
  /** @param within tests of `log`, `index` and nothing else @param ordered `order by index limit …`, or nothing */
  sql(bind: Bind, within: string, ordered: string): string;
  /** Whether an index finds it: else a page looks at no more than so many indices. */
  indexed: boolean;
  /** Whether there is more than is looked at. */
  incomplete?: boolean;
}

/** What a cause touched in one log of a succession; undefined where that is nothing. */
export async function touchedBy(cause: Cause, log: Log, caller: Log): Promise<Touched | undefined> {
  if (cause.modelVersion !== undefined) return ofVersions([cause.modelVersion]);
  if (cause.dataSet !== undefined) return ofVersions(await versionsWith(caller, ['training', 'evaluation'], { name: cause.dataSet.name, part: cause.dataSet.version, digest: cause.dataSet.digest }));
  if (cause.code !== undefined) return ofVersions(await versionsWith(caller, ['code'], { name: cause.code.repository, part: cause.code.commit }));
  if (cause.policy !== undefined) return ofPolicy(log, cause.policy);
  if (cause.feature !== undefined) return ofFeature(cause.feature, await versionsWith(caller, ['feature'], { name: cause.feature.view, part: cause.feature.version }));
  return ofPrediction(log, caller, cause.prediction ?? '');
}

interface Version {
  model: string;
  version: string;
}

/** Model versions that are made of something, as a log or those that it succeeds registered them. */
async function versionsWith({ pool, succession }: Log, kinds: string[], { name, part, digest }: { name?: string | undefined; part?: string | undefined; digest?: string | undefined }): Promise<Version[]> {
  const { rows } = await pool.query<Version>(
    `select distinct model, version from model_part where log = any($1::int[]) and kind = any($2::text[])
       and ($3::text is null or name = $3) and ($4::text is null or part = $4) and ($5::text is null or digest = $5) order by model, version`,
    [succession.map(({ row }) => row.id), kinds, name ?? null, part ?? null, digest ?? null],
  );
  return rows;
}

function ofVersions(versions: readonly Version[]): Touched | undefined {
  if (versions.length === 0) return undefined;
  return {
    indexed: true,
    sql: (bind, within, ordered) => `select found.* from unnest(${bind(versions.map((each) => each.model))}::text[], ${bind(versions.map((each) => each.version))}::text[]) as strand(m, v)
      cross join lateral (select * from prediction where ${within} and model = strand.m and version = strand.v ${ordered}) as found`,
  };
}

/** The entries from each activation of the bundle up to the next one. */
async function ofPolicy({ pool, row }: Log, digest: string): Promise<Touched | undefined> {
  const { rows } = await pool.query<{ low: number; high: number | null }>(
    `select low, high from (select index as low, lead(index) over (order by index) as high, digest from policy_activation where log = $1) as a where digest = $2 order by low`,
    [row.id, Buffer.from(digest, 'hex')],
  );
  if (rows.length === 0) return undefined;
  const [lows, highs] = [rows.map(({ low }) => low), rows.map(({ high }) => high ?? Number.MAX_SAFE_INTEGER)];
  return {
    indexed: true,
    sql: (bind, within, ordered) => `select found.* from unnest(${bind(lows)}::bigint[], ${bind(highs)}::bigint[]) as strand(low, high)
      cross join lateral (select * from prediction where ${within} and index >= strand.low and index < strand.high ${ordered}) as found`,
  };
}

/** What read the view by its own word, or was made by a version that is registered with it. */
function ofFeature({ view, version: of }: { view: string; version?: string }, versions: readonly Version[]): Touched {
  return {
    indexed: false,
    sql: (bind, within, ordered) => {
      // A feature stands as its name, and behind a space its version.
      const named = of === undefined ? `(f = ${bind(view)} or starts_with(f, ${bind(`${view} `)}))` : `f = ${bind(`${view} ${of}`)}`;
      return `select * from prediction where ${within} and (exists (select from unnest(features) as f where ${named})
        or (model, version) in (select * from unnest(${bind(versions.map((each) => each.model))}::text[], ${bind(versions.map((each) => each.version))}::text[]))) ${ordered}`;
    },
  };
}

/** All that was made from a prediction, a generation at a time. */
async function ofPrediction(log: Log, caller: Log, ancestor: string): Promise<Touched | undefined> {
  const seen = new Map<Log, Set<number>>(caller.succession.map((each) => [each, new Set()]));
  const known = new Set([ancestor]);
  let incomplete = false;
  let count = 0;
  for (let generation = [ancestor]; generation.length > 0 && !incomplete; ) {
    const next: string[] = [];
    for (const parent of generation) {
      for (const [each, indices] of seen) {
        const found = (await childrenOf(each, parent, -1, MAX_DESCENDANTS + 1)).filter((index) => !indices.has(index));
        count += found.length;
        incomplete ||= count > MAX_DESCENDANTS;
        for (const index of found) indices.add(index);
        // Whoever asks: a prediction that they may not see leads on to those that they may.
        next.push(...(await rowsAt(each, found, () => 'TRUE')).flatMap(({ id: child }) => (known.has(child) ? [] : [child])));
      }
    }
    for (const child of next) known.add(child);
    generation = [...new Set(next)];
  }
  const indices = [...(seen.get(log) ?? [])];
  if (indices.length === 0) return undefined;
  return { indexed: true, incomplete, sql: (bind, within, ordered) => `select * from prediction where ${within} and index = any(${bind(indices)}::bigint[]) ${ordered}` };
}
