import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { to as copyTo } from 'pg-copy-streams';
import { openDatabase } from '../src/database/database.ts';
import type { Needles } from './needles.ts';

/** A logical dump: binary columns come as hexadecimal, which is one of the forms that are looked for. */
export async function searchTables(dataDir: string, needles: Needles): Promise<number> {
  const database = await openDatabase({ dataDir, log: () => undefined });
  try {
    const { rows } = await database.owner.query<{ name: string }>("select quote_ident(tablename) as name from pg_tables where schemaname = 'public'");
    const client = await database.owner.connect();
    for (const { name } of rows) {
      for await (const chunk of client.query(copyTo(`copy ${name} to stdout`))) needles.look(chunk as Buffer, `table ${name}`);
      needles.end();
    }
    client.release();
    return rows.length;
  } finally {
    await database.close();
  }
}

/** Every file below a folder, with the write-ahead log. */
export async function searchFiles(folder: string, needles: Needles): Promise<{ files: number; bytes: number }> {
  let files = 0;
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files += 1;
    bytes += (await stat(path)).size;
    for await (const chunk of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 })) needles.look(chunk as Buffer, relative(folder, path));
    needles.end();
  }
  return { files, bytes };
}
