import type { Pool, PoolClient } from 'pg';
import { Problem } from '../http/problem.ts';
import type { Log } from '../ledger/log.ts';
import { subjectBytes, type SubjectTarget } from './subject-targets.ts';

// A hold is on a payload whose subject it names (or that names none), whose model it names, within its window; and on a
// subject that it names without more, whether or not anything is held of it.
const HOLDS_ON_SUBJECT = `
select h.id, h.reason, h.citation from legal_hold h
where h.log = any($1::int[]) and h.released is null
  and (h.subjects = '[]' or exists (
    select from jsonb_to_recordset(h.subjects) as s(log int, subject text)
     where (s.log, s.subject) in (select * from unnest($2::int[], $3::text[]))))
  and ((h.models is null and h.from_time is null and h.to_time is null) or exists (
    select from unnest($2::int[], $4::bytea[]) as t(log, subject)
    join data_key k on k.log = t.log and k.subject = t.subject
    join payload p on p.log = k.log and p.key = k.id
    join governed r on r.log = p.log and r.index = p.index
    where (h.models is null or r.model = any(h.models)) and (h.from_time is null or r.time >= h.from_time) and (h.to_time is null or r.time < h.to_time)))
order by h.number limit 1`;

/** @throws Problem `legal-hold` when anything of a data subject must be kept because of one */
export async function refuseHeld(client: Pool | PoolClient, log: Log, targets: readonly SubjectTarget[]): Promise<void> {
  const { rows } = await client.query<{ id: string; reason: string; citation: string | null }>(HOLDS_ON_SUBJECT, [
    log.succession.map(({ row }) => row.id), targets.map((target) => target.log), targets.map(({ subject }) => subject), targets.map(({ subject }) => subjectBytes(subject)),
  ]);
  const [hold] = rows;
  if (hold === undefined) return;
  const why = hold.citation === null ? hold.reason : `${hold.reason}, ${hold.citation}`;
  throw new Problem('legal-hold', `The legal hold ${hold.id} (${why}) wins over erasure: release it first, by two people.`);
}
