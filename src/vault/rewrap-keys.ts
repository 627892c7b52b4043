import type { Pool } from 'pg';
import { DataKey } from './data-key.ts';
import { openReference, type DataKeyRow } from './data-key-store.ts';
import type { Epoch } from './epoch.ts';
import type { KeyEpochs } from './key-epochs.ts';
import type { KeyExportRow } from './key-export-row.ts';
import type { KekProvider } from './kek-provider.ts';
import { VaultError } from './vault-error.ts';

/** Appends wait for one page at a time. */
const PAGE = 250;
const EXPORT_PAGE = 2000;

/** A log's data keys, as the end of an epoch goes through them. */
export interface KeysOfLog {
  pool: Pool;
  provider: KekProvider;
  log: { id: number; origin: string };
}

type StoredKey = DataKeyRow & { reference: Buffer | null };

const OLDER = `
select id, epoch, wrapped_by, wrapped, subject, lookup, reference from data_key
 where log = $1 and id > $2 and (epoch is null or epoch < $3) order by id limit ${PAGE}`;

/**
 * Wraps every data key of older epochs anew, for the open one, and makes its data subject's look-up anew. What a crash leaves
 * undone the next call does; what others erase meanwhile stays erased.
 *
 * @throws VaultError `unwrap-failed` naming a key that does not open: it cannot move, and the epoch cannot end
 */
export async function rewrapKeys({ pool, provider, log }: KeysOfLog, epochs: KeyEpochs): Promise<void> {
  const { open } = epochs;
  for (let after = -1; ; ) {
    const { rows } = await pool.query<StoredKey>(OLDER, [log.id, after, open.number]);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    const wrapped: Buffer[] = [];
    const lookups: (Buffer | null)[] = [];
    for (const row of rows) {
      const raw = await unwrapped(row, epochs, provider, log.origin);
      wrapped.push(open.wrap(raw));
      lookups.push(lookupOf(row, raw, open, log.origin));
      raw.fill(0);
    }
    await pool.query('select rewrap_keys($1, $2, $3, $4, $5, $6)', [log.id, open.number, rows.map(({ id }) => id), rows.map((row) => row.wrapped), wrapped, lookups]);
  }
}

async function unwrapped({ id, epoch, wrapped_by, wrapped }: StoredKey, epochs: KeyEpochs, provider: KekProvider, origin: string): Promise<Buffer> {
  const raw = epoch === null ? await provider.unwrap(wrapped_by ?? '', wrapped, origin) : (await epochs.of(epoch)).unwrap(wrapped);
  if (raw === undefined) throw new VaultError('unwrap-failed', `data key ${id} does not open in epoch ${epoch}: it cannot move to the next one`);
  return raw;
}

function lookupOf({ id, lookup, reference }: StoredKey, raw: Buffer, open: Epoch, origin: string): Buffer | null {
  if (lookup === null) return null;
  if (reference === null) throw new VaultError('unwrap-failed', `data key ${id} has no sealed reference`);
  return open.lookup(openReference(new DataKey(id, Buffer.from(raw), origin), origin, reference));
}

/** The data keys of one epoch as an export holds them, page by page. */
export async function* keysOfEpoch(pool: Pool, log: number, epoch: number): AsyncGenerator<KeyExportRow, void, undefined> {
  for (let after = -1; ; ) {
    const { rows } = await pool.query<StoredKey>(
      `select id, wrapped, subject, lookup, reference from data_key where log = $1 and epoch = $2 and id > $3 order by id limit ${EXPORT_PAGE}`,
      [log, epoch, after],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    for (const { id, wrapped, subject, lookup, reference } of rows) {
      yield {
        id,
        wrapped: wrapped.toString('base64'),
        subject: subject === null ? null : `sub_${subject.toString('hex')}`,
        lookup: lookup?.toString('base64') ?? null,
        reference: reference?.toString('base64') ?? null,
      };
    }
  }
}
