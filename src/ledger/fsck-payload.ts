import { CoreError } from '../core/core-error.ts';
import type { JsonValue } from '../core/json-value.ts';
import { parseEntry } from '../core/entry.ts';
import { parsePayload } from '../core/payload.ts';
import { VaultError } from '../vault/vault-error.ts';
import { hmacHex } from '../vault/native-hmac.ts';
import type { PayloadOpener } from '../vault/log-vault.ts';
import type { EntryRow, Finding } from './fsck.ts';
import type { LossAudit } from './fsck-lost.ts';

/** What was found of an entry's payload; it is given where it opens to what the entry says. */
export interface CheckedPayload {
  policy: string;
  findings: Finding[];
  payload?: { index: number; type: string; v: number; body: JsonValue };
  /** The payload is gone, by what an entry says of a tail that was brought back. */
  lost?: true;
}

/** Checks an entry's payload against its commitment and the read model against the payload. */
export async function checkPayload(row: EntryRow, opener: PayloadOpener, losses: Pick<LossAudit, 'has'>): Promise<CheckedPayload> {
  const { commitment, policy, type, time } = parseEntry(row.bytes);
  if (row.sealed === null || row.key === null) {
    if (row.erased) return { policy, findings: row.outcome === null ? [] : [{ code: 'read-model-wrong', detail: 'a search column of what was erased is left' }] };
    if (losses.has(row.index)) return { policy, lost: true, findings: row.id === null ? [] : [{ code: 'read-model-wrong', detail: 'a row that lists show is left of what was lost' }] };
    return { policy, findings: [{ code: 'payload-missing', detail: 'the payload is missing, and no entry says why' }] };
  }
  try {
    const { salt, payload } = await opener.open(row.key, row.sealed, commitment);
    if (hmacHex(salt, payload) !== commitment) {
      return { policy, findings: [{ code: 'commitment-mismatch', detail: 'the payload is not the one that the entry commits to' }] };
    }
    const parsed = parsePayload(Buffer.from(payload).toString('utf8'));
    if (parsed.type !== type) return { policy, findings: [{ code: 'payload-malformed', detail: 'the payload is of another type than its entry' }] };
    if (row.erased) return { policy, findings: [{ code: 'erased-present', detail: 'an entry says that the payload was erased, and it is there' }] };
    return { policy, payload: { index: row.index, type, v: parsed.v, body: parsed.body }, findings: readModelFindings(row, type, time, parsed as unknown as PredictionPayload) };
  } catch (error) {
    if (error instanceof CoreError || error instanceof VaultError) return { policy, findings: [{ code: error.code, detail: error.message }] };
    throw error;
  }
}

/** What of a prediction's payload lists filter by, and totals count by (docs/spec/payloads.md). */
interface PredictionPayload {
  principal: string;
  body: { id: string; model: string; version: string; deployment?: string; decision?: { outcome: string } };
}

function readModelFindings(row: EntryRow, type: string, time: string, { principal, body }: PredictionPayload): Finding[] {
  const { id, model, version, deployment, outcome } = row;
  const isRight =
    type === 'prediction'
      ? id === body.id && model === body.model && version === body.version && deployment === (body.deployment ?? null) &&
        outcome === (body.decision?.outcome ?? null) && row.time === Date.parse(time) &&
        // Rows from before the column have none.
        (row.principal === null || row.principal === principal)
      : id === null;
  return isRight ? [] : [{ code: 'read-model-wrong', detail: 'the row that lists show is not what the entry says' }];
}
