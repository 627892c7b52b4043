import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '../database/durable-file.ts';
import { readSecret } from '../database/private-file.ts';
import type { NoteSigner } from '../core/signed-note.ts';
import { ED25519, formatVkey, keyId } from '../core/vkey.ts';

/** A log's Ed25519 signing key, with the public half in the form that verifiers take. */
export interface LogKey {
  vkey: string;
  signer: NoteSigner;
}

/** The file where a log's key should be holds something else, or cannot be read. The log cannot sign. */
export class LogKeyError extends Error {
  override readonly name = 'LogKeyError';
}

/** Signing keys as PKCS #8 PEM files of mode 0600, one a log, `<folder>/<log>.pem`. They never stand in the database. */
export class LogKeyFolder {
  private readonly folder: string;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'log-keys');
  }

  /** The key of a log, or undefined when there is none; its file's mode is narrowed to 0600. @throws LogKeyError */
  async read(log: string, origin: string): Promise<LogKey | undefined> {
    const pem = await readSecret(this.path(log)).catch((error: Error) => {
      throw new LogKeyError(`the signing key ${this.path(log)} cannot be read: ${error.message}`);
    });
    if (pem === undefined) return undefined;
    let key: KeyObject;
    try {
      key = createPrivateKey(pem);
    } catch {
      throw new LogKeyError(`${this.path(log)} is not a private key in PEM`);
    }
    if (key.asymmetricKeyType !== 'ed25519') throw new LogKeyError(`${this.path(log)} is not an Ed25519 key`);
    return toLogKey(key, origin);
  }

  /** The log's key; a new one, durable before it is given, when there is none yet. */
  async readOrCreate(log: string, origin: string): Promise<LogKey> {
    const present = await this.read(log, origin);
    if (present !== undefined) return present;
    const { privateKey } = generateKeyPairSync('ed25519');
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeDurably(this.path(log), privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    return toLogKey(privateKey, origin);
  }

  /** Where the key of a log is kept. */
  path(log: string): string {
    return join(this.folder, `${log}.pem`);
  }
}

function toLogKey(key: KeyObject, origin: string): LogKey {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const publicKey = new Uint8Array(Buffer.from(String(jwk.x), 'base64url'));
  return {
    vkey: formatVkey(origin, ED25519, publicKey),
    signer: { name: origin, keyId: keyId(origin, ED25519, publicKey), sign: (message) => sign(null, message, key) },
  };
}
