import type { Pool } from 'pg';
import { seal, unseal } from './aes-gcm.ts';
import { DataKey } from './data-key.ts';
import type { KeyEpochs } from './key-epochs.ts';
import type { KekProvider } from './kek-provider.ts';
import { randomBytes } from './random-bytes.ts';
import { VaultError } from './vault-error.ts';

const SUBJECT_BYTES = 12;
const KEY_BYTES = 32;

/** A row of `data_key`. */
export interface DataKeyRow {
  id: number;
  epoch: number | null;
  wrapped_by: string | null;
  wrapped: Buffer;
  subject: Buffer | null;
  lookup: Buffer | null;
}

/** A data subject's key before it is kept. */
interface NewSubjectKey {
  id: number;
  wrapped: Buffer;
  subject: Buffer;
  lookup: Buffer;
  reference: Buffer;
}

/** A key that takes another's place, before it is kept: of the same data subject, or of none as that one. */
export interface FreshKey {
  key: DataKey;
  row: { epoch: number; wrapped: Buffer; subject: Buffer | null; lookup: Buffer | null; reference: Buffer | null; replaces: readonly number[] };
}

const COLUMNS = 'id, epoch, wrapped_by, wrapped, subject, lookup';

const INSERT = `
insert into data_key (id, log, epoch, wrapped, subject, lookup, reference)
select id, $1, $2, wrapped, subject, lookup, reference
from unnest($3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[]) as n(id, wrapped, subject, lookup, reference)
where hold_epoch($1, $2)
order by lookup
on conflict (log, lookup) where lookup is not null do nothing`;

/** The rows of one log's data keys. */
export class DataKeyStore {
  private readonly pool: Pool;
  private readonly lazyPool: Pool;
  private readonly epochs: KeyEpochs;
  private readonly provider: KekProvider;
  private readonly log: number;
  private readonly origin: string;

  /**
   * @param lazyPool connections that commit without waiting for the disk: a key is on it before anything that was sealed
   *   under the key can be, because the write-ahead log keeps their order
   */
  constructor(pool: Pool, lazyPool: Pool, epochs: KeyEpochs, provider: KekProvider, log: { id: number; origin: string }) {
    this.pool = pool;
    this.lazyPool = lazyPool;
    this.epochs = epochs;
    this.provider = provider;
    this.log = log.id;
    this.origin = log.origin;
  }

  /** A key by its id. @throws VaultError `key-erased` when its row is gone */
  async read(id: number): Promise<DataKey> {
    try {
      return await this.readOnce(id);
    } catch (error) {
      if (!(error instanceof VaultError && error.code === 'kek-missing')) throw error;
      // Its epoch ended between the reading of its row and of the epoch's.
      return this.readOnce(id);
    }
  }

  private async readOnce(id: number): Promise<DataKey> {
    const { rows } = await this.pool.query<DataKeyRow>({
      name: 'read-data-key',
      text: `select ${COLUMNS} from data_key where log = $1 and id = $2`,
      values: [this.log, id],
    });
    const [row] = rows;
    if (row === undefined) throw new VaultError('key-erased', `data key ${id} is gone`);
    return this.open(row);
  }

  /** Keys by their ids; those whose rows are gone are absent. */
  async readAll(ids: readonly number[]): Promise<Map<number, DataKey>> {
    const { rows } = await this.pool.query<DataKeyRow>({
      name: 'read-data-keys',
      text: `select ${COLUMNS} from data_key where log = $1 and id = any($2::bigint[])`,
      values: [this.log, ids],
    });
    const found = new Map<number, DataKey>();
    // One by one: the epoch of each is remembered, and one that ended meanwhile has its keys in the next.
    for (const row of rows) {
      const key = await this.open(row).catch((error: unknown) => {
        if (error instanceof VaultError && error.code === 'kek-missing') return this.readIfThere(row.id);
        throw error;
      });
      if (key !== undefined) found.set(row.id, key);
    }
    return found;
  }

  private async readIfThere(id: number): Promise<DataKey | undefined> {
    try {
      return await this.readOnce(id);
    } catch (error) {
      if (error instanceof VaultError && error.code === 'key-erased') return undefined;
      throw error;
    }
  }

  /** The key of a data subject by its opaque id; undefined when it has none (any more). */
  async ofSubject(subject: string): Promise<DataKey | undefined> {
    const { rows } = await this.pool.query<DataKeyRow>(`select ${COLUMNS} from data_key where log = $1 and subject = $2 and reference is not null`, [
      this.log, Buffer.from(subject.slice('sub_'.length), 'hex'),
    ]);
    return rows[0] && this.open(rows[0]);
  }

  /** Which of these keys are there. */
  async present(ids: readonly number[]): Promise<Set<number>> {
    const { rows } = await this.pool.query<{ id: number }>('select id from data_key where log = $1 and id = any($2::bigint[])', [this.log, ids]);
    return new Set(rows.map(({ id }) => id));
  }

  /** The key of a data subject by its reference, where it has one. */
  async ofReference(reference: string): Promise<DataKey | undefined> {
    // Another replica may have ended an epoch: its look-ups find nobody any more.
    await this.epochs.load();
    const found = new Map<string, DataKey>();
    await this.find([reference], found);
    return found.get(reference);
  }

  /** The reference beside a key; undefined where there is none. @throws VaultError `key-erased` */
  async referenceOf(id: number): Promise<string | undefined> {
    const { rows } = await this.pool.query<DataKeyRow & { reference: Buffer | null }>(`select ${COLUMNS}, reference from data_key where log = $1 and id = $2`, [this.log, id]);
    const [row] = rows;
    if (row === undefined) throw new VaultError('key-erased', `data key ${id} is gone`);
    return row.reference === null ? undefined : openReference(await this.open(row), this.origin, row.reference);
  }

  /** Makes a key to take another's place; nothing is kept yet. @throws VaultError `key-erased` */
  async fresh(id: number, newId: number): Promise<FreshKey> {
    const { rows } = await this.pool.query<DataKeyRow & { reference: Buffer | null; replaces: number[] }>(
      `select ${COLUMNS}, reference, to_json(coalesce(replaces, '{}')) as replaces from data_key where log = $1 and id = $2`,
      [this.log, id],
    );
    const [row] = rows;
    if (row === undefined) throw new VaultError('key-erased', `data key ${id} is gone`);
    const old = await this.open(row);
    const { open } = this.epochs;
    const raw = randomBytes(KEY_BYTES);
    const wrapped = open.wrap(raw);
    const key = new DataKey(newId, raw, this.origin, old.subject);
    const reference = row.reference === null ? undefined : openReference(old, this.origin, row.reference);
    return {
      key,
      row: {
        epoch: open.number,
        wrapped,
        subject: row.subject,
        lookup: reference === undefined ? null : open.lookup(reference),
        reference: reference === undefined ? null : sealReference(key, this.origin, reference),
        replaces: [...row.replaces, id],
      },
    };
  }

  /** The keys of data subjects by their references; those that have none get one. `idOf` gives ids for new keys. */
  async ofReferences(references: readonly string[], idOf: () => number): Promise<Map<string, DataKey>> {
    const found = new Map<string, DataKey>();
    // A second round where an epoch closed meanwhile, or another replica made the same key at the same time.
    for (let round = 0; round < 3 && found.size < references.length; round++) {
      await this.find(references, found);
      const missing = references.filter((reference) => !found.has(reference));
      if (missing.length === 0) break;
      if (round > 0) await this.epochs.load();
      await this.insert(missing.map((reference) => this.newSubjectKey(reference, idOf())));
      await this.find(missing, found);
    }
    if (found.size < references.length) throw new VaultError('keys-unavailable', 'no key could be made for a data subject');
    return found;
  }

  private async find(references: readonly string[], found: Map<string, DataKey>): Promise<void> {
    // While an epoch is at its end, some are found by its look-ups, and others by those of the next.
    const byLookup = new Map(this.epochs.searched.flatMap((epoch) => references.map((reference) => [epoch.lookup(reference).toString('hex'), reference])));
    const { rows } = await this.pool.query<DataKeyRow>({
      name: 'find-data-keys',
      text: `select ${COLUMNS} from data_key where log = $1 and lookup = any($2::bytea[])`,
      values: [this.log, [...byLookup.keys()].map((lookup) => Buffer.from(lookup, 'hex'))],
    });
    for (const row of rows) {
      const reference = row.lookup === null ? undefined : byLookup.get(row.lookup.toString('hex'));
      if (reference !== undefined) found.set(reference, await this.open(row));
    }
  }

  private newSubjectKey(reference: string, id: number): NewSubjectKey {
    const raw = randomBytes(KEY_BYTES);
    const subject = randomBytes(SUBJECT_BYTES);
    const { open } = this.epochs;
    const wrapped = open.wrap(raw);
    const sealedReference = sealReference(new DataKey(id, raw, this.origin), this.origin, reference);
    return { id, wrapped, subject, lookup: open.lookup(reference), reference: sealedReference };
  }

  private async insert(keys: readonly NewSubjectKey[]): Promise<void> {
    await this.lazyPool.query({
      name: 'insert-subject-keys',
      text: INSERT,
      values: [
        this.log, this.epochs.open.number, keys.map(({ id }) => id), keys.map(({ wrapped }) => wrapped), keys.map(({ subject }) => subject),
        keys.map(({ lookup }) => lookup), keys.map(({ reference }) => reference),
      ],
    });
  }

  private async open({ id, epoch, wrapped_by, wrapped, subject }: DataKeyRow): Promise<DataKey> {
    const raw =
      epoch === null
        ? await this.provider.unwrap(wrapped_by ?? '', wrapped, this.origin)
        : (await this.epochs.of(epoch)).unwrap(wrapped);
    if (raw === undefined) throw new VaultError('unwrap-failed', `data key ${id} does not open in epoch ${epoch}`);
    return new DataKey(id, raw, this.origin, subject === null ? undefined : `sub_${subject.toString('hex')}`);
  }
}

/** A data subject's reference under its own key: gone with it. */
export function sealReference({ id, key }: DataKey, origin: string, reference: string): Buffer {
  return seal(key, referenceData(origin, id), Buffer.from(reference));
}

/** @throws VaultError `unwrap-failed` */
export function openReference({ id, key }: DataKey, origin: string, sealed: Uint8Array): string {
  const reference = unseal(key, referenceData(origin, id), sealed);
  if (reference === undefined) throw new VaultError('unwrap-failed', `the reference beside data key ${id} does not open under it`);
  return reference.toString('utf8');
}

function referenceData(origin: string, id: number): Buffer {
  return Buffer.from(`${origin}\nreference ${id}`, 'latin1');
}
