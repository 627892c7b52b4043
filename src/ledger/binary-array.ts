import { hash } from 'node:crypto';

const HEADER_BYTES = 20;

/** Type OIDs of pg_type.dat that the append statement sends. */
export const OID = { bytea: 17, int8: 20, int4: 23, text: 25 } as const;

/**
 * A one-dimensional PostgreSQL array in its binary form (array_send): dimensions, null flag, element OID, length,
 * lower bound, then each element behind its length. Written once, straight into the buffer that goes to the server;
 * text arrays cost several times as much on both sides.
 */
export class BinaryArray {
  private buffer: Buffer;
  private end = HEADER_BYTES;
  private count = 0;
  private hasNull = false;
  private readonly oid: number;

  constructor(oid: number, capacity = 1024) {
    this.oid = oid;
    this.buffer = Buffer.allocUnsafe(Math.max(capacity, HEADER_BYTES));
  }

  bytes(value: Uint8Array | undefined): void {
    if (value === undefined) return this.null();
    const at = this.room(value.length);
    this.buffer.set(value, at);
    this.buffer.writeInt32BE(value.length, at - 4);
  }

  /** Appends ASCII text as bytes and gives its RFC 6962 leaf hash, SHA-256(0x00 || text), in hexadecimal. */
  leaf(value: string): string {
    const at = this.room(value.length);
    const { buffer } = this;
    buffer.write(value, at, 'latin1');
    // The byte before the element is the low byte of its length, which can wait until the hash is taken: no copy.
    buffer[at - 1] = 0;
    const leafHash = hash('sha256', buffer.subarray(at - 1, at + value.length), 'hex');
    buffer.writeInt32BE(value.length, at - 4);
    return leafHash;
  }

  text(value: string | undefined): void {
    if (value === undefined) return this.null();
    const room = value.length * 3;
    const at = this.room(room);
    const written = this.buffer.write(value, at);
    this.buffer.writeInt32BE(written, at - 4);
    this.end = at + written;
  }

  int8(value: number): void {
    const at = this.room(8);
    this.buffer.writeInt32BE(8, at - 4);
    this.buffer.writeInt32BE(Math.floor(value / 2 ** 32), at);
    this.buffer.writeUInt32BE(value % 2 ** 32, at + 4);
  }

  int4(value: number | undefined): void {
    if (value === undefined) return this.null();
    const at = this.room(4);
    this.buffer.writeInt32BE(4, at - 4);
    this.buffer.writeInt32BE(value, at);
  }

  private null(): void {
    const at = this.room(0);
    this.buffer.writeInt32BE(-1, at - 4);
    this.hasNull = true;
  }

  /** The finished parameter; the array must not be written to afterwards. */
  finish(): Buffer {
    const dimensions = this.count === 0 ? 0 : 1;
    this.buffer.writeInt32BE(dimensions, 0);
    this.buffer.writeInt32BE(this.hasNull ? 1 : 0, 4);
    this.buffer.writeInt32BE(this.oid, 8);
    if (dimensions === 0) return this.buffer.subarray(0, 12);
    this.buffer.writeInt32BE(this.count, 12);
    this.buffer.writeInt32BE(1, 16);
    return this.buffer.subarray(0, this.end);
  }

  /** Makes room for a length and `size` bytes behind it; gives the place of those bytes. */
  private room(size: number): number {
    const at = this.end + 4;
    if (at + size > this.buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, at + size));
      this.buffer.copy(grown, 0, 0, this.end);
      this.buffer = grown;
    }
    this.end = at + size;
    this.count += 1;
    return at;
  }
}
