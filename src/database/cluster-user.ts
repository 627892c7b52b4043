import { spawnSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { DatabaseError } from './database-error.ts';
import type { SystemUser } from './private-file.ts';

const PASSWD = '/etc/passwd';

/**
 * The user under whom PostgreSQL is to run: `undefined` for ourselves; when we are root, whom PostgreSQL refuses, the owner of the existing
 * `cluster`, else `postgres` where there is such a user, else `nobody`.
 * Throws DatabaseError `cluster-user-missing` when that user has no name, which initdb requires.
 */
export async function findClusterUser(cluster: string | undefined): Promise<SystemUser | undefined> {
  if (process.platform === 'win32') return undefined;
  if (process.getuid?.() !== 0) {
    requireOwnName();
    return undefined;
  }
  const owner = cluster === undefined ? undefined : await stat(cluster);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const users = await readUsers();
  const found = users.get('postgres') ?? users.get('nobody');
  if (found === undefined) {
    throw new DatabaseError(
      'cluster-user-missing',
      'PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody: add one, start as another user, or set DATABASE_URL',
    );
  }
  return found;
}

/** True when the user can enter the folder: tried as that user, since mode bits do not tell everything (ACLs, mounts). */
export function canEnter(folder: string, user: SystemUser | undefined): boolean {
  if (user === undefined) return true;
  return spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

/** True when the user can start the program, with all its libraries. */
export function canRun(program: string, user: SystemUser | undefined): boolean {
  return spawnSync(program, ['--version'], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

function requireOwnName(): void {
  try {
    userInfo();
  } catch (cause) {
    throw new DatabaseError(
      'cluster-user-missing',
      `PostgreSQL needs a name for the user id ${process.getuid?.()}: add it to ${PASSWD}, start as another user, or set DATABASE_URL`,
      { cause },
    );
  }
}

async function readUsers(): Promise<Map<string, SystemUser>> {
  const text = await readFile(PASSWD, 'utf8').catch(() => '');
  const users = new Map<string, SystemUser>();
  for (const line of text.split('\n')) {
    // passwd(5): name:password:UID:GID:…
    const [name, , uid, gid] = line.split(':');
    if (name !== undefined && uid !== undefined && gid !== undefined) users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  return users;
}
