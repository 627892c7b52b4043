import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from './database.ts';
import { MIGRATIONS_DIR } from './migration-files.ts';
import { dumpSchema } from './schema-dump.ts';

/** `npm run schema` writes migrations/schema.sql from a fresh embedded database; `npm run schema:check` fails when the file is another. */
const SCHEMA_FILE = join(MIGRATIONS_DIR, 'schema.sql');

const dataDir = await mkdtemp(join(tmpdir(), 'pl-schema-'));
const database = await openDatabase({ dataDir, log: () => undefined });
let schema: string;
try {
  schema = await dumpSchema(database.owner);
} finally {
  await database.close();
  await rm(dataDir, { recursive: true });
}
if (!process.argv.includes('--check')) {
  await writeFile(SCHEMA_FILE, schema);
} else if ((await readFile(SCHEMA_FILE, 'utf8')).replaceAll('\r\n', '\n') !== schema) {
  process.stderr.write('migrations/schema.sql is not what the migrations make: run "npm run schema" and commit it\n');
  process.exitCode = 1;
}
