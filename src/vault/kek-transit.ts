import type { TransitSettings } from '../settings.ts';
import { fromBase64 } from '../core/bytes.ts';
import { checkKekName, checkKekPlaintext, type KekProvider } from './kek-provider.ts';
import { VaultError } from './vault-error.ts';
import { inOneLine, TransitClient, type Patience, type TransitAnswer } from './transit-client.ts';

const KEY_TYPE = 'aes256-gcm96';

// Encrypting under a key that is not there would make it, wherever the token may: a destroyed name would live again. The
// type counts for a key that would be made, and alone then; of this one Transit makes none in passing, but refuses.
const NEVER_MADE = 'ecdsa-p256';

/**
 * Key-encryption keys in the Transit engine of HashiCorp Vault or OpenBao: they never leave it.
 *
 * *Trusted* to forget: a snapshot of its storage opens what an erasure was to make irrecoverable, for as long as it is kept.
 */
export class KekTransit implements KekProvider {
  private readonly client: TransitClient;
  private readonly settings: TransitSettings;

  constructor(settings: TransitSettings, patience: Partial<Patience> = {}) {
    this.settings = settings;
    this.client = new TransitClient(settings, patience);
  }

  async create(name: string): Promise<void> {
    const path = this.keyPath(name);
    const made = await this.client.send('POST', path, { type: KEY_TYPE, derived: false, exportable: false, allow_plaintext_backup: false });
    if (made.status !== 200 && made.status !== 204) throw this.refused(`it does not make ${name}`, made);
    // It may have been there: whoever could export it, or keep a plain backup, could undo its destruction.
    const key = await this.read(name);
    if (key === undefined) throw new VaultError('provider-unavailable', `the key provider made ${name}, but does not show it`);
    const { type, derived, exportable, allow_plaintext_backup: hasBackups } = key;
    if (type !== KEY_TYPE || derived !== false || exportable !== false || hasBackups !== false) {
      throw new VaultError('provider-refused', `the key provider's ${name} is not ${KEY_TYPE}, or can be derived from, exported or backed up: somebody else made it; choose another TRANSIT_KEY_PREFIX`);
    }
    await this.requireContext(name);
  }

  async has(name: string): Promise<boolean> {
    return (await this.read(name)) !== undefined;
  }

  async wrap(name: string, plaintext: Uint8Array, context: string): Promise<Buffer> {
    checkKekPlaintext(plaintext);
    const answer = await this.client.send('POST', this.path('encrypt', name), { plaintext: base64(plaintext), associated_data: base64(Buffer.from(context)), type: NEVER_MADE });
    const { ciphertext } = answer.data;
    if (answer.status === 200 && typeof ciphertext === 'string') return Buffer.from(ciphertext);
    await this.requireKey(name);
    throw this.refused(`it does not encrypt under ${name}`, answer);
  }

  async unwrap(name: string, wrapped: Uint8Array, context: string): Promise<Buffer> {
    const ciphertext = Buffer.from(wrapped).toString('latin1');
    const failed = new VaultError('unwrap-failed', `what was wrapped by ${name} does not open: it was changed, or wrapped for another log`);
    if (!/^vault:v\d+:[A-Za-z0-9+/]+=*$/.test(ciphertext)) {
      await this.requireKey(name);
      throw failed;
    }
    const answer = await this.client.send('POST', this.path('decrypt', name), { ciphertext, associated_data: base64(Buffer.from(context)) });
    const { plaintext } = answer.data;
    if (answer.status === 200 && typeof plaintext === 'string') return Buffer.from(fromBase64(plaintext));
    await this.requireKey(name);
    throw answer.status === 400 ? failed : this.refused(`it does not decrypt under ${name}`, answer);
  }

  async destroy(name: string): Promise<void> {
    if (!(await this.has(name))) return;
    // Allowed only now: until its epoch ends, Transit itself refuses whoever would delete the key by mistake.
    await this.client.send('POST', `${this.keyPath(name)}/config`, { deletion_allowed: true });
    const answer = await this.client.send('DELETE', this.keyPath(name));
    if (await this.has(name)) throw this.refused(`it does not delete ${name}`, answer);
  }

  async names(): Promise<string[]> {
    const answer = await this.client.send('GET', 'keys?list=true');
    if (isAbsent(answer)) return [];
    const { keys } = answer.data;
    if (answer.status !== 200 || !Array.isArray(keys)) throw this.refused('it does not list keys', answer);
    const { keyPrefix } = this.settings;
    return keys.flatMap((key: unknown) => (typeof key === 'string' && key.startsWith(keyPrefix) ? [key.slice(keyPrefix.length)] : []));
  }

  private async read(name: string): Promise<TransitAnswer['data'] | undefined> {
    const answer = await this.client.send('GET', this.keyPath(name));
    if (answer.status === 200) return answer.data;
    if (isAbsent(answer)) return undefined;
    throw this.refused(`it does not show ${name}`, answer);
  }

  private async requireKey(name: string): Promise<void> {
    if (!(await this.has(name))) throw new VaultError('kek-missing', `the key provider does not hold ${name}: it was destroyed, or TRANSIT_MOUNT or TRANSIT_KEY_PREFIX is not the right one`);
  }

  /** A Transit too old for associated data takes no notice of it: then one log's wrapped keys would open for another. */
  private async requireContext(name: string): Promise<void> {
    const wrapped = await this.wrap(name, Buffer.from('probe'), 'one');
    const opened = await this.unwrap(name, wrapped, 'another').catch((error: unknown) => {
      if (!(error instanceof VaultError && error.code === 'unwrap-failed')) throw error;
    });
    if (opened !== undefined) throw new VaultError('provider-refused', 'the key provider does not authenticate associated data: it is too old, take a newer Vault or OpenBao');
  }

  private keyPath(name: string): string {
    return this.path('keys', name);
  }

  private path(operation: string, name: string): string {
    checkKekName(name);
    return `${operation}/${this.settings.keyPrefix}${name}`;
  }

  private refused(what: string, { status, errors }: TransitAnswer): VaultError {
    return new VaultError('provider-refused', `the key provider refuses: ${what}: ${status}${errors.length === 0 ? '' : `, ${inOneLine(errors)}`}`);
  }
}

/** A mount that is not there is a 404 too, but has words: it must not pass for a key that is gone. */
function isAbsent({ status, errors }: TransitAnswer): boolean {
  return status === 404 && errors.length === 0;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
