import pg from 'pg';
import type { Pool, PoolClient } from 'pg';
import type { TenantPool } from '../database/tenant-pool.ts';
import { BinaryArray, OID } from './binary-array.ts';
import { frontierBytes, headFromRow, type Head, type HeadRow } from './head.ts';
import { DuplicatePredictionError, SurplusRowsError, type Append, type LogStore } from './log-store.ts';

// One statement, one trip: the head moves or nothing happens. `moved` is volatile and read by every part, so
// PostgreSQL runs it once, first, and holds the head's row lock until the commit.
const APPEND = `
with moved as materialized (
  select advance_head($1::int, $2::bigint, $21::bytea, $22::bigint, $3::bigint, $4::bytea, $5::bytea, $6::bigint, $7::bytea) as ok
), ok as materialized (select 1 from moved where ok),
entries as (
  insert into entry (log, index, bytes)
  select $1, $2 + n - 1, bytes from ok, unnest($8::bytea[]) with ordinality as e(bytes, n)
), payloads as (
  insert into payload (log, index, key, sealed, originals)
  select $1, $2 + n - 1, key, sealed, originals
  from ok, unnest($9::bigint[], $10::bytea[], $23::bytea[]) with ordinality as p(key, sealed, originals, n)
), keys as (
  insert into data_key (id, log, epoch, wrapped)
  select id, $1, epoch, wrapped from ok, unnest($24::bigint[], $25::int[], $26::bytea[]) as k(id, epoch, wrapped)
), predictions as (
  insert into prediction (log, index, id, time, model, version, deployment, outcome, principal, request, parents, features, exceptions, contract, purpose)
  select $1, $2 + n, id, $6, model, version, deployment, outcome, principal, request, parents::text[], features::text[], exceptions, contract, purpose
  from ok, unnest($11::int[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $27::text[], $28::text[], $29::text[], $30::text[], $31::int[], $32::text[], $33::text[])
    as p(n, id, model, version, deployment, outcome, principal, request, parents, features, exceptions, contract, purpose)
), tiles as (
  insert into tile (log, level, index, root, hashes)
  select $1, level, index, root, hashes
  from ok, unnest($17::int[], $18::bigint[], $19::bytea[], $20::bytea[]) as t(level, index, root, hashes)
)
select ok from moved`;

const UNIQUE_VIOLATION = '23505';

/** The log store on PostgreSQL, under the runtime role. */
export class PostgresLogStore implements LogStore {
  private readonly pool: Pool;
  private readonly appendPool: Pool;
  private readonly pools: { pool: TenantPool; appendPool: TenantPool };

  /**
   * @param appendPool connections of the appends alone, which reads cannot keep waiting
   * @param tenant whom it acts for; undefined: the service itself
   */
  constructor(pool: TenantPool, appendPool: TenantPool, tenant?: number) {
    this.pools = { pool, appendPool };
    this.pool = tenant === undefined ? pool : pool.of(tenant);
    this.appendPool = tenant === undefined ? appendPool : appendPool.of(tenant);
  }

  of(tenant: number): PostgresLogStore {
    return new PostgresLogStore(this.pools.pool, this.pools.appendPool, tenant);
  }

  async readHead(log: number): Promise<Head> {
    const { rows } = await this.pool.query<HeadRow>({ name: 'read-head', text: 'select * from log_head where log = $1', values: [log] });
    return headFromRow(only(rows));
  }

  async settledHead(log: number): Promise<Head> {
    const { rows } = await this.appendPool.query<HeadRow>('select * from lock_head($1)', [log]);
    return headFromRow(only(rows));
  }

  async append(log: number, append: Append): Promise<boolean> {
    // One trip, unless an entry brings its own statement along.
    return append.drafts.some(({ also }) => also !== undefined)
      ? this.inTransaction((client) => runAll(client, log, append))
      : run(this.appendPool, log, append);
  }

  async appendLocked(log: number, build: (head: Head, client: PoolClient) => Promise<Append>): Promise<Append> {
    return this.inTransaction(async (client) => {
      const { rows } = await client.query<HeadRow>({ name: 'lock-head', text: 'select * from lock_head($1)', values: [log] });
      const append = await build(headFromRow(only(rows)), client);
      if (!(await runAll(client, log, append))) throw new Error('a locked head moved');
      return append;
    });
  }

  private async inTransaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.appendPool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure));
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async readEntries(log: number, from: number, to: number): Promise<Uint8Array[]> {
    const { rows } = await this.pool.query<{ bytes: Buffer }>({
      name: 'read-entries',
      text: 'select bytes from entry where log = $1 and index >= $2 and index < $3 order by index',
      values: [log, from, to],
    });
    return rows.map((row) => row.bytes);
  }

  async readTile(log: number, level: number, index: number): Promise<Uint8Array | undefined> {
    const { rows } = await this.pool.query<{ hashes: Buffer }>({
      name: 'read-tile',
      text: 'select hashes from tile where log = $1 and level = $2 and index = $3',
      values: [log, level, index],
    });
    return rows[0]?.hashes;
  }

  async readTileRoots(log: number, level: number, from: number, to: number): Promise<Uint8Array[]> {
    const { rows } = await this.pool.query<{ root: Buffer }>({
      name: 'read-tile-roots',
      text: 'select root from tile where log = $1 and level = $2 and index >= $3 and index < $4 order by index',
      values: [log, level, from, to],
    });
    return rows.map((row) => row.root);
  }

  async findPredictions(log: number, ids: readonly string[]): Promise<Map<string, number>> {
    const { rows } = await this.pool.query<{ id: string; index: number }>({
      name: 'find-predictions',
      text: 'select id, index from prediction where log = $1 and id = any($2::text[])',
      values: [log, ids],
    });
    return new Map(rows.map((row) => [row.id, row.index]));
  }
}

/** The append, and behind it what its entries bring along. */
async function runAll(client: PoolClient, log: number, append: Append): Promise<boolean> {
  if (!(await run(client, log, append))) return false;
  for (const [i, { also }] of append.drafts.entries()) {
    if (also !== undefined) await client.query(also.text, [log, append.batch.expected.size + i, ...also.values]);
  }
  return true;
}

async function run(client: Pool | PoolClient, log: number, append: Append): Promise<boolean> {
  try {
    const { rows } = await client.query<{ ok: boolean }>({ name: 'append', text: APPEND, values: parameters(log, append) });
    return only(rows).ok;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === UNIQUE_VIOLATION)) throw error;
    if (error.constraint === 'prediction_id') throw new DuplicatePredictionError('an id of the batch is in the log already');
    throw new SurplusRowsError(`the table ${error.table} holds rows of the log beyond its head`);
  }
}

function parameters(log: number, { batch, drafts, tiles }: Append): unknown[] {
  const { expected, next } = batch;
  const keys = new BinaryArray(OID.int8, drafts.length * 12 + 32);
  const sealed = new BinaryArray(OID.bytea, drafts.reduce((sum, draft) => sum + draft.sealed.length + 4, 32));
  const originals = new BinaryArray(OID.bytea, drafts.reduce((sum, draft) => sum + (draft.originals?.length ?? 0) + 4, 32));
  const ownKeys = new BinaryArray(OID.int8);
  const epochs = new BinaryArray(OID.int4);
  const wrapped = new BinaryArray(OID.bytea);
  const places = new BinaryArray(OID.int4);
  const ids = new BinaryArray(OID.text, drafts.length * 48);
  const models = new BinaryArray(OID.text, drafts.length * 32);
  const versions = new BinaryArray(OID.text, drafts.length * 16);
  const deployments = new BinaryArray(OID.text, drafts.length * 16);
  const outcomes = new BinaryArray(OID.text, drafts.length * 24);
  const principals = new BinaryArray(OID.text, drafts.length * 32);
  const exceptions = new BinaryArray(OID.int4, drafts.length * 8 + 32);
  const requests = new BinaryArray(OID.text, drafts.length * 40);
  const parents = new BinaryArray(OID.text);
  const features = new BinaryArray(OID.text);
  const contracts = new BinaryArray(OID.text, drafts.length * 28);
  const purposes = new BinaryArray(OID.text, drafts.length * 24);
  drafts.forEach((draft, i) => {
    keys.int8(draft.key);
    sealed.bytes(draft.sealed);
    originals.bytes(draft.originals);
    if (draft.ownKey !== undefined) {
      ownKeys.int8(draft.key);
      epochs.int4(draft.ownKey.epoch);
      wrapped.bytes(draft.ownKey.wrapped);
    }
    if (draft.prediction === undefined) return;
    places.int4(i);
    ids.text(draft.prediction.id);
    models.text(draft.prediction.model);
    versions.text(draft.prediction.version);
    deployments.text(draft.prediction.deployment);
    outcomes.text(draft.prediction.outcome);
    principals.text(draft.prediction.principal);
    exceptions.int4(draft.prediction.exceptions);
    requests.text(draft.prediction.request);
    parents.text(arrayText(draft.prediction.parents));
    features.text(arrayText(draft.prediction.features));
    contracts.text(draft.prediction.contract);
    purposes.text(draft.prediction.purpose);
  });
  const levels = new BinaryArray(OID.int4);
  const indices = new BinaryArray(OID.int8);
  const roots = new BinaryArray(OID.bytea);
  const hashes = new BinaryArray(OID.bytea);
  for (const tile of tiles) {
    levels.int4(tile.level);
    indices.int8(tile.index);
    roots.bytes(tile.root);
    hashes.bytes(tile.hashes);
  }
  return [
    log, expected.size, next.size, buffer(next.hash), buffer(frontierBytes(next.range)), next.time,
    next.policy === undefined ? null : buffer(next.policy),
    batch.entries, keys.finish(), sealed.finish(),
    places.finish(), ids.finish(), models.finish(), versions.finish(), deployments.finish(), outcomes.finish(),
    levels.finish(), indices.finish(), roots.finish(), hashes.finish(),
    buffer(expected.hash), expected.vault,
    originals.finish(), ownKeys.finish(), epochs.finish(), wrapped.finish(), principals.finish(),
    requests.finish(), parents.finish(), features.finish(), exceptions.finish(), contracts.finish(), purposes.finish(),
  ];
}

/** PostgreSQL's text of an array. Precondition: no name holds a quote or a backslash, as none of ids and views does. */
function arrayText(names: readonly string[] | undefined): string | undefined {
  return names === undefined ? undefined : `{"${names.join('","')}"}`;
}

/** pg sends a Buffer in binary and anything else as text. */
function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('the log has no head row');
  return row;
}
