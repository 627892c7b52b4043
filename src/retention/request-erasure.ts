import { randomBytes } from 'node:crypto';
import { draftAct } from '../access/act.ts';
import type { Caller } from '../access/caller.ts';
import { refusePersonal } from '../contracts/kept-text.ts';
import { invalidBody } from './invalid-body.ts';
import type { ErasureForm } from './erasure-form.ts';
import type { PrivacyPolicy } from './privacy-policy.ts';
import { INSERT_REQUEST, readRequest, type RequestRow } from './request-table.ts';
import { refuseHeld } from './held.ts';
import { ownSubject, targetsOf } from './subject-targets.ts';

/** `req_` and 24 hexadecimal digits. */
export function newRequestId(): string {
  return `req_${randomBytes(12).toString('hex')}`;
}

/**
 * Asks for a data subject's erasure: a second person has to agree. Whether anything is held of the subject makes no
 * difference to what is answered, written or done here.
 *
 * @throws Problem `legal-hold`, `invalid-body`; AppendError
 */
export async function requestErasure(policy: PrivacyPolicy, caller: Caller, form: ErasureForm): Promise<RequestRow> {
  const { subject: reference, reason, citation = null, exemption = null, note = null, recipients = [] } = form;
  refusePersonal({ citation: form.citation, note: form.note }, reference);
  const strangers = recipients.flatMap((name, i) => (policy.recipients.includes(name) ? [] : [{ at: `/recipients/${i}`, code: 'unknown', detail: 'is no recipient of policies/privacy.yaml' }]));
  if (strangers.length > 0) throw invalidBody(strangers);
  const { log } = caller;
  const subjects = await targetsOf(log, reference);
  await refuseHeld(log.pool, log, subjects);
  const id = newRequestId();
  const detail = { reason, citation, exemption, note, recipients };
  const body = { request: id, subject: ownSubject(log, subjects), ...detail };
  const expires = new Date(Date.now() + policy.requestLifeMs);
  await log.append({
    ...draftAct(log, caller, { type: 'erasure-requested', v: 1, body }),
    also: { text: INSERT_REQUEST, values: [id, 'erasure', caller.principal, expires, JSON.stringify(subjects), null, JSON.stringify(detail)] },
  });
  return found(await readRequest(log.pool, log.row.id, id));
}

function found(row: RequestRow | undefined): RequestRow {
  if (row === undefined) throw new Error('a request that was committed is not there');
  return row;
}
