import { createSecretKey } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBase64 } from '../core/bytes.ts';
import { takeLock, type DataDirLock } from '../database/data-dir-lock.ts';
import { DatabaseError } from '../database/database-error.ts';
import { writeDurably } from '../database/durable-file.ts';
import { readSecret } from '../database/private-file.ts';
import { seal, unseal } from './aes-gcm.ts';
import { checkKekName, checkKekPlaintext, type KekProvider } from './kek-provider.ts';
import { VaultError } from './vault-error.ts';
import { randomBytes } from './random-bytes.ts';

const KEY_BYTES = 32;
const LOCK_PATIENCE_MS = 20_000;
const LOCK_TURN_MS = 20;
const READ_ATTEMPTS = 5;

type Keys = ReadonlyMap<string, Buffer>;

/**
 * Key-encryption keys in a local file of mode 0600, `{"keys": {name: 32 bytes in base64}}`: the default provider. Several
 * processes may share the file: it is looked at before each call, and changed under a lock file beside it.
 *
 * *Trusted* to forget: a copy of the file that is kept opens what an erasure was to make irrecoverable.
 */
export class KekFile implements KekProvider {
  private readonly path: string;
  private seen: { stamp: string; keys: Keys } = { stamp: '', keys: new Map() };

  constructor(path: string) {
    this.path = path;
  }

  async create(name: string): Promise<void> {
    checkKekName(name);
    if (await this.has(name)) return;
    await this.alone(async (keys) => {
      if (!keys.has(name)) await this.write(new Map([...keys, [name, randomBytes(KEY_BYTES)]]));
    });
  }

  async has(name: string): Promise<boolean> {
    checkKekName(name);
    return (await this.load()).has(name);
  }

  async names(): Promise<string[]> {
    return [...(await this.load()).keys()];
  }

  async wrap(name: string, plaintext: Uint8Array, context: string): Promise<Buffer> {
    checkKekPlaintext(plaintext);
    return seal(createSecretKey(await this.key(name)), associatedData(name, context), plaintext);
  }

  async unwrap(name: string, wrapped: Uint8Array, context: string): Promise<Buffer> {
    const plaintext = unseal(createSecretKey(await this.key(name)), associatedData(name, context), wrapped);
    if (plaintext === undefined) throw new VaultError('unwrap-failed', `what was wrapped by ${name} does not open: it was changed, or wrapped for another log`);
    return plaintext;
  }

  async destroy(name: string): Promise<void> {
    checkKekName(name);
    if (!(await this.has(name))) return;
    await this.alone(async (keys) => {
      if (!keys.has(name)) return;
      const old = await open(this.path, 'r+');
      try {
        await this.write(new Map([...keys].filter(([each]) => each !== name)));
        await overwrite(old);
      } finally {
        await old.close();
      }
    });
  }

  private async key(name: string): Promise<Buffer> {
    checkKekName(name);
    const key = (await this.load()).get(name);
    if (key === undefined) throw new VaultError('kek-missing', `${this.path} does not hold ${name}: it was destroyed, or the file is not the right one`);
    return key;
  }

  /** As the file is now: another process may have made or destroyed a key, and a destroyed one must not be used from memory. */
  private async load(): Promise<Keys> {
    try {
      for (let attempt = 1; ; attempt++) {
        const stamp = await stampOf(this.path);
        if (stamp === this.seen.stamp) break;
        const text = await readSecret(this.path);
        const keys = text === undefined ? new Map<string, Buffer>() : parse(text);
        if (keys !== undefined) {
          this.seen = { stamp, keys };
          break;
        }
        // Read while it was replaced and wiped? Then there is another file now.
        if (attempt === READ_ATTEMPTS || stamp === (await stampOf(this.path))) {
          throw new VaultError('kek-malformed', `${this.path} is not {"keys": {name: 32 bytes in base64}}: put back the last good file`);
        }
      }
    } catch (error) {
      throw this.unavailable(error);
    }
    return this.seen.keys;
  }

  private async alone(change: (keys: Keys) => Promise<void>): Promise<void> {
    const lock = await this.lock().catch((error: unknown) => {
      throw this.unavailable(error);
    });
    try {
      await change(await this.load());
    } catch (error) {
      throw this.unavailable(error);
    } finally {
      await lock.release();
    }
  }

  private async lock(): Promise<DataDirLock> {
    const deadline = Date.now() + LOCK_PATIENCE_MS;
    for (;;) {
      try {
        return await takeLock(`${this.path}.lock`, () => undefined);
      } catch (error) {
        if (!(error instanceof DatabaseError)) throw error;
        if (Date.now() > deadline) throw new VaultError('provider-unavailable', `another process keeps ${this.path}.lock for too long`);
        await sleep(LOCK_TURN_MS);
      }
    }
  }

  private async write(keys: Keys): Promise<void> {
    const content = Object.fromEntries([...keys].map(([name, key]) => [name, key.toString('base64')]));
    await writeDurably(this.path, `${JSON.stringify({ keys: content }, null, 2)}\n`);
  }

  private unavailable(error: unknown): Error {
    if (error instanceof VaultError) return error;
    return new VaultError('provider-unavailable', `${this.path} cannot be used: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

function associatedData(name: string, context: string): Buffer {
  return Buffer.from(`${name}\n${context}`);
}

/** Differs whenever the file was replaced; the same text for a file that is not there. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'none';
    throw error;
  }
}

/** Wipes the content of a file that has been replaced, so that its freed blocks do not hold the key. One that has another name is somebody's copy. */
async function overwrite(file: FileHandle): Promise<void> {
  const { nlink, size } = await file.stat();
  if (nlink > 0) return;
  await file.write(Buffer.alloc(size), 0, size, 0);
  await file.sync();
}

/** Undefined when it is no such file. `{"current": name, "keys": …}`, as an earlier release wrote it, is one too. */
function parse(text: string): Keys | undefined {
  try {
    const content = JSON.parse(text) as { keys: Record<string, string> } | null;
    if (content === null || typeof content.keys !== 'object' || content.keys === null || Array.isArray(content.keys)) return undefined;
    const keys = new Map(Object.entries(content.keys).map(([name, encoded]) => [name, Buffer.from(fromBase64(encoded))]));
    return [...keys.values()].every(({ length }) => length === KEY_BYTES) ? keys : undefined;
  } catch {
    return undefined; // what stands in the file is not repeated
  }
}
