import { draftAct, type Actor } from '../access/act.ts';
import type { Log } from '../ledger/log.ts';
import { eraseKeys } from './erase-keys.ts';
import { WHOLE_LOG } from './tokenize.ts';

/** Appends wait while payloads are sealed anew. */
const MAX_PAYLOADS = 20_000;

/** Why a key is not rotated. */
export class RotationRefusal extends Error {
  override readonly name = 'RotationRefusal';
}

export interface RotatedKey {
  /** The entry that says so. */
  index: number;
  /** Payloads that were sealed anew. */
  payloads: number;
}

/**
 * Puts a new key in the place of a data subject's: what the old one sealed is sealed anew, in the log or in the one that it
 * succeeds, and the old one destroyed, in one transaction with the entry that says so. No entry changes.
 *
 * @param subject opaque id, `sub_` and 24 hexadecimal digits
 * @throws RotationRefusal; AppendError, VaultError, and nothing is changed then
 */
export async function rotateSubjectKey(log: Log, by: Actor, subject: string): Promise<RotatedKey> {
  if (!/^sub_[0-9a-f]{24}$/.test(subject)) throw new RotationRefusal('a data subject’s opaque id is sub_ and 24 hexadecimal digits');
  for (const of of log.succession) {
    const key = await of.vault.keyOfSubject(subject);
    if (key !== undefined) return rotate(log, of, by, subject);
  }
  throw new RotationRefusal('the log has no key of that data subject: it never had, or it was erased');
}

async function rotate(log: Log, of: Log, by: Actor, subject: string): Promise<RotatedKey> {
  const { id: number, origin } = of.row;
  const bytes = Buffer.from(subject.slice('sub_'.length), 'hex');
  const ofSubject = 'select id, epoch from data_key where log = $1 and subject = $2 and reference is not null';
  let payloads = 0;
  const [entry] = await log.appendWith(async (client, head) => {
    await client.query('select from lock_head($1)', [number]);
    const { rows: [old] } = await client.query<{ id: number; epoch: number | null }>(ofSubject, [number, bytes]);
    if (old === undefined) throw new RotationRefusal('the data subject was erased meanwhile');
    // Its tokens stand in payloads that other keys seal: they could not be told from tokens of nothing.
    if ((await of.vault.referenceOf(old.id)) === WHOLE_LOG) throw new RotationRefusal('that key is not a data subject’s, but the one of tokens that are the same in the whole log');
    const { rows: sealed } = await client.query<{ index: number }>('select index from payload where log = $1 and key = $2 order by index limit $3', [number, old.id, MAX_PAYLOADS + 1]);
    payloads = sealed.length;
    if (payloads > MAX_PAYLOADS) throw new RotationRefusal(`the key has sealed more than ${MAX_PAYLOADS} payloads: appends would wait too long`);
    const { vault } = await eraseKeys(client, { log: number, vault: of.vault, keys: [old.id], staying: sealed.map(({ index }) => index), renewed: [old.id], by: { log: log.row.id, index: head.size } });
    const { rows: [key] } = await client.query<{ id: number; epoch: number }>(ofSubject, [number, bytes]);
    if (key === undefined) throw new Error('a key that was just made is not there');
    const body = { origin, subject, replaced: { ...old }, key: { ...key }, payloads };
    return { drafts: [draftAct(log, by, { type: 'subject-key-rotated', v: 1, body })], vault: of === log ? vault : undefined };
  });
  if (of !== log) await of.vault.renew((await of.readHead()).vault);
  return { index: (entry as { index: number }).index, payloads }; // one for the draft
}
