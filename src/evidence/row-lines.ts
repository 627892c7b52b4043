import { createReadStream } from 'node:fs';
import type { Pace } from './pace.ts';

const CHUNK_BYTES = 256 * 1024;

/** The lines of a JSONL file in batches, without their line ends; rests after each batch. */
export async function* lineBatches(path: string, pace: Pace): AsyncIterable<string[]> {
  let rest = '';
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: CHUNK_BYTES });
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
    await pace.rest();
  }
  if (rest !== '') throw new Error(`${path} ends within a line`);
}
