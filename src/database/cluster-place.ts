import { createHash } from 'node:crypto';
import { access, chmod, constants, lstat, mkdir, realpath, stat, symlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { canEnter, findClusterUser } from './cluster-user.ts';
import { DatabaseError } from './database-error.ts';
import type { Log } from './log.ts';
import type { SystemUser } from './private-file.ts';

/** Where a data folder's cluster lives, and under whom its server runs. */
export interface ClusterPlace {
  /** The data folder of PostgreSQL: `$DATA_DIR/postgres`, or where that link leads. */
  readonly cluster: string;
  /** The link to make once the cluster stands elsewhere; undefined when it is inside DATA_DIR or the link is there already. */
  readonly link: string | undefined;
  readonly user: SystemUser | undefined;
  /** Where a copy of the binaries goes, when one is needed. */
  readonly copiesDir: string;
}

/** Where clusters go that cannot live in their DATA_DIR because PostgreSQL's user cannot enter it. */
const FAR_DIR = '/var/lib/prediction-ledger';

/**
 * Makes DATA_DIR if need be and says where its cluster is or is to be. Root's PostgreSQL runs under another user; where that user cannot enter
 * DATA_DIR, the cluster goes below /var/lib while all secrets stay in DATA_DIR.
 * Throws DatabaseError `cluster-broken` for a link that leads nowhere, `data-dir-unreachable` for a folder that we cannot write or its user cannot enter.
 */
export async function findClusterPlace(dataDir: string, log: Log, farDir = FAR_DIR): Promise<ClusterPlace> {
  const near = join(resolve(dataDir), 'postgres');
  await makeDataDir(dataDir);
  const present = await existingCluster(near);
  const user = await findClusterUser(present);
  const copiesDir = user === undefined ? resolve(dataDir) : farDir;
  if (present !== undefined) {
    if (!canEnter(dirname(present), user) && !(await openForPassing(dirname(present), user))) {
      throw new DatabaseError(
        'data-dir-unreachable',
        `${present} belongs to user ${user?.uid}, who cannot enter the folders above it: give them the mode o+x, or start as that user`,
      );
    }
    return { cluster: present, link: undefined, user, copiesDir };
  }
  if (canEnter(dataDir, user) || (await openForPassing(dataDir, user))) return { cluster: near, link: undefined, user, copiesDir };
  const cluster = await freshFarCluster(near, farDir, log);
  return { cluster, link: near, user, copiesDir };
}

/** Makes `link` lead to the finished cluster. */
export async function linkCluster(place: ClusterPlace): Promise<void> {
  if (place.link !== undefined) await symlink(place.cluster, place.link);
}

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new DatabaseError('data-dir-unreachable', `cannot use ${dataDir} as the data folder: ${(cause as Error).message}`, { cause });
  }
}

async function existingCluster(near: string): Promise<string | undefined> {
  const entry = await lstat(near).catch(() => undefined);
  if (entry === undefined) return undefined;
  try {
    const cluster = await realpath(near);
    await stat(join(cluster, 'PG_VERSION'));
    return cluster;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EACCES') {
      throw new DatabaseError('data-dir-unreachable', `${near} belongs to another user: start as that user, or as root`, { cause });
    }
    // Never a fresh cluster in the place of a lost one: the log would silently begin anew.
    throw new DatabaseError(
      'cluster-broken',
      `${near} does not lead to a PostgreSQL cluster: bring its folder back, or remove ${near} to start with an empty database`,
      { cause },
    );
  }
}

/** Lets others pass through the folder (x, not r: its names stay hidden, its files are 0600), if that alone is what bars the user. */
async function openForPassing(folder: string, user: SystemUser | undefined): Promise<boolean> {
  if (!canEnter(dirname(resolve(folder)), user)) return false;
  const { mode } = await stat(folder);
  await chmod(folder, (mode & 0o7777) | 0o011);
  return canEnter(folder, user);
}

async function freshFarCluster(near: string, farDir: string, log: Log): Promise<string> {
  const digest = createHash('sha256').update(near).digest('hex').slice(0, 12);
  for (let count = 1; ; count++) {
    const folder = join(farDir, count === 1 ? digest : `${digest}-${count}`);
    const cluster = join(folder, 'postgres');
    if (await stat(cluster).catch(() => undefined)) {
      log('warn', `${cluster} is the database of an earlier ${dirname(near)}; it is left as it is`);
      continue;
    }
    await mkdir(folder, { recursive: true, mode: 0o711 });
    log('info', `PostgreSQL's user cannot enter ${dirname(near)}: the database is in ${cluster}`);
    return cluster;
  }
}
