import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileDigest } from './manifest.ts';

const BUFFERED = 256 * 1024;

/** Writes one file of a bundle and digests it on the way. */
export class FileWriter {
  readonly path: string;
  private readonly file: FileHandle;
  private readonly hash = createHash('sha256');
  private bytes = 0;
  private text = '';

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.file = file;
  }

  /** Begins a file anew. @param path within the bundle, with `/` */
  static async create(folder: string, path: string): Promise<FileWriter> {
    await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
    return new FileWriter(path, await open(join(folder, path), 'w', 0o600));
  }

  async write(text: string): Promise<void> {
    this.text += text;
    if (this.text.length >= BUFFERED) await this.flush();
  }

  async writeBytes(bytes: Uint8Array): Promise<void> {
    this.hash.update(bytes);
    this.bytes += bytes.length;
    await this.file.writeFile(bytes);
  }

  /** Puts what is left onto the disk. */
  async end(): Promise<FileDigest> {
    await this.flush();
    await this.file.datasync();
    await this.close();
    return { path: this.path, bytes: this.bytes, sha256: this.hash.digest('hex') };
  }

  /** Without more: after a failure. */
  close(): Promise<void> {
    return this.file.close();
  }

  private async flush(): Promise<void> {
    const bytes = Buffer.from(this.text, 'utf8');
    this.text = '';
    await this.writeBytes(bytes);
  }
}

/** Writes a file of one text. */
export async function writeText(folder: string, path: string, text: string): Promise<FileDigest> {
  const writer = await FileWriter.create(folder, path);
  await writer.write(text);
  return writer.end();
}

/** The length and digest of a file that is there. */
export async function digestFile(folder: string, path: string): Promise<FileDigest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(join(folder, path), { highWaterMark: BUFFERED })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { path, bytes, sha256: hash.digest('hex') };
}

/** Every file below a folder, by its path with `/`, ascending by bytes. */
export async function filesBelow(folder: string, prefix = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await filesBelow(folder, path)));
    else found.push(path);
  }
  return found.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
