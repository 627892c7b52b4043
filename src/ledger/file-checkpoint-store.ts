import { readFile } from 'node:fs/promises';
import { writeDurably } from '../database/durable-file.ts';
import { CheckpointStoreError, sameCheckpoint, type CheckpointStore, type StoredCheckpoint } from './checkpoint-store.ts';

type Content = Record<string, StoredCheckpoint>;

/** A JSON file `{origin: {size, root}}`, for one replica: whoever holds the data folder's lock writes it. */
export class FileCheckpointStore implements CheckpointStore {
  private readonly path: string;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  async read(origin: string): Promise<StoredCheckpoint | undefined> {
    return (await this.load()).get(origin);
  }

  replace(origin: string, expected: StoredCheckpoint | undefined, next: StoredCheckpoint): Promise<boolean> {
    const result = this.turn.then(async () => {
      const content = await this.load();
      if (!sameCheckpoint(content.get(origin), expected)) return false;
      content.set(origin, next);
      await this.write(content);
      return true;
    });
    this.turn = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    await this.turn;
  }

  /** Read anew each time: a file that was removed or put back under a running service must not be papered over. */
  private async load(): Promise<Map<string, StoredCheckpoint>> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return new Map();
      // Too many files are open just now: that says nothing about this one.
      if (code === 'EMFILE' || code === 'ENFILE') throw error;
      throw new CheckpointStoreError(`the checkpoint store ${this.path} cannot be read: ${message}`);
    }
    return new Map(Object.entries(parse(text, this.path)));
  }

  private async write(content: ReadonlyMap<string, StoredCheckpoint>): Promise<void> {
    try {
      await writeDurably(this.path, `${JSON.stringify(Object.fromEntries(content), null, 2)}\n`);
    } catch (error) {
      throw new CheckpointStoreError(`the checkpoint store ${this.path} cannot be written: ${(error as Error).message}`);
    }
  }
}

function parse(text: string, path: string): Content {
  try {
    const content = JSON.parse(text) as Content;
    if (typeof content === 'object' && content !== null && !Array.isArray(content) && Object.values(content).every(isStored)) return content;
  } catch {
    // said below
  }
  throw new CheckpointStoreError(`the checkpoint store ${path} is not {origin: {"size": number, "root": hex}}: put back the last good file`);
}

function isStored(value: unknown): value is StoredCheckpoint {
  if (typeof value !== 'object' || value === null) return false;
  const { size, root } = value as Partial<StoredCheckpoint>;
  return Number.isSafeInteger(size) && Number(size) >= 0 && typeof root === 'string' && /^[0-9a-f]{64}$/.test(root);
}
