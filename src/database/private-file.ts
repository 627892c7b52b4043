import { randomBytes } from 'node:crypto';
import { chmod, chown, link, readFile, rm, writeFile } from 'node:fs/promises';

/** A user of the operating system. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The secret kept in a file of mode 0600; a new one of 256 bits when there is no such file.
 * Two processes that make it at once get the same one: the file appears with its content, by link(2).
 */
export async function readOrCreateSecret(path: string): Promise<string> {
  const present = await readSecret(path);
  if (present !== undefined) return present;
  const fresh = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(fresh, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    await link(fresh, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  const kept = await readSecret(path);
  if (kept === undefined) throw new Error(`${path} disappeared while it was being made`);
  return kept;
}

/** The secret in the file, or `undefined` when there is no such file. Wider permissions are narrowed to 0600. */
export async function readSecret(path: string): Promise<string | undefined> {
  try {
    const text = (await readFile(path, 'utf8')).trim();
    if (process.platform !== 'win32') await chmod(path, 0o600);
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file of mode 0600 that belongs to `owner`, where one is given. */
export async function writePrivateFile(path: string, text: string, owner?: SystemUser): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  if (owner !== undefined) await chown(path, owner.uid, owner.gid);
}
