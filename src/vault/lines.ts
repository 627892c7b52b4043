const LF = 0x0a;

export interface Line {
  /** Without the line feed. */
  bytes: Buffer;
  /** False for what stands after the last line feed. */
  isEnded: boolean;
}

/** A stream's lines. What follows the last line feed is one too, unless it is empty. */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Line, void, undefined> {
  let open: Buffer[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      yield { bytes: Buffer.concat([...open, chunk.subarray(start, end)]), isEnded: true };
      open = [];
      start = end + 1;
    }
    if (start < chunk.length) open.push(chunk.subarray(start));
  }
  if (open.length > 0) yield { bytes: Buffer.concat(open), isEnded: false };
}
