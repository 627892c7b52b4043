import { toHex, utf8 } from '../../src/core/bytes.ts';
import { canonicalize } from '../../src/core/canonical-json.ts';
import { formatCheckpointText } from '../../src/core/checkpoint.ts';
import { commitment } from '../../src/core/commitment.ts';
import { CompactRange } from '../../src/core/compact-range.ts';
import { encodeEntry, ZERO_HASH_HEX } from '../../src/core/entry.ts';
import type { HashReader } from '../../src/core/hash-reader.ts';
import { inclusionProof } from '../../src/core/inclusion-proof.ts';
import type { JsonValue } from '../../src/core/json-value.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { encodePayload } from '../../src/core/payload.ts';
import type { ErasedReceipt, Receipt } from '../../src/core/receipt.ts';
import { sha256 } from '../../src/core/sha256.ts';
import { signNote } from '../../src/core/signed-note.ts';
import { formatTlogProof } from '../../src/core/tlog-proof.ts';
import { treeRoot } from '../../src/core/tree-root.ts';
import { testSigner } from './test-signer.ts';

/** What a test may want otherwise in an entry. */
export interface Appended {
  type?: string;
  body?: JsonValue;
  time?: string;
  /** The type that the payload states, where it is not the entry's. */
  payloadType?: string;
  principal?: string;
}

/** A log in memory, made with core alone: the same bytes at every run. */
export class SampleLog {
  readonly entries: Uint8Array[] = [];
  readonly #opened: { salt: string; payload: string }[] = [];
  readonly #levels: Uint8Array[][] = [[]];
  readonly #range = new CompactRange();
  readonly origin: string;
  readonly signer: ReturnType<typeof testSigner>;

  constructor(origin = 'ledger.example/logs/default', signer = testSigner(origin)) {
    this.origin = origin;
    this.signer = signer;
  }

  /** Appends an entry and gives its index. */
  append(wanted: Appended = {}): number {
    const index = this.entries.length;
    const { type = 'prediction', body = { id: `p-${index}` }, payloadType = type, principal = 'p1' } = wanted;
    const salt = sha256(utf8(`salt of ${index}`));
    const payload = encodePayload({ type: payloadType, v: 1, principal, rule: 'r1', contract: null, body });
    const entry = encodeEntry({
      v: 1,
      origin: this.origin,
      index,
      time: wanted.time ?? new Date(Date.UTC(2026, 10, 22) + index * 1000).toISOString(),
      type,
      commitment: toHex(commitment(salt, utf8(payload))),
      policy: 'ab'.repeat(32),
      prev: index === 0 ? ZERO_HASH_HEX : toHex(leafHash(this.entries[index - 1] as Uint8Array)),
    });
    this.#opened.push({ salt: toHex(salt), payload });
    this.appendBytes(entry);
    return index;
  }

  /** Appends any bytes as a leaf, as a log that lies or fails would. */
  appendBytes(entry: Uint8Array): void {
    const leaf = leafHash(entry);
    this.#levels[0]?.push(leaf);
    this.#range.append(leaf, (level, index, hash) => {
      (this.#levels[level] ??= [])[index] = hash;
    });
    this.entries.push(entry);
  }

  /** The log of `count` entries. */
  static of(count: number, origin?: string): SampleLog {
    const log = new SampleLog(origin);
    for (let i = 0; i < count; i++) log.append();
    return log;
  }

  get size(): number {
    return this.entries.length;
  }

  readonly read: HashReader = async (nodes) =>
    nodes.map(({ level, index }) => {
      const hash = this.#levels[level]?.[index];
      if (hash === undefined) throw new Error(`node ${level}/${index} is not complete`);
      return hash;
    });

  /** The signed checkpoint of the first `size` entries. */
  async checkpoint(size = this.size, signer = this.signer): Promise<string> {
    const root = await treeRoot(size, this.read);
    return signNote(formatCheckpointText({ origin: this.origin, size, root, extensions: [] }), [signer]);
  }

  async proof(index: number, size = this.size): Promise<string> {
    const path = await inclusionProof(index, size, this.read);
    return formatTlogProof({ index, path, checkpoint: await this.checkpoint(size) });
  }

  entryText(index: number): string {
    return new TextDecoder().decode(this.entries[index]);
  }

  async receipt(index: number, size = this.size): Promise<Receipt> {
    const opened = this.#opened[index] as { salt: string; payload: string };
    return { entry: this.entryText(index), ...opened, proof: await this.proof(index, size) };
  }

  /** Appends the erasure of these entries and gives its index. */
  erase(indices: number[], changes: { type?: string; body?: JsonValue } = {}): number {
    const digest = toHex(sha256(utf8(canonicalize(indices))));
    return this.append({ type: 'erasure', body: { indices: { count: indices.length, digest } }, ...changes });
  }

  async erasedReceipt(index: number, erasure: number, indices: number[]): Promise<ErasedReceipt> {
    const { entry, proof } = await this.receipt(index);
    return { entry, proof, erasure: { ...(await this.receipt(erasure)), indices } };
  }
}
