import { randomBytes } from 'node:crypto';
import { canonicalize } from '../core/canonical-json.ts';
import type { JsonValue } from '../core/json-value.ts';
import { Problem, type Fault } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import type { SealingKey } from '../vault/log-vault.ts';
import { VaultError } from '../vault/vault-error.ts';
import type { Posted } from './prepared.ts';
import { QuarantineTable, type QuarantineRow, type SealedRecord } from './quarantine-table.ts';

/** What a producer is told of a record that its contract doubts. */
export interface Quarantined {
  /** The prediction's id. */
  id: string;
  log: Log;
  /** The id in quarantine. */
  quarantine: string;
  /** RFC 3339. */
  expires: string;
  reasons: readonly Fault[];
  /** Whether this very request put it there. */
  created: boolean;
}

/** What is sealed. */
export interface HeldRecord {
  /** As it was posted, in canonical form. */
  record: { [name: string]: JsonValue };
  faults: Fault[];
}

/** Why a record is held, how long, and by whose hand it came. */
export interface Doubts {
  faults: readonly Fault[];
  /** ISO 8601 duration. */
  expires: string;
  contract: string;
  principal: string;
  rule: string;
}

/** Keeps records that their contract doubts, each sealed under a key of its own. */
export class Quarantine {
  /**
   * Keeps a record, durably and counted. What is held already is told again where the content is the same.
   *
   * @throws Problem `id-taken`; VaultError
   */
  async keep(log: Log, posted: Posted, doubts: Doubts): Promise<Quarantined> {
    const table = new QuarantineTable(log.pool);
    // Rounds after the first: another request was first, or keys were erased or wrapped anew meanwhile.
    for (let round = 0; round < 4; round++) {
      const known = await table.findHeld(log.succession.map(({ row }) => row.id), posted.prediction.id);
      if (known !== undefined) {
        const again = await sameAgain(log, posted, known);
        if (again !== undefined) return again;
        continue;
      }
      const id = `qua_${randomBytes(12).toString('hex')}`;
      const outcome = await this.insert(log, posted, doubts, id);
      if (outcome === 'stale') await log.vault.renew((await log.readHead()).vault);
      if (outcome !== 'kept') continue;
      const kept = await table.read([log.row.id], id);
      if (kept === undefined) throw new Error('a record in quarantine is not there');
      return { id: posted.prediction.id, log, quarantine: id, expires: kept.expires.toISOString(), reasons: doubts.faults, created: true };
    }
    throw new VaultError('keys-unavailable', 'no key could be made for a record in quarantine');
  }

  private async insert(log: Log, posted: Posted, { faults, expires, contract, principal, rule }: Doubts, id: string): Promise<'kept' | 'known' | 'stale'> {
    const { prediction } = posted;
    const subject: SealingKey | undefined = prediction.subject === undefined ? undefined : await log.vault.subjectKey(prediction.subject);
    const { key, row } = log.vault.ownKey();
    if (row === undefined) throw new VaultError('keys-unavailable', 'nothing is kept in quarantine without a key');
    const held = { faults, record: prediction } as unknown as JsonValue;
    return new QuarantineTable(log.pool).keep({
      log: log.row.id, id, prediction: prediction.id, model: prediction.model, version: prediction.version, principal, rule, contract,
      reasons: countCodes(faults), period: expires, key: key.id, ...row, subjectKey: subject?.id,
      sealed: key.seal('quarantine', id, Buffer.from(canonicalize(held))),
    });
  }
}

/**
 * Opens a held record; undefined where it has left since its row was read.
 *
 * @param log the log that it was posted to
 * @throws VaultError
 */
export async function openHeld(log: Log, { id, key, sealed }: QuarantineRow & SealedRecord): Promise<HeldRecord | undefined> {
  try {
    return JSON.parse((await log.vault.openQuarantined(key, sealed, id)).toString('utf8')) as HeldRecord;
  } catch (error) {
    if (error instanceof VaultError && error.code === 'key-erased') return undefined;
    throw error;
  }
}

/** Undefined where it has left meanwhile. @throws Problem `id-taken` */
async function sameAgain(log: Log, { prediction, content }: Posted, known: QuarantineRow & SealedRecord): Promise<Quarantined | undefined> {
  const holder = log.holderOf(known.log) ?? log;
  const held = await openHeld(holder, known);
  if (held === undefined) return undefined;
  const { trace: _trace, ...rest } = held.record;
  if (canonicalize(rest) !== content) throw new Problem('id-taken', 'The id stands in quarantine with other content: use a new id, or have that one rejected.');
  return { id: prediction.id, log, quarantine: known.id, expires: known.expires.toISOString(), reasons: held.faults, created: false };
}

function countCodes(faults: readonly Fault[]): { code: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { code } of faults) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => ({ code, count }));
}
