import type { Pool } from 'pg';
import { parseEntry } from '../core/entry.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parsePayload } from '../core/payload.ts';
import type { PayloadOpener } from '../vault/log-vault.ts';
import type { SystemPayload } from './draft.ts';
import type { EntryDraft } from './entry-draft.ts';
import type { PolicyBundle } from './policy-bundle.ts';
import { PolicyError } from './policy-error.ts';
import type { SignedPolicy } from './policy-signature.ts';

/** The entry by which a bundle comes into force: version 2 where it is signed. */
export function activationOf(policy: PolicyBundle, signed: SignedPolicy | undefined): SystemPayload {
  const body: Record<string, JsonValue> = { digest: policy.digestHex, files: { ...policy.files } };
  if (signed === undefined) return { type: 'policy-activated', v: 1, body };
  const { sequence, author, approvers, signatures } = signed;
  return { type: 'policy-activated', v: 2, body: { ...body, sequence, author, approvers: [...approvers], signatures: signatures.map((each) => ({ ...each })) } };
}

/** What the entry of an activation writes beside itself: from which entry on which bundle governs. */
export function activated(digest: Uint8Array): Required<Pick<EntryDraft, 'also'>> {
  return { also: { text: 'insert into policy_activation (log, index, digest) values ($1, $2, $3)', values: [Buffer.from(digest)] } };
}

/**
 * Refuses a bundle that is not newer than the last signed one that was in force on a log.
 *
 * @throws PolicyError
 */
export async function checkSequence(pool: Pool, log: { id: number; name: string }, opener: PayloadOpener, { sequence }: SignedPolicy): Promise<void> {
  const last = await lastSequence(pool, log.id, opener);
  if (last === undefined || sequence > last) return;
  throw new PolicyError(`the policies are signed as number ${sequence}, and number ${last} was in force on log ${log.name}: an older policy does not come back; sign it anew as number ${last + 1} if it is to`);
}

// Looked for when a bundle changes, and then from the end: an index would cost each append. Types stand in entries in the clear.
const LAST_ACTIVATION = `
select e.index, e.bytes, p.key, p.sealed from entry e left join payload p on p.log = e.log and p.index = e.index
where e.log = $1 and e.index < $2 and position($3::bytea in e.bytes) > 0 order by e.index desc limit 1`;
const MARK = Buffer.from('"type":"policy-activated"');

interface ActivationRow {
  index: number;
  bytes: Buffer;
  key: number | null;
  sealed: Buffer | null;
}

/** The sequence number of the last activation that was signed; undefined where none was. */
async function lastSequence(pool: Pool, log: number, opener: PayloadOpener): Promise<number | undefined> {
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const { rows: [row] } = await pool.query<ActivationRow>(LAST_ACTIVATION, [log, before, MARK]);
    if (row === undefined) return undefined;
    before = row.index;
    if (row.key === null || row.sealed === null) throw new PolicyError(`entry ${row.index} brought a policy into force, and its payload is missing: it cannot be told whether these policies are older`);
    const { payload } = await opener.open(row.key, row.sealed, parseEntry(row.bytes).commitment);
    const { v, body } = parsePayload(Buffer.from(payload).toString('utf8'));
    if (v === 2) return (body as { sequence: number }).sequence;
  }
}
