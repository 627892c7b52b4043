import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { Epoch, newEpochSecrets } from './epoch.ts';
import type { KekProvider } from './kek-provider.ts';
import { VaultError } from './vault-error.ts';

/** A row of `key_epoch`. */
export interface EpochRow {
  number: number;
  /** The key's name at the provider. */
  kek: string;
  wrapped: Buffer;
  started: Date;
  closed: Date | null;
  /** When no data key was wrapped in it any more: its key may be gone. */
  moved: Date | null;
  ended: Date | null;
  /** Data keys that moved on from it. */
  rewrapped: number;
  /** Names of keys from before there were epochs, whose data keys move to this one. */
  older: string[];
}

/** An epoch's secrets, made and wrapped, before a row says so. */
export interface PreparedEpoch {
  kek: string;
  wrapped: Buffer;
}

/** Reading which epochs there are, and then their secrets, can meet one that ends in between. */
const ATTEMPTS = 3;

/** One log's epochs: the open one, under which new keys are wrapped, and those that still have survivors. */
export class KeyEpochs {
  private readonly pool: Pool;
  private readonly provider: KekProvider;
  private readonly log: number;
  private readonly origin: string;
  private readonly known = new Map<number, Epoch>();
  private live: readonly Epoch[] = [];

  constructor(pool: Pool, provider: KekProvider, log: number, origin: string) {
    this.pool = pool;
    this.provider = provider;
    this.log = log;
    this.origin = origin;
  }

  /** The epoch under which new keys are wrapped. Precondition: `load` has resolved. */
  get open(): Epoch {
    const [newest] = this.live;
    if (newest === undefined) throw new VaultError('kek-missing', 'no epoch of keys is open');
    return newest;
  }

  /** The open epoch, then those that data keys may still be wrapped in: a data subject is to be looked up in each. */
  get searched(): readonly Epoch[] {
    return this.live;
  }

  /** Reads which epochs there are now; makes the first one where there is none. Drops what is remembered of ended ones. */
  async load(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const rows = await this.liveRows();
      if (rows[0]?.closed !== null) rows.unshift(await this.begin(1));
      try {
        const live = await Promise.all(rows.map((row) => this.secretsOf(row)));
        this.live = live;
        for (const number of this.known.keys()) if (!live.some((epoch) => epoch.number === number)) this.known.delete(number);
        return;
      } catch (error) {
        const mayHaveEnded = error instanceof VaultError && error.code === 'kek-missing' && rows.length > 1;
        if (!mayHaveEnded || attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** An epoch by its number. @throws VaultError `kek-missing` when it has ended */
  async of(number: number): Promise<Epoch> {
    const known = this.known.get(number);
    if (known !== undefined) return known;
    const { rows } = await this.pool.query<EpochRow>('select * from key_epoch where log = $1 and number = $2', [this.log, number]);
    const [row] = rows;
    if (row === undefined || row.moved !== null) throw new VaultError('kek-missing', `epoch ${number} of the log’s keys has ended`);
    return this.secretsOf(row);
  }

  /** Epochs that have closed and not ended: what is left to do at their end is not done. Oldest first. */
  async endingRows(): Promise<EpochRow[]> {
    const { rows } = await this.pool.query<EpochRow>('select * from key_epoch where log = $1 and closed is not null and ended is null order by number', [this.log]);
    return rows;
  }

  async openRow(): Promise<EpochRow | undefined> {
    const { rows } = await this.pool.query<EpochRow>('select * from key_epoch where log = $1 and closed is null', [this.log]);
    return rows[0];
  }

  /**
   * Makes secrets for an epoch at the provider. Nothing is wrapped under them until a row of `key_epoch` names them.
   */
  async prepare(number: number): Promise<PreparedEpoch> {
    const kek = `kek-${randomUUID()}`;
    const secrets = newEpochSecrets();
    await this.provider.create(kek);
    const wrapped = await this.provider.wrap(kek, secrets, this.contextOf(number));
    secrets.fill(0);
    return { kek, wrapped };
  }

  /** The open one first. */
  private async liveRows(): Promise<EpochRow[]> {
    const { rows } = await this.pool.query<EpochRow>('select * from key_epoch where log = $1 and moved is null order by number desc', [this.log]);
    return rows;
  }

  private async begin(number: number): Promise<EpochRow> {
    const { kek, wrapped } = await this.prepare(number);
    const { rowCount } = await this.pool.query(
      'insert into key_epoch (log, number, kek, wrapped) values ($1, $2, $3, $4) on conflict do nothing',
      [this.log, number, kek, wrapped],
    );
    // Another replica was first: its key is the one.
    if (rowCount === 0) await this.provider.destroy(kek);
    const row = await this.openRow();
    if (row === undefined) throw new Error(`epoch ${number} was not kept`);
    return row;
  }

  private async secretsOf({ number, kek, wrapped }: EpochRow): Promise<Epoch> {
    const known = this.known.get(number);
    if (known !== undefined) return known;
    const secrets = await this.provider.unwrap(kek, wrapped, this.contextOf(number));
    const epoch = new Epoch(number, secrets);
    secrets.fill(0);
    this.known.set(number, epoch);
    return epoch;
  }

  /** Authenticated: an epoch's secrets do not open as another's. */
  private contextOf(number: number): string {
    return `${this.origin}\n${number}`;
  }
}
