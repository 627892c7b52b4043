import type { PredictionRow } from './insert-server.ts';

// PostgreSQL's binary COPY format (documentation of COPY, "Binary Format"): signature, flags, length of extension.
const HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER_BYTES = 2;
const FIELDS = 6;
/** Milliseconds from 1970 to 2000, where timestamptz counts from, in microseconds. */
const POSTGRES_EPOCH = 946_684_800_000;

/** Encodes rows for `COPY prediction (index, id, model, version, time, body) FROM STDIN (FORMAT binary)`. */
export class BinaryCopy {
  #buffer = Buffer.allocUnsafe(256 * 1024);
  #at = 0;

  /** The bytes are valid until the next call. */
  encode(rows: readonly PredictionRow[], firstIndex: number): Buffer {
    this.#at = HEADER.copy(this.#buffer);
    let index = firstIndex;
    for (const row of rows) {
      // UTF-8 takes at most three bytes for each UTF-16 unit.
      this.#reserve(row.body.length + 3 * (row.id.length + row.model.length + row.version.length) + 64);
      this.#at = this.#buffer.writeInt16BE(FIELDS, this.#at);
      this.#bigint(index);
      this.#text(row.id);
      this.#text(row.model);
      this.#text(row.version);
      this.#bigint((row.time - POSTGRES_EPOCH) * 1000);
      this.#at = this.#buffer.writeInt32BE(row.body.length, this.#at);
      this.#at += row.body.copy(this.#buffer, this.#at);
      index += 1;
    }
    this.#at = this.#buffer.writeInt16BE(-1, this.#at);
    return this.#buffer.subarray(0, this.#at);
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes + TRAILER_BYTES;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.length));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
  }

  /** Any integer a double holds exactly and that is not negative. */
  #bigint(value: number): void {
    this.#at = this.#buffer.writeInt32BE(8, this.#at);
    this.#at = this.#buffer.writeUInt32BE(Math.floor(value / 4294967296), this.#at);
    this.#at = this.#buffer.writeUInt32BE(value % 4294967296, this.#at);
  }

  #text(value: string): void {
    const length = this.#buffer.write(value, this.#at + 4, 'utf8');
    this.#buffer.writeInt32BE(length, this.#at);
    this.#at += 4 + length;
  }
}
