import type { PoolClient } from 'pg';
import { canonicalize } from '../core/canonical-json.ts';
import { parseEntry } from '../core/entry.ts';
import type { FreshKey } from './data-key-store.ts';
import type { LogVault, OwnKey, SealingKey } from './log-vault.ts';
import { encodeOpening } from './opening.ts';
import { decodeOriginals, tokenText } from './original.ts';
import { VaultError } from './vault-error.ts';

/** A sealed payload with the entry that it belongs to. */
interface SealedRow {
  index: number;
  key: number;
  sealed: Buffer;
  originals: Buffer | null;
  bytes: Buffer;
}

interface NewKeyRow extends Pick<FreshKey['row'], 'subject' | 'lookup' | 'reference' | 'replaces'> {
  id: number;
  epoch: number;
  wrapped: Uint8Array;
}

/** What is to be kept once the old keys are gone: keys cannot stand beside the ones whose place they take. */
export interface Resealed {
  /** Payloads that were sealed anew. */
  count: number;
  keep(): Promise<void>;
}

const ROWS = `
select p.index, p.key, p.sealed, p.originals, e.bytes from payload p join entry e on e.log = p.log and e.index = p.index
 where p.log = $1 and p.index = any($2::bigint[]) order by p.index`;

/**
 * Seals payloads anew: a data subject's under another key of the same subject, with the deterministic tokens that they
 * still hold, others each under a key of its own. The old keys stay until the caller erases them; `keep` comes after that.
 *
 * @param client within a transaction that has the log's head locked
 * @param renewed keys of data subjects that get another in their place even if nothing is sealed under them
 * @throws VaultError
 */
export async function reseal(client: PoolClient, vault: LogVault, log: number, indices: readonly number[], renewed: readonly number[] = []): Promise<Resealed> {
  if (indices.length + renewed.length === 0) return { count: 0, keep: async () => undefined };
  const { rows } = await client.query<SealedRow>(ROWS, [log, indices]);
  const anew = new Reseal(client, vault, log);
  for (const key of renewed) await anew.keyFor(key);
  for (const row of rows) await anew.add(row);
  await anew.write();
  return { count: rows.length, keep: () => anew.keep() };
}

class Reseal {
  private readonly client: PoolClient;
  private readonly vault: LogVault;
  private readonly log: number;
  private readonly ofSubjects = new Map<number, FreshKey>();
  private readonly keys: NewKeyRow[] = [];
  private readonly payloads: { index: number; key: number; sealed: Buffer; originals: Buffer | null }[] = [];
  /** Tokens by the key that they belonged to, then by themselves: what they are to be found by, under which key. */
  private readonly tokens = new Map<number, Map<string, { key: SealingKey; value: string }>>();

  private readonly oldTokens = new Map<number, Buffer[]>();

  constructor(client: PoolClient, vault: LogVault, log: number) {
    this.client = client;
    this.vault = vault;
    this.log = log;
  }

  async add({ index, key: old, sealed, originals, bytes }: SealedRow): Promise<void> {
    const { commitment } = parseEntry(bytes);
    const opening = await this.vault.open(old, sealed, commitment);
    const key = await this.keyFor(old);
    const values = originals === null ? null : await this.vault.openOriginals(old, originals, commitment);
    if (values !== null) this.noteTokens(old, key, values);
    this.payloads.push({
      index,
      key: key.id,
      sealed: Buffer.from(key.seal('payload', commitment, encodeOpening(opening))),
      originals: values === null ? null : Buffer.from(key.seal('originals', commitment, values)),
    });
  }

  async write(): Promise<void> {
    const { client, log, payloads } = this;
    const from = [...this.ofSubjects.keys()];
    const { rows: tokens } = await client.query<{ key: number; token: Buffer }>('select key, token from token where log = $1 and key = any($2::bigint[])', [log, from]);
    for (const { key, token } of tokens) this.oldTokens.set(key, [...(this.oldTokens.get(key) ?? []), token]);
    const { rows } = await client.query<{ count: number }>('select reseal_payloads($1, $2, $3, $4, $5, $6) as count', [
      log, from, payloads.map(({ index }) => index), payloads.map(({ key }) => key), payloads.map(({ sealed }) => sealed), payloads.map(({ originals }) => originals),
    ]);
    if (rows[0]?.count !== payloads.length) throw new Error('a payload moved while the head was locked');
  }

  async keep(): Promise<void> {
    const { client, log, keys } = this;
    const { rowCount } = await client.query(
      `insert into data_key (id, log, epoch, wrapped, subject, lookup, reference, replaces)
       select id, $1, epoch, wrapped, subject, lookup, reference, nullif(replaces::bigint[], '{}')
       from unnest($2::bigint[], $3::int[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[], $8::text[]) as n(id, epoch, wrapped, subject, lookup, reference, replaces)
       where hold_epoch($1, epoch)`,
      [
        log, keys.map(({ id }) => id), keys.map(({ epoch }) => epoch), keys.map(({ wrapped }) => Buffer.from(wrapped)), keys.map(({ subject }) => subject),
        keys.map(({ lookup }) => lookup), keys.map(({ reference }) => reference), keys.map(({ replaces }) => `{${replaces.join()}}`),
      ],
    );
    if (rowCount !== keys.length) throw new VaultError('keys-unavailable', 'the epoch of the new keys closed meanwhile');
    await this.keepTokens();
  }

  /** One for each key of a subject; a payload without a subject gets one of its own. */
  async keyFor(old: number): Promise<SealingKey> {
    const known = this.ofSubjects.get(old);
    if (known?.row.subject !== undefined && known.row.subject !== null) return known.key;
    const fresh = known ?? (await this.vault.freshKey(old));
    this.ofSubjects.set(old, fresh);
    if (fresh.row.subject !== null) {
      this.keys.push({ id: fresh.key.id, ...fresh.row });
      return fresh.key;
    }
    const { key, row }: OwnKey = this.vault.ownKey();
    if (row !== undefined) this.keys.push({ id: key.id, ...row, subject: null, lookup: null, reference: null, replaces: [] });
    return key;
  }

  private noteTokens(old: number, key: SealingKey, values: Buffer): void {
    const held = this.tokens.get(old) ?? new Map<string, { key: SealingKey; value: string }>();
    this.tokens.set(old, held);
    for (const { token, value } of decodeOriginals(values)) held.set(token, { key, value: canonicalize(value) });
  }

  /** Those of values that are still there. */
  private async keepTokens(): Promise<void> {
    for (const [old, held] of this.tokens) {
      const rows = this.oldTokens.get(old) ?? [];
      const kept = rows.flatMap((token) => {
        const found = held.get(tokenText(token));
        return found === undefined ? [] : [{ token, key: found.key.id, lookup: found.key.tokenLookup(found.value) }];
      });
      if (kept.length === 0) continue;
      await this.client.query('insert into token (log, key, lookup, token) select $1, * from unnest($2::bigint[], $3::bytea[], $4::bytea[]) on conflict do nothing', [
        this.log, kept.map(({ key }) => key), kept.map(({ lookup }) => lookup), kept.map(({ token }) => token),
      ]);
    }
  }
}
