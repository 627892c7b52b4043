import { createSecretKey, randomUUID, type KeyObject } from 'node:crypto';
import { fromBase64 } from '../core/bytes.ts';
import { writeDurably } from '../database/durable-file.ts';
import { readSecret } from '../database/private-file.ts';
import { seal, unseal } from './aes-gcm.ts';
import { VaultError, type KeyProvider } from './key-provider.ts';
import { randomBytes } from './random-bytes.ts';

const KEY_BYTES = 32;

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
   * Reads the file, narrowing its mode to 0600, or makes it with a new key.
   *
   * @param mayCreate false when the database holds keys already, which a new file could never open
   * @throws VaultError `kek-missing`, `kek-malformed`
   */
  static async open(path: string, mayCreate: boolean): Promise<KeyFile> {
    let text = await readSecret(path);
    if (text === undefined) {
      if (!mayCreate) {
        throw new VaultError('kek-missing', `${path} is missing, and the database holds payloads sealed under its keys: put the file back`);
      }
      const name = `kek-${randomUUID()}`;
      text = `${JSON.stringify({ current: name, keys: { [name]: randomBytes(KEY_BYTES).toString('base64') } }, null, 2)}\n`;
      await writeDurably(path, text);
    }
    return KeyFile.parse(path, text);
  }

  private static parse(path: string, text: string): KeyFile {
    try {
      const { current, keys } = JSON.parse(text) as KeyFileContent;
      const parsed = new Map(Object.entries(keys).map(([name, encoded]) => [name, parseKey(encoded)]));
      if (parsed.has(current)) return new KeyFile(current, parsed);
    } catch {
      // said below, without what stands in the file
    }
    throw new VaultError('kek-malformed', `${path} is not {"current": name, "keys": {name: 32 bytes in base64}}: put back the last good file`);
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

function parseKey(encoded: string): KeyObject {
  const bytes = fromBase64(encoded);
  if (bytes.length !== KEY_BYTES) throw new RangeError('not 32 bytes');
  return createSecretKey(bytes);
}
