import type { Pool } from 'pg';
import { randomToken } from './original.ts';

const MAX_CACHED = 50_000;

/** A value whose token is wanted: the key that the token belongs to, and what the value is found by under that key. */
export interface TokenWanted {
  key: number;
  /** 16 bytes. */
  lookup: Buffer;
}

const FIND = `
select key, lookup, token from token
 where log = $1 and (key, lookup) in (select * from unnest($2::bigint[], $3::bytea[]))`;

const INSERT = `
insert into token (log, key, lookup, token)
select $1, key, lookup, token from unnest($2::bigint[], $3::bytea[], $4::bytea[]) as n(key, lookup, token)
order by key, lookup on conflict do nothing`;

/**
 * One log's deterministic tokens: random, and kept, so that none is a function of its value. All that are wanted in one turn
 * of the event loop are looked up together.
 */
export class TokenTable {
  private readonly pool: Pool;
  private readonly log: number;
  private readonly cached = new Map<string, Buffer>();
  private generation = 0;
  private waiting: { wanted: TokenWanted; name: string; resolve(token: Buffer): void; reject(error: unknown): void }[] = [];

  /** @param pool whose commits need not wait for the disk: a token is on it before the payload that holds it */
  constructor(pool: Pool, log: number) {
    this.pool = pool;
    this.log = log;
  }

  /** The token, 16 bytes: at once where it is known. */
  of(wanted: TokenWanted): Buffer | Promise<Buffer> {
    const name = nameOf(wanted);
    return this.cached.get(name) ?? this.ask(wanted, name);
  }

  /** Drops every token that is remembered. */
  clear(): void {
    this.generation += 1;
    this.cached.clear();
  }

  private ask(wanted: TokenWanted, name: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setImmediate(() => void this.lookUp());
      this.waiting.push({ wanted, name, resolve, reject });
    });
  }

  private async lookUp(): Promise<void> {
    const { waiting, generation } = this;
    this.waiting = [];
    try {
      const wanted = new Map(waiting.map((each) => [each.name, each.wanted]));
      const found = await this.find([...wanted.values()]);
      const missing = [...wanted].filter(([name]) => !found.has(name)).map(([, each]) => each);
      if (missing.length > 0) {
        await this.pool.query({ name: 'insert-tokens', text: INSERT, values: [this.log, ...columns(missing), missing.map(() => randomToken())] });
        // Another may have made the same token meanwhile: what is kept counts.
        for (const [name, token] of await this.find(missing)) found.set(name, token);
      }
      if (this.cached.size + found.size > MAX_CACHED) this.cached.clear();
      if (generation === this.generation) for (const [name, token] of found) this.cached.set(name, token);
      for (const { name, resolve } of waiting) resolve(found.get(name) as Buffer); // found, or just made
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  private async find(wanted: readonly TokenWanted[]): Promise<Map<string, Buffer>> {
    const { rows } = await this.pool.query<TokenWanted & { token: Buffer }>({ name: 'find-tokens', text: FIND, values: [this.log, ...columns(wanted)] });
    return new Map(rows.map((row) => [nameOf(row), row.token]));
  }
}

function columns(wanted: readonly TokenWanted[]): [number[], Buffer[]] {
  return [wanted.map(({ key }) => key), wanted.map(({ lookup }) => lookup)];
}

function nameOf({ key, lookup }: TokenWanted): string {
  return `${key} ${lookup.toString('latin1')}`;
}
