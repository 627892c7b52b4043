import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CoreError } from '../src/core/core-error.ts';
import { encodeEntryBundle } from '../src/core/entry-bundle.ts';
import { entriesPath, tilePath, tileWidth } from '../src/core/tile.ts';
import type { TenantPool } from '../src/database/tenant-pool.ts';
import { CheckpointTable } from '../src/ledger/checkpoint-table.ts';
import { PostgresLogStore } from '../src/ledger/postgres-log-store.ts';
import { TileSource } from '../src/ledger/tile-source.ts';

/** Writes a log's public resources into a folder, as the service would serve them from this database, right or wrong. */
export async function exportLog(pool: TenantPool, log: number, folder: string): Promise<void> {
  const checkpoint = await new CheckpointTable(pool, log).latest();
  if (checkpoint === undefined) throw new Error('there is no checkpoint');
  const { size, note } = checkpoint;
  const tiles = new TileSource(log, new PostgresLogStore(pool, pool));
  await write(folder, 'checkpoint', Buffer.from(note));
  for (let level = 0; tileWidth(level, 0, size) > 0; level++) {
    for (let index = 0; tileWidth(level, index, size) > 0; index++) {
      const width = tileWidth(level, index, size);
      await write(folder, tilePath({ level, index, width }), await present(tiles.read({ level, index, width })));
      if (level === 0) await write(folder, entriesPath({ index, width }), await present(tiles.readEntries(index, width).then(encodeEntryBundle)));
    }
  }
}

/** Undefined for what the database lacks: the service answers such a request with an error. */
async function present(resource: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  return resource.catch((error: unknown) => {
    if (error instanceof CoreError) return undefined;
    throw error;
  });
}

async function write(folder: string, path: string, bytes: Uint8Array | undefined): Promise<void> {
  if (bytes === undefined) return;
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), bytes);
}
