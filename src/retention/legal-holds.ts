import { randomBytes } from 'node:crypto';
import { draftAct } from '../access/act.ts';
import type { Caller } from '../access/caller.ts';
import { refusePersonal, TEXT } from '../contracts/kept-text.ts';
import { OwnSchemas } from '../http/own-schemas.ts';
import { Problem } from '../http/problem.ts';
import { SUBJECT } from './erasure-form.ts';
import { invalidBody } from './invalid-body.ts';
import { INSERT_HOLD, readHold, type LegalHoldRow } from './legal-hold-table.ts';
import { newRequestId } from './request-erasure.ts';
import { INSERT_REQUEST, readRequest, type RequestRow } from './request-table.ts';
import { ownSubject, targetsOf } from './subject-targets.ts';
import type { Desk } from './decide-request.ts';

export const HOLD_REASONS = ['litigation', 'investigation', 'regulator', 'audit', 'other'] as const;
export const RELEASE_REASONS = ['ended', 'placed-in-error', 'superseded', 'other'] as const;

const INSTANT = { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,3})?Z$' } as const;

/** What `POST /v1/legal-holds` takes: a subject, models, a window of entry time, or several of them, all of which must fit. */
export interface HoldForm {
  subject?: string;
  models?: string[];
  from?: string;
  to?: string;
  reason: (typeof HOLD_REASONS)[number];
  citation?: string;
}

export const HOLD_FORM = {
  type: 'object',
  additionalProperties: false,
  required: ['reason'],
  properties: {
    subject: SUBJECT,
    models: { type: 'array', minItems: 1, maxItems: 100, uniqueItems: true, items: { type: 'string', minLength: 1, maxLength: 128 } },
    from: INSTANT,
    to: INSTANT,
    reason: { enum: HOLD_REASONS },
    citation: TEXT,
  },
} as const;
export const RELEASE_FORM = { type: 'object', additionalProperties: false, required: ['reason'], properties: { reason: { enum: RELEASE_REASONS } } } as const;

const ajv = new OwnSchemas();
export const isHoldForm = ajv.compile<HoldForm>(HOLD_FORM);
export const isReleaseForm = ajv.compile<{ reason: (typeof RELEASE_REASONS)[number] }>(RELEASE_FORM);

/**
 * Places a legal hold: from this entry on, nothing that it is on is erased or disposed of. One person is enough, since it
 * keeps; to release it takes two.
 *
 * @throws Problem `invalid-body`; AppendError
 */
export async function placeHold(caller: Caller, form: HoldForm): Promise<LegalHoldRow> {
  const { subject, models = null, reason, citation = null } = form;
  const [from, to] = [instant(form, 'from'), instant(form, 'to')];
  if (subject === undefined && models === null && from === null && to === null) throw invalidBody([{ at: '', code: 'nothing-held', detail: 'name a subject, models, or a window of time' }]);
  if (from !== null && to !== null && from >= to) throw invalidBody([{ at: '/to', code: 'range', detail: 'lies after from' }]);
  refusePersonal({ citation: form.citation }, subject);
  const { log } = caller;
  const subjects = subject === undefined ? [] : await targetsOf(log, subject);
  const id = `hold_${randomBytes(12).toString('hex')}`;
  const body = { hold: id, subject: ownSubject(log, subjects), models, from: form.from ?? null, to: form.to ?? null, reason, citation };
  await log.append({
    ...draftAct(log, caller, { type: 'legal-hold-placed', v: 1, body }),
    also: { text: INSERT_HOLD, values: [id, caller.principal, JSON.stringify(subjects), models, from, to, reason, citation] },
  });
  const row = await readHold(log.pool, [log.row.id], id);
  if (row === undefined) throw new Error('a legal hold that was committed is not there');
  return row;
}

/** Asks for a legal hold's release. @throws Problem `not-found`, `request-closed`; AppendError */
export async function requestRelease({ policy }: Desk, caller: Caller, hold: string, reason: string): Promise<RequestRow> {
  const { log } = caller;
  const row = await readHold(log.pool, log.succession.map((each) => each.row.id), hold);
  if (row === undefined) throw new Problem('not-found', 'There is no such legal hold.');
  caller.decide({ requester: row.placedBy, time: row.placed.getTime() });
  if (row.released !== null) throw new Problem('request-closed', 'The legal hold was released already.');
  const id = newRequestId();
  const detail = { reason };
  await log.append({
    ...draftAct(log, caller, { type: 'legal-hold-release-requested', v: 1, body: { request: id, hold, reason } }),
    also: { text: INSERT_REQUEST, values: [id, 'legal-hold-release', caller.principal, new Date(Date.now() + policy.requestLifeMs), '[]', hold, JSON.stringify(detail)] },
  });
  const request = await readRequest(log.pool, log.row.id, id);
  if (request === undefined) throw new Error('a request that was committed is not there');
  return request;
}

function instant(form: HoldForm, name: 'from' | 'to'): number | null {
  const text = form[name];
  if (text === undefined) return null;
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw invalidBody([{ at: `/${name}`, code: 'instant', detail: 'is no instant' }]);
  return time;
}
