import { ReadableStream } from 'node:stream/web';
import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';

declare class DecompressionStream {
  constructor(format: 'deflate-raw');
  readonly writable: WritableStream<Uint8Array>;
  readonly readable: ReadableStream<Uint8Array>;
}

/** DEFLATE undone as a browser does it. */
export function inflateByStream(deflated: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return ReadableStream.from(deflated).pipeThrough(new DecompressionStream('deflate-raw'));
}

/** The zip of these files, in their order, the same bytes at every run. */
export async function zipOf(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
  const zip = new yazl.ZipFile();
  for (const [path, bytes] of files) zip.addBuffer(Buffer.from(bytes), path, { mtime: new Date(1980, 0, 1) });
  zip.end();
  return new Uint8Array(await buffer(zip.outputStream));
}
