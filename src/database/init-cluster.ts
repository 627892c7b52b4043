import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { canEnter } from './cluster-user.ts';
import { DatabaseError } from './database-error.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { writePrivateFile } from './private-file.ts';
import type { SystemUser } from './private-file.ts';
import { syncFolder } from './sync-folder.ts';

export const SUPERUSER = 'prediction_ledger_owner';

/**
 * Makes a cluster: UTF-8, the C.UTF-8 order built into PostgreSQL (no system library can change an index under us), checksums on, passwords only.
 * It is made under another name and renamed when complete, so a cluster that stands is a whole one and a half-made one may be thrown away.
 */
export async function initCluster(args: {
  binaries: PostgresBinaries;
  cluster: string;
  user: SystemUser | undefined;
  password: string;
}): Promise<void> {
  const { binaries, cluster, user, password } = args;
  const unfinished = `${cluster}.new`;
  const secretDir = `${cluster}.init`;
  for (const folder of [unfinished, secretDir]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    if (user !== undefined) await chown(folder, user.uid, user.gid);
  }
  try {
    const passwordFile = join(secretDir, 'password');
    await writePrivateFile(passwordFile, `${password}\n`, user);
    const flags = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--data-checksums'];
    const access = ['--auth=scram-sha-256', `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`];
    await runToEnd(binaries.initdb, ['-D', unfinished, ...flags, ...access], user);
  } finally {
    await rm(secretDir, { recursive: true, force: true });
  }
  await rename(unfinished, cluster);
  await syncFolder(dirname(cluster));
}

/** Throws DatabaseError `cluster-older` when the cluster is not of the binaries' major version. */
export async function requireSameMajor(cluster: string, binaries: PostgresBinaries): Promise<void> {
  const major = Number((await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim());
  if (major === binaries.major) return;
  throw new DatabaseError(
    'cluster-older',
    major < binaries.major
      ? `${cluster} was made by PostgreSQL ${major}, this release has ${binaries.major}: run "prediction-ledger backup <file>" with the release that made it, ` +
          'then start this one on an empty DATA_DIR and run "prediction-ledger restore <file>"'
      : `${cluster} was made by PostgreSQL ${major}, this release has ${binaries.major}: run the newer release`,
  );
}

/** A new folder of mode 0700 that its owner can enter, with a short path: a Unix socket's is limited to 107 bytes (sun_path). */
export async function makePrivateDir(prefix: string, owner: SystemUser | undefined): Promise<string> {
  const isFit = process.platform === 'win32' || (Buffer.byteLength(tmpdir()) <= 70 && canEnter(tmpdir(), owner));
  const dir = await mkdtemp(join(isFit ? tmpdir() : '/tmp', prefix));
  await chmod(dir, 0o700);
  if (owner !== undefined) await chown(dir, owner.uid, owner.gid);
  return dir;
}

async function runToEnd(program: string, args: string[], user: SystemUser | undefined): Promise<void> {
  const child = spawn(program, args, { ...user, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
  if (code !== 0) {
    throw new DatabaseError('cluster-broken', `${program} failed (${code}): ${output.trim().split('\n').slice(-3).join(' / ')}`);
  }
}
