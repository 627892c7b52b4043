import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { Pool } from 'pg';
import { equalBytes, toHex, utf8 } from '../core/bytes.ts';
import { parseCheckpointText } from '../core/checkpoint.ts';
import { CoreError } from '../core/core-error.ts';
import { parseNote } from '../core/signed-note.ts';
import type { LogVerifier } from '../core/verify-log.ts';
import { parseVkey } from '../core/vkey.ts';
import type { StoredCheckpoint } from './checkpoint-store.ts';
import type { Finding } from './fsck.ts';
import type { LogRow } from './log-row.ts';

interface Row {
  size: number;
  root: Buffer;
  note: string;
}

const PAGE = 1000;

/** Compares every published checkpoint, and the checkpoint store's, with the tree that the entries make. */
export class CheckpointAudit {
  /** Checkpoints that were compared. */
  checked = 0;
  private readonly pool: Pool;
  private readonly row: LogRow;
  private readonly stored: StoredCheckpoint | undefined;
  private readonly find: (finding: Finding) => void;
  private readonly keys: readonly { keyId: Uint8Array; key: KeyObject }[];
  private page: Row[] = [];
  private at = 0;
  private lastSize = -1;
  private isLastPage = false;
  private storedSeen = false;
  /** Size of the last checkpoint that the entries agree with: what is before it was not changed since. */
  private lastGood = 0;
  private mismatch: { size: number; what: string } | undefined;
  private readonly largest: number;

  private constructor(pool: Pool, row: LogRow, stored: StoredCheckpoint | undefined, find: (finding: Finding) => void, largest: number) {
    this.largest = largest;
    this.pool = pool;
    this.row = row;
    this.stored = stored;
    this.find = find;
    this.keys = row.keys.map(({ vkey }) => {
      const { keyId, publicKey } = parseVkey(vkey);
      return { keyId, key: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }, format: 'jwk' }) };
    });
  }

  /** Looks at the checkpoints that are there now; what is published later is left to the next examination. */
  static async open(pool: Pool, row: LogRow, stored: StoredCheckpoint | undefined, find: (finding: Finding) => void): Promise<CheckpointAudit> {
    const { rows } = await pool.query<{ largest: number }>('select coalesce(max(size), -1) as largest from checkpoint where log = $1', [row.id]);
    return new CheckpointAudit(pool, row, stored, find, rows[0]?.largest ?? -1);
  }

  /** Compares the checkpoints of exactly the size that is verified by now. */
  async reached(verifier: LogVerifier): Promise<void> {
    for (let row = await this.next(); row !== undefined && row.size === verifier.size; row = await this.next()) {
      this.check(row, verifier);
      this.at += 1;
    }
    if (this.stored?.size === verifier.size && !this.storedSeen) {
      this.storedSeen = true;
      this.compare(this.stored.root, verifier, 'the checkpoint store holds another root');
    }
  }

  /**
   * The first checkpoint that the entries do not make: the ones after it cannot be right either.
   *
   * @param bad an entry that is known to be changed: it explains every checkpoint that covers it
   */
  rootFinding(bad: number | undefined): Finding | undefined {
    if (this.mismatch === undefined || (bad !== undefined && bad < this.mismatch.size)) return undefined;
    const { size, what } = this.mismatch;
    // Two that were signed for one size contradict each other: then neither tells where.
    const from = this.lastGood < size ? this.lastGood : 0;
    return { code: 'root-mismatch', detail: `${what} for ${size} entries: the first that was changed lies from ${from} to ${size - 1}`, index: from };
  }

  /** Checkpoints of more entries than there are. */
  async beyond(size: number): Promise<Finding[]> {
    const findings: Finding[] = [];
    const row = await this.next();
    if (row !== undefined) findings.push({ code: 'entry-missing', detail: `a checkpoint of ${row.size} entries was published, ${size} are there: the tail is missing`, index: size });
    if (this.stored === undefined) findings.push({ code: 'checkpoint-store-missing', detail: 'the checkpoint store holds nothing for this log' });
    else if (this.stored.size > size) findings.push({ code: 'entry-missing', detail: `the checkpoint store holds ${this.stored.size} entries, ${size} are there: the tail is missing`, index: size });
    return findings;
  }

  private async next(): Promise<Row | undefined> {
    if (this.at === this.page.length && !this.isLastPage) {
      const { rows } = await this.pool.query<Row>(
        `select size, root, note from checkpoint where log = $1 and size > $2 and size <= $3 order by size limit ${PAGE}`,
        [this.row.id, this.lastSize, this.largest],
      );
      this.page = rows;
      this.at = 0;
      this.isLastPage = rows.length < PAGE;
      this.lastSize = rows.at(-1)?.size ?? this.lastSize;
    }
    return this.page[this.at];
  }

  private check(row: Row, verifier: LogVerifier): void {
    this.checked += 1;
    const fault = this.noteFault(row);
    if (fault !== undefined) this.find({ code: 'checkpoint-wrong', detail: `the checkpoint of size ${row.size} ${fault}` });
    this.compare(row.root.toString('hex'), verifier, 'a checkpoint was published with another root');
  }

  private compare(root: string, verifier: LogVerifier, what: string): void {
    const { size } = verifier;
    if (root !== toHex(verifier.root())) this.mismatch ??= { size, what };
    else if (this.mismatch === undefined) this.lastGood = size;
  }

  /** What is wrong with a note, by the log's own keys; native, because there may be one for every second of years. */
  private noteFault({ note, size, root }: Row): string | undefined {
    try {
      const { text, signatures } = parseNote(note);
      const checkpoint = parseCheckpointText(text);
      if (checkpoint.origin !== this.row.origin || checkpoint.size !== size || !equalBytes(checkpoint.root, root)) return 'is not what its note says';
      const isSigned = signatures.some(({ keyId, signature }) => {
        const own = this.keys.find((each) => equalBytes(each.keyId, keyId));
        return own !== undefined && verify(null, utf8(text), own.key, signature);
      });
      return isSigned ? undefined : 'bears no valid signature of the log';
    } catch (error) {
      if (error instanceof CoreError) return `is malformed: ${error.message}`;
      throw error;
    }
  }
}
