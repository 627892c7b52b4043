import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from '@jest/globals';
import { encodeEntryBundle } from '../../src/core/entry-bundle.ts';
import { entriesPath, TILE_WIDTH, tilePath, tileWidth } from '../../src/core/tile.ts';
import type { SampleLog } from '../core/sample-log.ts';

const made: string[] = [];
afterAll(async () => {
  await Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A folder that is gone after the file's tests. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pl-verify-'));
  made.push(folder);
  return folder;
}

/** The resources of a log of `size` entries by c2sp.org/tlog-tiles, as files of a folder. */
export class LogFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async of(log: SampleLog, size = log.size): Promise<LogFolder> {
    const folder = new LogFolder(await temporaryFolder());
    await folder.write('checkpoint', await log.checkpoint(size));
    for (let level = 0; tileWidth(level, 0, size) > 0; level++) {
      for (let index = 0; tileWidth(level, index, size) > 0; index++) {
        const width = tileWidth(level, index, size);
        const nodes = Array.from({ length: width }, (_, i) => ({ level: level * 8, index: index * TILE_WIDTH + i }));
        await folder.write(tilePath({ level, index, width }), Buffer.concat(await log.read(nodes)));
        const entries = log.entries.slice(index * TILE_WIDTH, index * TILE_WIDTH + width);
        if (level === 0) await folder.write(entriesPath({ index, width }), encodeEntryBundle(entries));
      }
    }
    return folder;
  }

  file(path: string): string {
    return join(this.path, path);
  }

  async read(path: string): Promise<Buffer> {
    return readFile(this.file(path));
  }

  async write(path: string, content: Uint8Array | string): Promise<void> {
    await mkdir(dirname(this.file(path)), { recursive: true });
    await writeFile(this.file(path), content);
  }

  /** Writes a file anew. */
  async change(path: string, make: (content: Buffer) => Uint8Array): Promise<void> {
    const before = await this.read(path);
    const after = make(Buffer.from(before));
    if (before.equals(after)) throw new Error(`${path} was not changed`);
    await this.write(path, after);
  }

  async remove(path: string): Promise<void> {
    await rm(this.file(path));
  }
}
