import type { PoolClient } from 'pg';
import { toHex, utf8 } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import { sha256 } from '../core/sha256.ts';
import type { Derivation } from './derivation.ts';

/** Lists of erased indices by the digest that an entry commits to, as certificates and erased receipts hold them. */
export type ErasedLists = ReadonlyMap<string, readonly number[]>;

interface Stated {
  count: number;
  digest: string;
}

/** What an entry says to have erased in one log. */
interface Authority {
  /** The log whose payloads went. */
  log: number;
  byLog: number;
  byIndex: number;
  stated: Stated;
}

/**
 * Which payloads went by which entry. An entry commits to its list and does not hold it: a list that is there and fits stays; one
 * that is given and fits is taken; and where it is clear what is left over for an entry, that is taken if it fits. What
 * cannot be told stays as it is, for `fsck` to find.
 */
export class ErasedDerivation implements Derivation {
  readonly tables = [{ name: 'erased', key: ['log', 'index'], says: ['by_log', 'by_index'] }];
  readonly types = ['erasure', 'disposition'];
  /** Entries whose list could not be told, after the last entry. */
  readonly unresolved: { log: number; index: number }[] = [];
  private readonly lists: ErasedLists;
  private readonly authorities: Authority[] = [];

  constructor(lists: ErasedLists = new Map()) {
    this.lists = lists;
  }

  derive: Derivation['derive'] = async (client, entries) => {
    for (const { log, index, payload: { body } } of entries) {
      const { indices, succession = [] } = body as unknown as { indices?: Stated; succession?: { origin: string; indices: Stated }[] };
      if (indices !== undefined) this.authorities.push({ log, byLog: log, byIndex: index, stated: indices });
      for (const { origin, indices: stated } of succession) {
        const { rows } = await client.query<{ id: number }>('select id from public.log where origin = $1', [origin]);
        if (rows[0] !== undefined) this.authorities.push({ log: rows[0].id, byLog: log, byIndex: index, stated });
      }
    }
  };

  finish: NonNullable<Derivation['finish']> = async (client) => {
    let open: Authority[] = [];
    for (const authority of this.authorities) if (!(await this.takeKnown(client, authority))) open.push(authority);
    for (let before = -1; before !== open.length; ) {
      before = open.length;
      const left: Authority[] = [];
      for (const authority of open) {
        const others = open.filter(({ log }) => log === authority.log).length > 1;
        if (!(await takeLeft(client, authority, others))) left.push(authority);
      }
      open = left;
    }
    for (const { byLog, byIndex } of open) this.unresolved.push({ log: byLog, index: byIndex });
    // Erased again after a restoration, with the entry yet to come; and what nothing better is known of.
    await client.query(
      `insert into erased select r.* from public.erased r join absent a using (log, index) where r.by_log is null
         or (r.by_log, r.by_index) in (select * from unnest($1::int[], $2::bigint[])) on conflict do nothing`,
      [open.map(({ byLog }) => byLog), open.map(({ byIndex }) => byIndex)],
    );
  };

  private async takeKnown(client: PoolClient, authority: Authority): Promise<boolean> {
    const { log, byLog, byIndex, stated } = authority;
    const { rows } = await client.query<{ index: number }>('select index from public.erased where log = $1 and by_log = $2 and by_index = $3 order by index', [log, byLog, byIndex]);
    return (await take(client, authority, rows.map(({ index }) => index))) || (await take(client, authority, this.lists.get(stated.digest) ?? []));
  }
}

/** Tries what no entry has claimed: all of it, or what of it came before the entry, where other lists are open too. */
async function takeLeft(client: PoolClient, authority: Authority, others: boolean): Promise<boolean> {
  const { log, byLog, byIndex } = authority;
  const { rows } = await client.query<{ index: number }>(
    'select index from absent a where log = $1 and not exists (select from erased e where e.log = a.log and e.index = a.index) and ($2 <> log or not $4 or index < $3) order by index',
    [log, byLog, byIndex, others],
  );
  return take(client, authority, rows.map(({ index }) => index));
}

/** Takes the list where it is what the entry commits to. */
async function take(client: PoolClient, { log, byLog, byIndex, stated }: Authority, indices: readonly number[]): Promise<boolean> {
  if (indices.length !== stated.count || toHex(sha256(utf8(canonicalize([...indices])))) !== stated.digest) return false;
  await client.query('insert into erased (log, index, by_log, by_index) select $1, unnest($2::bigint[]), $3, $4 on conflict (log, index) do nothing', [log, indices, byLog, byIndex]);
  return true;
}
