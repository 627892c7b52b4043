import type { Pool } from 'pg';
import { toHex, utf8 } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical-json.ts';
import { sha256 } from '../core/sha256.ts';
import { erasedBy } from './erased-table.ts';
import type { Finding } from './fsck.ts';
import type { CheckedPayload } from './fsck-payload.ts';

/** Entries by which payloads go. */
const AUTHORITIES: readonly string[] = ['erasure', 'disposition'];

interface Stated {
  indices?: { count: number; digest: string };
  succession?: { origin: string; indices: { count: number; digest: string } }[];
}

/** Whether what is said to be erased is what entries of the log say: each list against the count and digest in its entry. */
export class AuthorityAudit {
  private readonly pool: Pool;
  private readonly log: number;
  private readonly seen: number[] = [];

  constructor(pool: Pool, log: number) {
    this.pool = pool;
    this.log = log;
  }

  /** Compares, where an entry is one by which payloads go. */
  async of({ payload }: CheckedPayload): Promise<Finding[]> {
    if (payload === undefined || !AUTHORITIES.includes(payload.type)) return [];
    this.seen.push(payload.index);
    const { indices, succession = [] } = payload.body as unknown as Stated;
    const findings = await this.compare(payload.index, this.log, indices);
    for (const part of succession) {
      const { rows } = await this.pool.query<{ id: number }>('select id from log where origin = $1', [part.origin]);
      findings.push(...(await this.compare(payload.index, rows[0]?.id ?? -1, part.indices)));
    }
    return findings;
  }

  /** Payloads that are said to be erased by no entry, or by one that is none of those above. */
  async unfounded(): Promise<Finding[]> {
    const { rows } = await this.pool.query<{ index: number; by: number | null }>(
      `select index, by_index as by from erased
        where (log = $1 and by_log is null) or (by_log = $1 and by_index <> all($2::bigint[])) order by index limit 10`,
      [this.log, this.seen],
    );
    return rows.map(({ index, by }) =>
      by === null
        ? { code: 'erasure-pending', detail: 'the payload was erased again after a restoration, and no entry says so yet: start the service once the log goes on', index }
        : { code: 'erasure-unproven', detail: `the payload is said to be erased by entry ${by}, which does not say so`, index },
    );
  }

  private async compare(by: number, log: number, stated: Stated['indices']): Promise<Finding[]> {
    const indices = await erasedBy(this.pool, log, { log: this.log, index: by });
    const isRight = stated !== undefined && stated.count === indices.length && stated.digest === toHex(sha256(utf8(canonicalize(indices))));
    return isRight ? [] : [{ code: 'erasure-unproven', detail: `the list of what entry ${by} erased is not the one that it commits to`, index: by }];
  }
}
