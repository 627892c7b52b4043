import formats from 'ajv-formats';
import { draftAct } from '../access/act.ts';
import type { Caller } from '../access/caller.ts';
import { refusePersonal } from '../contracts/kept-text.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { Problem, type Fault } from '../http/problem.ts';
import type { SequencedEntry } from '../ledger/entry-draft.ts';
import { advanceStanding } from './advance-standing.ts';
import { knownVersion, registrationOf } from './decide-version.ts';
import { readHistories } from './model-history.ts';
import { sharesAt, standingAt, WHOLE, type Deployment, type DeploymentFact } from './standing.ts';
import { LONG_TEXT } from './version-form.ts';
import { INSERT_DEPLOYMENT } from './version-table.ts';

/** What `POST …/deployments` takes. */
export interface DeploymentForm {
  deployment: Deployment;
  /** From 0 to 1, of the traffic that is decided on. */
  share?: number;
  /** RFC 3339; from now on unless said. */
  from?: string;
  to?: string;
  reason: string;
}

export const DEPLOYMENT_FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['deployment', 'reason'],
  properties: {
    deployment: { enum: ['live', 'shadow', 'canary', 'retired'] },
    share: { type: 'number', minimum: 0, maximum: 1 },
    from: { type: 'string', format: 'date-time', maxLength: 40 },
    to: { type: 'string', format: 'date-time', maxLength: 40 },
    reason: LONG_TEXT,
  },
} as const;

const ajv = new OwnSchemas();
formats.default(ajv, ['date-time']);
export const isDeploymentForm = ajv.compile<DeploymentForm>(DEPLOYMENT_FORM);

/** What was deployed, and where that stands. */
export interface Deployed extends SequencedEntry {
  model: string;
  version: string;
  deployment: Deployment;
  share?: number;
  /** RFC 3339. */
  from: string;
  to?: string;
  retroactive?: true;
}

/**
 * Says where a version runs from a time on, or that it does not any more. To roll back is to deploy an earlier version.
 *
 * @param now ms since 1970
 * @throws Problem `forbidden`, `not-found`, `invalid-body`, `version-unapproved`, `shares-exceeded`; AppendError
 */
export async function deployVersion(caller: Caller, model: string, version: string, form: DeploymentForm, now: number): Promise<Deployed> {
  const { log } = caller;
  const { deployment, reason } = form;
  const row = await knownVersion(caller, model, version);
  caller.decide({ model, version, requester: row.principal, deployment });
  const { share, from, to } = readForm(form, now);
  const retroactive = form.from !== undefined && from < now;
  refusePersonal({ reason }, undefined);
  const said = {
    deployment, ...(share !== null && { share: share / WHOLE }), from: new Date(from).toISOString(), ...(to !== null && { to: new Date(to).toISOString() }), ...(retroactive && { retroactive: true as const }),
  };
  const body = { ...registrationOf(caller, row), ...said, reason };
  const [entry] = await log.appendWith(async (client, head) => {
    const history = (await readHistories(client, log, model)).get(model);
    const time = Math.max(now, head.time);
    const place = { log: log.row.id, index: head.size, time };
    if (share !== null && standingAt(history, version, { time, before: place }).decided !== 'approved') {
      throw new Problem('version-unapproved', 'The version is not approved: nothing is decided by it until it is; a shadow needs no approval.');
    }
    checkShares(history?.deployments ?? [], { ...place, version, deployment, share, from, to });
    const also = { text: INSERT_DEPLOYMENT, values: [model, version, caller.principal, deployment, share, from, to, retroactive] };
    const vault = await advanceStanding(client, log.row.id);
    return { vault, drafts: [{ ...draftAct(log, caller, { type: 'model-deployed', v: 1, body }), also }] };
  });
  return { model, version, ...said, ...(entry as SequencedEntry) }; // one for each draft
}

function readForm(form: DeploymentForm, now: number): Pick<DeploymentFact, 'share' | 'from' | 'to'> {
  const errors: Fault[] = [];
  const window = readWindow(form, now, errors);
  const share = readShare(form, errors);
  if (errors.length > 0) throw new Problem('invalid-body', 'The body is not right; see errors for every place.', { errors });
  return { share, ...window };
}

function readWindow({ deployment, from, to }: DeploymentForm, now: number, errors: Fault[]): Pick<DeploymentFact, 'from' | 'to'> {
  const start = from === undefined ? now : Date.parse(from);
  const end = to === undefined ? null : Date.parse(to);
  if (Number.isNaN(start)) errors.push({ at: '/from', code: 'instant', detail: 'is no instant' });
  if (Number.isNaN(end)) errors.push({ at: '/to', code: 'instant', detail: 'is no instant' });
  if (end !== null && end <= start) errors.push({ at: '/to', code: 'range', detail: 'lies after from' });
  if (end !== null && deployment === 'retired') errors.push({ at: '/to', code: 'range', detail: 'is left out: what is retired comes back by another deployment' });
  return { from: start, to: end };
}

/** Ten-thousandths; null for what decides nothing. */
function readShare({ deployment, share }: DeploymentForm, errors: Fault[]): number | null {
  if (deployment === 'shadow' || deployment === 'retired') {
    if (share !== undefined) errors.push({ at: '/share', code: 'unknown-field', detail: 'is left out: what is a shadow or retired decides nothing' });
    return null;
  }
  if (deployment === 'canary' && share === undefined) errors.push({ at: '/share', code: 'missing-field', detail: 'is required of a canary' });
  const parts = Math.round((share ?? 1) * WHOLE);
  if (share !== undefined && Math.abs(parts - share * WHOLE) > 1e-6) errors.push({ at: '/share', code: 'multipleOf', detail: 'goes in steps of 0.0001' });
  return parts;
}

/** Looks at every time from the new deployment's `from` on at which anything begins or ends. */
function checkShares(deployments: readonly DeploymentFact[], fresh: DeploymentFact): void {
  if (fresh.share === null) return;
  const all = [...deployments, fresh];
  const before = { log: fresh.log, index: fresh.index + 1 };
  const turns = new Set(all.flatMap(({ from, to }) => (to === null ? [from] : [from, to])));
  for (const time of turns) {
    if (time < fresh.from || sharesAt(all, { time, before }) <= WHOLE) continue;
    throw new Problem('shares-exceeded', `At ${new Date(time).toISOString()} the shares of the live and canary versions would add up to more than 1.`, {
      errors: [{ at: '/share', code: 'shares-exceeded', detail: 'is more than the others leave: make theirs smaller first' }],
    });
  }
}
