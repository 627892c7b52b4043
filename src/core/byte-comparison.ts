import { concat, equalBytes } from './bytes.ts';

/** Compares a stream with what is expected of it, a piece at a time. */
export class ByteComparison {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.pieces = stream[Symbol.asyncIterator]();
  }

  /** Whether the stream goes on with one of these; with which, decides what it is compared with next. */
  async next(...expected: Uint8Array[]): Promise<boolean> {
    for (const bytes of expected) {
      if (equalBytes(await this.peek(bytes.length), bytes)) {
        this.rest = this.rest.subarray(bytes.length);
        return true;
      }
    }
    return false;
  }

  async ended(): Promise<boolean> {
    return (await this.peek(1)).length === 0;
  }

  private async peek(length: number): Promise<Uint8Array> {
    while (this.rest.length < length) {
      const piece = await this.pieces.next();
      if (piece.done === true) break;
      this.rest = concat(this.rest, piece.value);
    }
    return this.rest.subarray(0, length);
  }
}

