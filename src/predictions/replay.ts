import type { Pool } from 'pg';
import type { Action, Resource } from '../access/catalogue.ts';
import type { Attributes } from '../access/condition.ts';
import type { Decision } from '../access/decision.ts';
import type { Roles } from '../access/roles.ts';
import { SCOPE_RULE } from '../access/scope.ts';
import { classesOfContracts } from '../contracts/class-of-contract.ts';
import type { Contracts } from '../contracts/contracts.ts';
import { parseEntry } from '../core/entry.ts';
import { parsePayload, type Payload } from '../core/payload.ts';
import type { LogRow } from '../ledger/log-row.ts';
import type { PayloadOpener } from '../vault/log-vault.ts';
import { VaultError } from '../vault/vault-error.ts';
import { attributesOf } from './appender.ts';
import type { Prediction } from './prediction.ts';

/** A decision that a candidate policy would make otherwise. */
export interface ChangedDecision {
  index: number;
  time: string;
  /** Opaque id. */
  principal: string;
  role: string;
  action: Action;
  resource: Resource;
  before: { outcome: 'allow' | 'deny'; rule: string };
  /** `contract`: the rules allow it, and no contract would govern the record. */
  now: { outcome: 'allow' | 'deny'; rule: string };
}

/** What a replay came to, in numbers. */
export interface ReplayTotals {
  decisions: number;
  /** Decided otherwise: each was told. */
  changed: number;
  /** Decided the same by another rule. */
  otherRule: number;
  /** What was asked about, or the role of who asked, is not known any more. */
  unknown: number;
  /** Decided by what is in no policy: the scope of a credential. */
  outside: number;
}

export interface ReplayOptions {
  pool: Pool;
  row: LogRow;
  /** Opens the payloads of a log, by its origin; undefined for a log that is not here. */
  openerOf: (origin: string) => { id: number; opener: PayloadOpener } | undefined;
  candidate: { roles: Roles; contracts: Contracts };
  /** The rules that are in force, where they can be read: an append names its rule, and that is in one role. */
  current: Roles | undefined;
  onChange: (change: ChangedDecision) => void;
}

const PAGE = 500;
const MAX_ROLES = 10_000;

interface Row {
  index: number;
  bytes: Buffer;
  key: number | null;
  sealed: Buffer | null;
}

interface Recorded {
  principal: string;
  role: string | undefined;
  action: Action;
  resource: Resource;
  outcome: 'allow' | 'deny';
  rule: string;
  /** Undefined: what was asked about is not known. */
  attributes: Attributes | undefined;
  /** Of an append. */
  model?: string;
}

/** As a log keeps them, in pages. */
const ENTRIES = `
select e.index, e.bytes, p.key, p.sealed from entry e left join payload p on p.log = e.log and p.index = e.index
where e.log = $1 and e.index >= $2 and e.index < $3 order by e.index limit ${PAGE}`;

/**
 * Decides anew, by a candidate policy, what a log has recorded: each append of a prediction and each `access-decision`.
 * Reads a page at a time and writes nothing. What a condition looks at and nobody recorded is not known, and fails closed as ever.
 */
export async function replay(options: ReplayOptions): Promise<ReplayTotals> {
  const { pool, row } = options;
  const totals: ReplayTotals = { decisions: 0, changed: 0, otherRule: 0, unknown: 0, outside: 0 };
  const source = new RecordedDecisions(options);
  const { rows: [head] } = await pool.query<{ size: number }>('select size from log_head where log = $1', [row.id]);
  const size = head?.size ?? 0;
  for (let from = 0; from < size; from += PAGE) {
    const { rows } = await pool.query<Row>(ENTRIES, [row.id, from, size]);
    for (const each of rows) {
      const { type, time, policy } = parseEntry(each.bytes);
      if (type !== 'prediction' && type !== 'access-decision') continue;
      totals.decisions += 1;
      judge(options, await source.read(each, time), { index: each.index, time, policy }, totals);
    }
  }
  return totals;
}

interface Place {
  index: number;
  time: string;
  /** Digest of the policy under which it was decided. */
  policy: string;
}

function judge({ candidate, current, row, onChange }: ReplayOptions, recorded: Recorded | undefined, { index, time, policy }: Place, totals: ReplayTotals): void {
  if (recorded?.rule === SCOPE_RULE) {
    totals.outside += 1;
    return;
  }
  const decision = recorded && decideBy(candidate.roles, recorded);
  if (recorded?.role === undefined || decision === undefined || (current?.policy === policy && !decidesAgain(current, recorded))) {
    totals.unknown += 1;
    return;
  }
  const { principal, role, action, resource, model, outcome, rule } = recorded;
  const ungoverned = decision.allowed && model !== undefined && candidate.contracts.of(model, row.tenantName) === undefined;
  const now = ungoverned ? ({ outcome: 'deny', rule: 'contract' } as const) : { outcome: outcomeOf(decision), rule: decision.rule };
  if (now.outcome !== outcome) {
    totals.changed += 1;
    onChange({ index, time, principal, role, action, resource, before: { outcome, rule }, now });
  } else if (now.rule !== rule) totals.otherRule += 1;
}

/** False where the very rules that decided it decide otherwise now: they looked at something that nobody recorded. */
function decidesAgain(current: Roles, recorded: Recorded): boolean {
  const again = decideBy(current, recorded);
  return again === undefined || outcomeOf(again) === recorded.outcome;
}

/** Undefined where it hangs on what is not known any more. */
function decideBy(roles: Roles, { principal, role, action, resource, attributes }: Recorded): Decision | undefined {
  if (role === undefined) return undefined;
  const settled = roles.settled(role, action, resource);
  if (settled !== undefined || attributes === undefined) return settled;
  return roles.decide({ id: principal, role }, action as 'read', resource as 'log', attributes);
}

function outcomeOf({ allowed }: Decision): 'allow' | 'deny' {
  return allowed ? 'allow' : 'deny';
}

/** A log's entries as the decisions that they record. */
class RecordedDecisions {
  private readonly options: ReplayOptions;
  private readonly roles = new Map<string, string | undefined>();
  private readonly classes: ReadonlyMap<string, string>;

  constructor(options: ReplayOptions) {
    this.options = options;
    // The candidate keeps older versions of its contracts; one that it has no more has no class.
    this.classes = classesOfContracts(options.candidate.contracts);
  }

  /** Undefined where the payload is not there any more. */
  async read(row: Row, time: string): Promise<Recorded | undefined> {
    const { tenantName, origin } = this.options.row;
    const payload = await this.open(origin, row);
    if (payload === undefined) return undefined;
    const common = { tenant: tenantName, now: Date.parse(time) };
    if (payload.type === 'prediction') return this.append(payload, common);
    const { outcome, action, resource, role, of, purpose, at } = payload.body as unknown as DecisionBody;
    const known = of === null ? undefined : await this.attributesAt(of, payload.principal);
    const attributes = known && { ...known, ...common, ...(at !== null && { now: Date.parse(at) }), 'stated-purpose': purpose };
    return { principal: payload.principal, rule: payload.rule, role, action, resource, outcome, attributes };
  }

  private async append({ principal, rule, contract, body }: Payload, common: Attributes): Promise<Recorded> {
    const prediction = body as unknown as Prediction;
    const attributes = { ...attributesOf(prediction, contract, this.classes), own: true, ...common };
    return { principal, rule, role: await this.roleOf(principal, rule), action: 'append', resource: 'prediction', outcome: 'allow', attributes, model: prediction.model };
  }

  /** What rules may look at of the prediction that was asked about. */
  private async attributesAt({ log: origin, index }: { log: string; index: number }, principal: string): Promise<Attributes | undefined> {
    const log = this.options.openerOf(origin);
    if (log === undefined) return undefined;
    const { rows: [row] } = await this.options.pool.query<Row>(ENTRIES, [log.id, index, index + 1]);
    const payload = row && (await this.open(origin, row));
    if (row === undefined || payload?.type !== 'prediction') return undefined;
    return { ...attributesOf(payload.body as unknown as Prediction, payload.contract, this.classes), own: payload.principal === principal, time: Date.parse(parseEntry(row.bytes).time), index };
  }

  private async open(origin: string, { bytes, key, sealed }: Row): Promise<Payload | undefined> {
    const opener = this.options.openerOf(origin)?.opener;
    if (opener === undefined || key === null || sealed === null) return undefined;
    try {
      const { payload } = await opener.open(key, sealed, parseEntry(bytes).commitment);
      return parsePayload(Buffer.from(payload).toString('utf8'));
    } catch (error) {
      // Erased: what it said is not known any more. Anything else is a fault that fsck finds.
      if (error instanceof VaultError && error.code === 'key-erased') return undefined;
      throw error;
    }
  }

  /** The role of an append: of the rule that allowed it, in the policy in force or the candidate; else of the key. */
  private async roleOf(principal: string, rule: string): Promise<string | undefined> {
    const { current, candidate, pool } = this.options;
    const owner = [...(current?.all ?? []), ...candidate.roles.all].find(({ rules }) => rules.some(({ id }) => id === rule));
    if (owner !== undefined) return owner.name;
    if (!this.roles.has(principal)) {
      if (this.roles.size >= MAX_ROLES) this.roles.clear();
      const { rows } = await pool.query<{ role: string }>('select role from api_key where principal = $1 limit 1', [principal]);
      this.roles.set(principal, rows[0]?.role);
    }
    return this.roles.get(principal);
  }
}

/** As docs/spec/schemas/access-decision-v1.json has it. */
interface DecisionBody {
  outcome: 'allow' | 'deny';
  action: Action;
  resource: Resource;
  role: string;
  of: { log: string; index: number } | null;
  purpose: string | null;
  at: string | null;
}
