import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EVIDENCE_KEY_OPENED } from '../core/attestation.ts';
import { parsePayload } from '../core/payload.ts';
import { spkiKeyId } from '../core/spki.ts';
import { writeDurably } from '../database/durable-file.ts';
import { readSecret } from '../database/private-file.ts';
import { draftSystemEntry } from '../ledger/draft.ts';
import type { Log } from '../ledger/log.ts';
import { openEntry } from '../predictions/open-entry.ts';

/** What signs a log's evidence bundles: an Ed25519 key that entry `index` of the log names. */
export interface EvidenceKey {
  keyid: string;
  index: number;
  sign(message: Uint8Array): Uint8Array;
}

/** The file where an evidence key should be holds something else, or cannot be read. */
export class EvidenceKeyError extends Error {
  override readonly name = 'EvidenceKeyError';
}

/**
 * Evidence keys, kept as the logs' signing keys are: PKCS #8 PEM files of mode 0600, one a log, `<folder>/<log>.pem`, and beside
 * each the index of the entry that names it. A key that signs bundles never signs checkpoints: who gets hold of it forks no log.
 */
export class EvidenceKeys {
  private readonly folder: string;
  private readonly opened = new Map<number, Promise<EvidenceKey>>();

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'evidence-keys');
  }

  /**
   * The key of a log; made, and named in the log, when it is first asked for.
   *
   * @throws EvidenceKeyError, AppendError where the log takes no entries
   */
  of(log: Log): Promise<EvidenceKey> {
    const known = this.opened.get(log.row.id);
    if (known !== undefined) return known;
    const opening = this.open(log);
    this.opened.set(log.row.id, opening);
    // A log that takes no entries now may do so later.
    opening.catch(() => this.opened.delete(log.row.id));
    return opening;
  }

  private async open(log: Log): Promise<EvidenceKey> {
    const key = await this.readOrCreate(log.row.name);
    const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
    const keyid = spkiKeyId(der);
    const place = this.path(log.row.name, 'index');
    let index = Number((await readSecret(place)) ?? -1);
    if (!(await names(log, index, keyid))) {
      const body = { publicKey: der.toString('base64'), keyid };
      ({ index } = await log.append(draftSystemEntry(log.vault, { type: EVIDENCE_KEY_OPENED, v: 1, body })));
      await writeDurably(place, `${index}\n`);
    }
    return { keyid, index, sign: (message) => sign(null, message, key) };
  }

  private async readOrCreate(name: string): Promise<KeyObject> {
    const path = this.path(name, 'pem');
    const pem = await readSecret(path);
    if (pem === undefined) {
      const { privateKey } = generateKeyPairSync('ed25519');
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeDurably(path, privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
      return privateKey;
    }
    try {
      const key = createPrivateKey(pem);
      if (key.asymmetricKeyType === 'ed25519') return key;
    } catch {
      // Said below: what is there is no key of ours.
    }
    throw new EvidenceKeyError(`${path} is not an Ed25519 private key in PEM: put the key back, or move the file away for a new one`);
  }

  private path(name: string, ending: 'pem' | 'index'): string {
    return join(this.folder, `${name}.${ending}`);
  }
}

/** Whether an entry names the key: after a restore, the one that did may be another, or gone. */
async function names(log: Log, index: number, keyid: string): Promise<boolean> {
  const { size } = await log.readHead();
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return false;
  const { opening } = await openEntry(log, index);
  if (opening === undefined) return false;
  const { type, body } = parsePayload(Buffer.from(opening.payload).toString('utf8'));
  return type === EVIDENCE_KEY_OPENED && (body as { keyid?: string }).keyid === keyid;
}
