import type { PoolClient } from 'pg';
import type { Contracts } from '../contracts/contracts.ts';
import type { Log } from '../ledger/log.ts';
import type { LogRow } from '../ledger/log-row.ts';
import { eraseKeys } from '../vault/erase-keys.ts';
import { isRetained } from './schedule.ts';
import { subjectBytes, type SubjectTarget } from './subject-targets.ts';

/** What was erased of a data subject in one log. */
export interface ErasedPart {
  log: Log;
  subject: string;
  /** The keys that were destroyed, those whose place they had taken, which live in older backups, and the epochs that had wrapped them, or later ones. */
  keys: { id: number; epoch: number | null }[];
  /** In ascending order. */
  indices: number[];
  /** What the law wants kept, and why: it is sealed under another key. */
  retained: { count: number; citations: string[] };
  /** The log's new vault version. */
  vault: number;
}

interface HeldPayload {
  index: number;
  model: string | null;
  time: number | null;
}

/**
 * Erases a data subject in one log, but what its contract retains: statutory retention wins over erasure.
 *
 * @param client within a transaction that has the head of `by.log` locked
 * @param by the entry that will say so
 */
export async function eraseSubject(client: PoolClient, contracts: Contracts, log: Log, { subject }: SubjectTarget, by: { log: number; index: number }): Promise<ErasedPart> {
  const { id } = log.row;
  // While the head is locked no key moves to another epoch: what is said of its epoch below stays true.
  await client.query('select from lock_head($1)', [id]);
  const { rows: keys } = await client.query<{ id: number; epoch: number | null; replaces: number[] }>(
    `select id, epoch, to_json(coalesce(replaces, '{}')) as replaces from data_key where log = $1 and subject = $2 order by id`,
    [id, subjectBytes(subject)],
  );
  const { indices: staying, citations } = await stayingOf(client, contracts, log.row, keys.map((key) => key.id));
  const { indices, vault } = await eraseKeys(client, { log: id, vault: log.vault, keys: keys.map((key) => key.id), staying, by });
  const destroyed = keys.flatMap(({ id: key, epoch, replaces }) => [...replaces, key].map((each) => ({ id: each, epoch })));
  return { log, subject, keys: destroyed, indices, retained: { count: staying.length, citations }, vault };
}

/** What of the payloads under some keys the law wants kept now, and why. */
export async function stayingOf(client: PoolClient, contracts: Contracts, { id, tenantName }: LogRow, keys: readonly number[]): Promise<{ indices: number[]; citations: string[] }> {
  const { rows } = await client.query<HeldPayload>(
    `select p.index, r.model, r.time from payload p left join governed r on r.log = p.log and r.index = p.index
      where p.log = $1 and p.key = any($2::bigint[]) order by p.index`,
    [id, keys],
  );
  const now = Date.now();
  const citations = new Set<string>();
  const indices = rows.flatMap(({ index, model, time }) => {
    const contract = model === null || time === null ? undefined : contracts.of(model, tenantName);
    if (contract === undefined || time === null || !isRetained(contract, time, now)) return [];
    citations.add(contract.file.erasure.citation ?? contract.file.retention.citation);
    return [index];
  });
  return { indices, citations: [...citations] };
}
