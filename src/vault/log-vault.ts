import { unseal } from './aes-gcm.ts';
import { associatedData, DataKey, type SealedPart } from './data-key.ts';
import type { DataKeyStore, FreshKey } from './data-key-store.ts';
import type { KeyEpochs } from './key-epochs.ts';
import type { KeyIds } from './key-ids.ts';
import { decodeOpening, type Opening } from './opening.ts';
import { randomBytes } from './random-bytes.ts';
import { SubjectKeys } from './subject-keys.ts';
import type { TokenTable } from './token-table.ts';
import { VaultError } from './vault-error.ts';

const MAX_CACHED_KEYS = 1024;

/** What seals an entry's parts: a data subject's key, or one that is made for this payload alone. */
export interface SealingKey {
  readonly id: number;
  readonly subject: string | undefined;
  seal(part: SealedPart, commitment: string, plaintext: Uint8Array): Uint8Array;
  /** What a value's token under this key is found by, 16 bytes. */
  tokenLookup(value: string): Buffer;
}

/** A key for one payload alone: its row is kept together with the payload. */
export interface OwnKey {
  key: SealingKey;
  /** How it is wrapped, and in which epoch; undefined where nothing is kept of it. */
  row: { epoch: number; wrapped: Uint8Array } | undefined;
}

/** A payload as it is kept, and its entry's commitment. */
export interface SealedPayload {
  readonly key: number;
  readonly sealed: Uint8Array;
  readonly commitment: string;
}

/** Opens one log's payloads. */
export interface PayloadOpener {
  /** @throws VaultError `payload-unreadable`, `key-erased`, `kek-missing` */
  open(key: number, sealed: Uint8Array, commitment: string): Promise<Opening>;
}

/** One log's payload keys. A port: production encrypts; the benchmark measures what that costs. */
export interface LogVault extends PayloadOpener {
  /** The log's vault version that the remembered keys are of. Read it before asking for a key: a draft says what it was sealed at. */
  readonly version: number;
  /** The number of the epoch that new keys are wrapped in. */
  readonly epoch: number;
  /** The key of a data subject by its reference; made where there is none. At once where it is known. */
  subjectKey(reference: string): SealingKey | Promise<SealingKey>;
  /** As `subjectKey`, as the database has it now: for what names a data subject and seals nothing under its key, so that nothing would notice that another replica erased it. */
  currentSubjectKey(reference: string): Promise<SealingKey>;
  /** The key of a data subject by its opaque id; undefined when it has none (any more). */
  keyOfSubject(subject: string): Promise<SealingKey | undefined>;
  /** The key of a data subject by its reference, where it has one: none is made. */
  findSubjectKey(reference: string): Promise<SealingKey | undefined>;
  /** A key by its number. @throws VaultError `key-erased` */
  keyOf(id: number): Promise<SealingKey>;
  /** The reference of the data subject whose key it is; undefined where it is nobody's, or the reference is gone. @throws VaultError `key-erased` */
  referenceOf(key: number): Promise<string | undefined>;
  /** A key to take the place of one that is there; see `reseal.ts`. @throws VaultError `key-erased` */
  freshKey(id: number): Promise<FreshKey>;
  ownKey(): OwnKey;
  /** The log's deterministic tokens. */
  readonly tokens: Pick<TokenTable, 'of'>;
  /** Many payloads at once, in their order; undefined where the key is gone. Keys are not remembered. @throws VaultError `payload-unreadable`, `kek-missing` */
  openAll(parts: readonly SealedPayload[]): Promise<(Opening | undefined)[]>;
  openOriginals(key: number, sealed: Uint8Array, commitment: string): Promise<Buffer>;
  /** A record in quarantine, by its id there. Its key is not remembered: it may go without another version of the vault. */
  openQuarantined(key: number, sealed: Uint8Array, id: string): Promise<Buffer>;
  /** Which of these keys are there, in the database, now. */
  present(keys: readonly number[]): Promise<Set<number>>;
  /** Forgets every key: some were erased, or an epoch ended. */
  renew(version: number): Promise<void>;
}

/** AES-256-GCM under keys that are wrapped in the log's open epoch. */
export class AesLogVault implements LogVault {
  version: number;
  readonly tokens: TokenTable;
  private readonly epochs: KeyEpochs;
  private readonly store: DataKeyStore;
  private readonly ids: KeyIds;
  private readonly origin: string;
  private readonly subjects: SubjectKeys;
  private readonly keys = new Map<number, DataKey>();

  /** Precondition: the epochs are loaded. */
  constructor(parts: { version: number; epochs: KeyEpochs; store: DataKeyStore; tokens: TokenTable; ids: KeyIds; origin: string }) {
    this.version = parts.version;
    this.epochs = parts.epochs;
    this.store = parts.store;
    this.tokens = parts.tokens;
    this.ids = parts.ids;
    this.origin = parts.origin;
    this.subjects = new SubjectKeys((references) => this.store.ofReferences(references, () => this.ids.take()));
  }

  get epoch(): number {
    return this.epochs.open.number;
  }

  subjectKey(reference: string): DataKey | Promise<DataKey> {
    return this.subjects.of(reference);
  }

  async currentSubjectKey(reference: string): Promise<DataKey> {
    const found = await this.store.ofReferences([reference], () => this.ids.take());
    return found.get(reference) as DataKey; // it gives one for each, or throws
  }

  keyOfSubject(subject: string): Promise<DataKey | undefined> {
    return this.store.ofSubject(subject);
  }

  findSubjectKey(reference: string): Promise<DataKey | undefined> {
    return this.store.ofReference(reference);
  }

  keyOf(id: number): Promise<DataKey> {
    return this.dataKey(id);
  }

  referenceOf(key: number): Promise<string | undefined> {
    return this.store.referenceOf(key);
  }

  freshKey(id: number): Promise<FreshKey> {
    return this.store.fresh(id, this.ids.take());
  }

  ownKey(): OwnKey {
    const raw = randomBytes(32);
    const { open } = this.epochs;
    return { key: new DataKey(this.ids.take(), raw, this.origin), row: { epoch: open.number, wrapped: open.wrap(raw) } };
  }

  async open(key: number, sealed: Uint8Array, commitment: string): Promise<Opening> {
    const plaintext = await this.unseal('payload', key, sealed, commitment);
    const opening = plaintext && decodeOpening(plaintext);
    if (opening === undefined) throw unreadable();
    return opening;
  }

  async openAll(parts: readonly SealedPayload[]): Promise<(Opening | undefined)[]> {
    const keys = await this.store.readAll([...new Set(parts.map(({ key }) => key))]);
    return parts.map(({ key, sealed, commitment }) => {
      const dataKey = keys.get(key);
      if (dataKey === undefined) return undefined;
      const plaintext = unseal(dataKey.key, associatedData('payload', this.origin, commitment), sealed);
      const opening = plaintext && decodeOpening(plaintext);
      if (opening === undefined) throw unreadable();
      return opening;
    });
  }

  async openOriginals(key: number, sealed: Uint8Array, commitment: string): Promise<Buffer> {
    const plaintext = await this.unseal('originals', key, sealed, commitment);
    if (plaintext === undefined) throw unreadable();
    return plaintext;
  }

  async openQuarantined(key: number, sealed: Uint8Array, id: string): Promise<Buffer> {
    const plaintext = unseal((await this.store.read(key)).key, associatedData('quarantine', this.origin, id), sealed);
    if (plaintext === undefined) throw unreadable();
    return plaintext;
  }

  present(keys: readonly number[]): Promise<Set<number>> {
    return this.store.present(keys);
  }

  async renew(version: number): Promise<void> {
    this.subjects.clear();
    this.keys.clear();
    this.tokens.clear();
    await this.epochs.load();
    this.version = version;
  }

  private async unseal(part: SealedPart, key: number, sealed: Uint8Array, commitment: string): Promise<Buffer | undefined> {
    return unseal((await this.dataKey(key)).key, associatedData(part, this.origin, commitment), sealed);
  }

  private async dataKey(id: number): Promise<DataKey> {
    const cached = this.keys.get(id);
    if (cached !== undefined) return cached;
    const { version } = this;
    const key = await this.store.read(id);
    if (this.keys.size >= MAX_CACHED_KEYS) this.keys.clear();
    if (version === this.version) this.keys.set(id, key);
    return key;
  }
}

function unreadable(): VaultError {
  return new VaultError('payload-unreadable', 'a payload does not open under its key: it was changed, or belongs to another entry');
}
