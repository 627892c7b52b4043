import { draftAct } from '../../src/access/act.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import type { SequencedEntry } from '../../src/ledger/entry-draft.ts';
import type { Log } from '../../src/ledger/log.ts';

type JsonObject = { [name: string]: JsonValue };

const APPROVER = `prn_${'a'.repeat(24)}`;
const OWNER = `prn_${'b'.repeat(24)}`;

/** What is told of a model: entries with their rows in the read models, as the service writes them. */
export class KnownModels {
  private readonly log: Log;

  constructor(log: Log) {
    this.log = log;
  }

  /** Registers a version, made from one data set and one commit. */
  async register(model: string, version: string, { dataSet = 'applications', dataVersion = '2026-09', commit = 'c0ffee', view = 'customer_v7' } = {}): Promise<SequencedEntry> {
    const digest = `sha256:${'1'.repeat(64)}`;
    const body = {
      model, version, artifact: { digest }, training: [{ name: dataSet, version: dataVersion, digest, from: '2026-01-01T00:00:00Z', to: '2026-09-01T00:00:00Z' }],
      evaluation: [{ name: `${dataSet}-held-out`, version: dataVersion, digest }], code: { repository: 'git:risk', commit }, features: [{ view, version: '7' }],
      intendedUse: 'Deciding on applications for loans.', owner: 'head of risk',
    };
    return this.append(OWNER, 'model-version-registered', body, `with v as (insert into model_version (log, model, version, index, time, principal, artifact, owner)
        select $1::int, $3::text, $4::text, $2::bigint, time, $5::text, $6::text, 'head of risk' from log_head where log = $1::int returning 1)
      insert into model_part (log, kind, name, part, digest, model, version, index) select $1::int, k, n, p, d, $3::text, $4::text, $2::bigint
      from unnest($7::text[], $8::text[], $9::text[], $10::text[]) as t(k, n, p, d)`, [
      model, version, OWNER, digest, ['training', 'evaluation', 'feature', 'code'], [dataSet, `${dataSet}-held-out`, view, 'git:risk'], [dataVersion, dataVersion, '7', commit], [digest, digest, null, null],
    ]);
  }

  async decide(model: string, version: string, registered: number, decision: 'approved' | 'rejected' | 'withdrawn'): Promise<SequencedEntry> {
    const type = decision === 'withdrawn' ? 'model-version-approval-withdrawn' : `model-version-${decision}`;
    return this.append(APPROVER, type, { model, version, registered, reason: `it was ${decision}` },
      `insert into model_decision (log, model, version, index, time, principal, decision) select $1::int, $3, $4, $2::bigint, time, $5, $6 from log_head where log = $1::int`, [model, version, APPROVER, decision]);
  }

  async deploy(model: string, version: string, deployment: 'live' | 'shadow' | 'canary' | 'retired', share = 1): Promise<SequencedEntry> {
    const from = new Date(Date.now() - 1000).toISOString();
    const shared = deployment === 'live' || deployment === 'canary';
    return this.append(OWNER, 'model-deployed', { model, version, deployment, from, reason: 'a release', ...(shared && { share }) },
      `insert into model_deployment (log, model, version, index, time, principal, deployment, share, from_time, retroactive)
       select $1::int, $3, $4, $2::bigint, time, $5, $6, $7::int, $8::bigint, false from log_head where log = $1::int`,
      [model, version, OWNER, deployment, shared ? Math.round(share * 10_000) : null, Date.parse(from)]);
  }

  private append(principal: string, type: string, body: JsonObject, text: string, values: unknown[]): Promise<SequencedEntry> {
    return this.log.append({ ...draftAct(this.log, { principal, rule: 'a-rule' }, { type, v: 1, body }), also: { text, values } });
  }
}
