import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PoolClient } from 'pg';
import type { TenantPool } from '../src/database/tenant-pool.ts';
import { toHex } from '../src/core/bytes.ts';
import { formatCheckpointText } from '../src/core/checkpoint.ts';
import { CompactRange } from '../src/core/compact-range.ts';
import { parseEntry } from '../src/core/entry.ts';
import { leafHash } from '../src/core/merkle-tree.ts';
import { signNote } from '../src/core/signed-note.ts';
import { LogVerifier } from '../src/core/verify-log.ts';
import { parseVkey } from '../src/core/vkey.ts';
import { headFromRow, type HeadRow } from '../src/ledger/head.ts';
import type { LogRow } from '../src/ledger/log-row.ts';
import { hmacHex } from '../src/vault/native-hmac.ts';
import { readSettings } from '../src/settings.ts';
import { openVault, type Vault } from '../src/vault/open-vault.ts';
import { encodeOpening, type Opening } from '../src/vault/opening.ts';

/** Whose key a forger signs with. */
export type SigningKey = 'none' | 'another' | 'the log’s own';

const TILE_WIDTH = 256;

/** Someone with every right in the database, and every key of the service; no more than that. */
export class Forger {
  readonly row: LogRow;
  private readonly pool: TenantPool;
  private readonly dataDir: string;

  constructor(pool: TenantPool, row: LogRow, dataDir: string) {
    this.pool = pool;
    this.row = row;
    this.dataDir = dataDir;
  }

  /** Runs statements with all triggers off; `$log` stands for the log's number. */
  async run(...statements: string[]): Promise<void> {
    await this.withTriggersOff(async (client) => {
      for (const sql of statements) await client.query(sql.replaceAll('$log', String(this.row.id)));
    });
  }

  /** Seals another payload in the place of an entry's; the entry stays. Gives the new payload. */
  async replacePayload(index: number): Promise<string> {
    const { commitment, opening } = await this.open(index);
    const { text, sealed } = await this.forge(opening, () => commitment);
    await this.writePayload(index, sealed);
    return text;
  }

  /**
   * Changes what entry `from` commits to and writes all after it anew: chain, tiles, head, and the checkpoints, where
   * there is a key to sign them with.
   */
  async rewrite(from: number, key: SigningKey): Promise<void> {
    const { opening } = await this.open(from);
    let commitment = '';
    const { sealed } = await this.forge(opening, (payload) => (commitment = hmacHex(opening.salt, payload)));
    await this.writePayload(from, sealed);
    const roots = await this.writeChain(from, commitment);
    if (key !== 'none') await this.signCheckpoints(roots, await this.signingKey(key));
  }

  /** Makes the head that of the entries which are there, as a restored copy would have it. */
  async resetHead(): Promise<void> {
    await this.withTriggersOff(async (client) => {
      const { rows } = await client.query<{ bytes: Buffer }>('select bytes from entry where log = $1 order by index', [this.row.id]);
      const verifier = new LogVerifier({ origin: this.row.origin });
      for (const { bytes } of rows) verifier.add(bytes);
      const { size, prev, hashes, time } = verifier.position();
      await client.query('update log_head set size = $2, head = $3, frontier = $4, time = $5 where log = $1', [
        this.row.id, size, Buffer.from(prev), Buffer.concat(hashes), Date.parse(time),
      ]);
    });
  }

  /** Signs a checkpoint over the entries that are there, with the log’s own key. */
  async publish(): Promise<void> {
    const { rows } = await this.pool.query<HeadRow>('select * from log_head where log = $1', [this.row.id]);
    const { size, range } = headFromRow(rows[0] as HeadRow); // every log has a head
    const root = range.root();
    const note = await this.note(size, root, await this.signingKey('the log’s own'));
    await this.pool.query('insert into checkpoint (log, size, root, note) values ($1, $2, $3, $4)', [this.row.id, size, Buffer.from(root), note]);
  }

  /** Puts what the last checkpoint now says into the checkpoint store. */
  async rewriteStore(file: string): Promise<void> {
    const { rows } = await this.pool.query<{ size: number; root: Buffer }>('select size, root from checkpoint where log = $1 order by size desc limit 1', [this.row.id]);
    const [last] = rows;
    if (last === undefined) throw new Error('there is no checkpoint');
    const content = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
    await writeFile(file, JSON.stringify({ ...content, [this.row.origin]: { size: last.size, root: last.root.toString('hex') } }));
  }

  private async open(index: number): Promise<{ commitment: string; opening: Opening }> {
    const { rows } = await this.pool.query<{ bytes: Buffer; key: number; sealed: Buffer }>(
      'select bytes, key, sealed from entry join payload using (log, index) where log = $1 and index = $2',
      [this.row.id, index],
    );
    const [found] = rows;
    if (found === undefined) throw new Error(`there is no payload of entry ${index}`);
    const { commitment } = parseEntry(found.bytes);
    return { commitment, opening: await (await this.vault()).openerOf(this.row).open(found.key, found.sealed, commitment) };
  }

  private async forge(opening: Opening, commitmentOf: (payload: Buffer) => string): Promise<{ text: string; sealed: { key: number; sealed: Uint8Array } }> {
    const text = Buffer.from(opening.payload).toString('utf8').replace(/"age":\d+/, '"age":99');
    const payload = Buffer.from(text);
    const commitment = commitmentOf(payload);
    const { key, row } = (await (await this.vault()).of(this.row)).ownKey();
    await this.pool.query('insert into data_key (id, log, epoch, wrapped) values ($1, $2, $3, $4)', [key.id, this.row.id, row?.epoch, row?.wrapped]);
    return { text, sealed: { key: key.id, sealed: key.seal('payload', commitment, encodeOpening({ ...opening, payload })) } };
  }

  private vault(): Promise<Vault> {
    return openVault(readSettings({ DATA_DIR: this.dataDir }), { pool: this.pool, lazyPool: this.pool });
  }

  private async writePayload(index: number, { key, sealed }: { key: number; sealed: Uint8Array }): Promise<void> {
    await this.pool.query('update payload set key = $3, sealed = $4 where log = $1 and index = $2', [this.row.id, index, key, Buffer.from(sealed)]);
  }

  /** Roots by tree size. */
  private async writeChain(from: number, commitment: string): Promise<Uint8Array[]> {
    return this.withTriggersOff(async (client) => {
      const { rows } = await client.query<{ bytes: Buffer }>('select bytes from entry where log = $1 order by index', [this.row.id]);
      const range = new CompactRange();
      const roots = [range.root()];
      const leaves: Uint8Array[] = [];
      let prev = '0'.repeat(64);
      for (const [index, { bytes }] of rows.entries()) {
        let text = bytes.toString('utf8').replace(/"prev":"[0-9a-f]{64}"/, `"prev":"${prev}"`);
        if (index === from) text = text.replace(/"commitment":"[0-9a-f]{64}"/, `"commitment":"${commitment}"`);
        if (index >= from) await client.query({ name: 'forge', text: 'update entry set bytes = $3 where log = $1 and index = $2', values: [this.row.id, index, Buffer.from(text)] });
        const leaf = leafHash(Buffer.from(text));
        prev = toHex(leaf);
        leaves.push(leaf);
        const full: [number, Uint8Array][] = [];
        range.append(leaf, (level, tile, root) => level === 8 && full.push([tile, root]));
        for (const [tile, root] of full) await this.writeTile(client, tile, root, leaves.slice(tile * TILE_WIDTH));
        roots.push(range.root());
      }
      await client.query('update log_head set head = $2, frontier = $3 where log = $1', [this.row.id, Buffer.from(prev, 'hex'), Buffer.concat(range.hashes)]);
      return roots;
    });
  }

  /** Of level 0: the proof's logs are too small for more. */
  private async writeTile(client: PoolClient, index: number, root: Uint8Array, hashes: readonly Uint8Array[]): Promise<void> {
    await client.query('update tile set root = $3, hashes = $4 where log = $1 and level = 0 and index = $2', [this.row.id, index, Buffer.from(root), Buffer.concat(hashes)]);
  }

  private async signingKey(which: Exclude<SigningKey, 'none'>): Promise<KeyObject> {
    if (which === 'another') return generateKeyPairSync('ed25519').privateKey;
    return createPrivateKey(await readFile(join(this.dataDir, 'log-keys', `${this.row.name}.pem`)));
  }

  /** A checkpoint under the log's own key ID, whichever key it is. */
  private note(size: number, root: Uint8Array, key: KeyObject): Promise<string> {
    const { keyId } = parseVkey(this.row.keys[0]?.vkey ?? '');
    const { origin } = this.row;
    return signNote(formatCheckpointText({ origin, size, root, extensions: [] }), [{ name: origin, keyId, sign: (message) => sign(null, message, key) }]);
  }

  private async signCheckpoints(roots: readonly Uint8Array[], key: KeyObject): Promise<void> {
    await this.withTriggersOff(async (client) => {
      const { rows } = await client.query<{ size: number }>('select size from checkpoint where log = $1', [this.row.id]);
      for (const { size } of rows) {
        const root = roots[size] as Uint8Array; // every checkpoint is of entries that are there
        const note = await this.note(size, root, key);
        await client.query('update checkpoint set root = $3, note = $4 where log = $1 and size = $2', [this.row.id, size, Buffer.from(root), note]);
      }
    });
  }

  private async withTriggersOff<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    try {
      await client.query('begin; set local session_replication_role = replica');
      const result = await work(client);
      await client.query('commit');
      return result;
    } finally {
      client.release();
    }
  }
}
