import { chmod, lstat, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The demo's own folder; everything it writes is in it. */
export class Workspace {
  readonly folder: string;
  /** The service's DATA_DIR. */
  readonly dataDir: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.dataDir = join(folder, 'data');
  }

  static async create(): Promise<Workspace> {
    const folder = await mkdtemp(join(tmpdir(), 'prediction-ledger-demo-'));
    // Started by root, PostgreSQL runs as another user, who must be able to pass through. The names stay hidden.
    await chmod(folder, 0o711);
    return new Workspace(folder);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Precondition: the service has stopped. */
  async remove(): Promise<void> {
    const cluster = join(this.dataDir, 'postgres');
    // Where PostgreSQL's user could not enter the temporary folder, the service has put its database elsewhere.
    const moved = await lstat(cluster).then((entry) => entry.isSymbolicLink(), () => false);
    if (moved) await rm(dirname(await realpath(cluster)), { recursive: true, force: true });
    await rm(this.folder, { recursive: true, force: true });
  }
}
