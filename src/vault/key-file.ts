import { createSecretKey, randomUUID, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writeDurably } from '../database/durable-file.ts';
import { seal, unseal } from './aes-gcm.ts';
import { VaultError, type KeyProvider } from './key-provider.ts';
import { randomBytes } from './random-bytes.ts';

/** The file's content: key-encryption keys by name, base64, and which of them wraps new keys. */
interface KeyFileContent {
  current: string;
  keys: Record<string, string>;
}

/** Key-encryption keys in a local file of mode 0600: the default key provider. */
export class KeyFile implements KeyProvider {
  readonly current: string;
  private readonly keys: ReadonlyMap<string, KeyObject>;

  private constructor(current: string, keys: ReadonlyMap<string, KeyObject>) {
    this.current = current;
    this.keys = keys;
  }

  /**
   * Reads the file, or makes it with a new key.
   *
   * @param mayCreate false when the database holds keys already, which a new file could never open
   * @throws VaultError `kek-missing`, `kek-malformed`
   */
  static async open(path: string, mayCreate: boolean): Promise<KeyFile> {
    let text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) {
      if (!mayCreate) {
        throw new VaultError('kek-missing', `${path} is missing, and the database holds payloads sealed under its keys: put the file back`);
      }
      const name = `kek-${randomUUID()}`;
      text = `${JSON.stringify({ current: name, keys: { [name]: randomBytes(32).toString('base64') } }, null, 2)}\n`;
      await writeDurably(path, text);
    }
    return KeyFile.parse(path, text);
  }

  private static parse(path: string, text: string): KeyFile {
    const malformed = new VaultError('kek-malformed', `${path} is not {"current": name, "keys": {name: 32 bytes in base64}}`);
    let content: KeyFileContent;
    try {
      content = JSON.parse(text) as KeyFileContent;
    } catch {
      throw malformed;
    }
    if (typeof content?.current !== 'string' || typeof content.keys !== 'object' || content.keys === null) throw malformed;
    const keys = new Map<string, KeyObject>();
    for (const [name, encoded] of Object.entries(content.keys)) {
      const bytes = Buffer.from(String(encoded), 'base64');
      if (bytes.length !== 32) throw malformed;
      keys.set(name, createSecretKey(bytes));
    }
    if (!keys.has(content.current)) throw malformed;
    return new KeyFile(content.current, keys);
  }

  has(kek: string): boolean {
    return this.keys.has(kek);
  }

  async wrap(dataKey: Uint8Array, context: string): Promise<Buffer> {
    return seal(this.key(this.current), Buffer.from(`${this.current}\n${context}`), dataKey);
  }

  async unwrap(wrapped: Uint8Array, kek: string, context: string): Promise<Buffer> {
    const dataKey = unseal(this.key(kek), Buffer.from(`${kek}\n${context}`), wrapped);
    if (dataKey === undefined) throw new VaultError('unwrap-failed', `a data key does not open under ${kek}`);
    return dataKey;
  }

  private key(name: string): KeyObject {
    const key = this.keys.get(name);
    if (key === undefined) throw new VaultError('kek-missing', `the key file does not hold ${name}`);
    return key;
  }
}
