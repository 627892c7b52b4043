import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseError } from './database-error.ts';
import { packageFolder } from './package-folder.ts';

/** One numbered file of `migrations/`. */
export interface MigrationFile {
  readonly number: number;
  /** The file's name without `.sql`, such as `0001_ledger`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text with LF line ends, in hex. */
  readonly digest: string;
}

export const MIGRATIONS_DIR = join(packageFolder(), 'migrations');

/** All migrations in order. Throws DatabaseError `migration-failed` unless they are numbered 1, 2, 3 … without a gap. */
export async function readMigrationFiles(folder = MIGRATIONS_DIR): Promise<MigrationFile[]> {
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).toSorted();
  const files = await Promise.all(
    names.map(async (file) => {
      const sql = (await readFile(join(folder, file), 'utf8')).replaceAll('\r\n', '\n');
      const digest = createHash('sha256').update(sql).digest('hex');
      return { number: Number(file.slice(0, 4)), name: file.slice(0, -'.sql'.length), sql, digest };
    }),
  );
  files.forEach(({ number, name }, index) => {
    if (number !== index + 1) throw new DatabaseError('migration-failed', `migration ${name} stands where number ${index + 1} belongs (${folder})`);
  });
  return files;
}
