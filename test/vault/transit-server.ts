import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export const TOKEN = 'hvs.test-token-that-must-not-be-told';

interface TransitKey {
  type: string;
  versions: Buffer[];
  deletionAllowed: boolean;
  exportable: boolean;
  hasPlaintextBackup: boolean;
}

/** What the server answers: a status and either `data` or `errors`. */
type Reply = [status: number, data: Record<string, unknown> | undefined, errors?: string[]];

const NOT_FOUND: Reply = [404, undefined, []];
const UNSUPPORTED_PATH: Reply = [404, undefined, ['1 error occurred:\n\t* unsupported path\n\n']];

/**
 * The part of Vault's HTTP API that a key provider needs, as the Transit engine of Vault and of OpenBao speaks it: real
 * AES-256-GCM, `vault:v1:` before nonce, ciphertext and tag in base64, errors in the shapes and with the words of theirs.
 */
export class TransitServer {
  readonly keys = new Map<string, TransitKey>();
  /** `METHOD path` of each request, in order. */
  readonly requests: string[] = [];
  /** The headers and body of the last one. */
  last: { headers: IncomingMessage['headers']; body: Record<string, unknown> } = { headers: {}, body: {} };
  isSealed = false;
  namespace: string | undefined;
  token = TOKEN;
  /** Vault tells making a key from using one: a token may have `update` without `create`. */
  mayCreate = true;
  /** A release from before `associated_data` takes no notice of it, as of any field that it does not know. */
  isTooOldForContext = false;
  /** Another operator takes back at once that a deletion is allowed. */
  forbidsDeletion = false;
  /** Answers in the place of the real ones, the first first; `hang` is none at all, `cut` a broken connection. */
  readonly faults: ('hang' | 'cut' | { status: number; text: string; headers?: Record<string, string> })[] = [];
  private server: Server | undefined;

  async listen(tls?: { key: string; cert: string }): Promise<string> {
    const handler = (request: IncomingMessage, response: ServerResponse): void => void this.handle(request, response);
    const server = tls === undefined ? createServer(handler) : createTlsServer(tls, handler);
    this.server = server;
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.server?.close(resolve);
      this.server?.closeAllConnections();
    });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    this.requests.push(`${request.method} ${request.url}`);
    this.last = { headers: request.headers, body };
    const fault = this.faults.shift();
    if (fault === 'hang') return;
    if (fault === 'cut') {
      request.socket.destroy();
      return;
    }
    if (fault !== undefined) {
      response.writeHead(fault.status, fault.headers).end(fault.text);
      return;
    }
    const [status, data, errors] = this.answer(request, body);
    if (status === 204) {
      response.writeHead(204).end();
      return;
    }
    const content = errors === undefined ? { request_id: 'b3e1', lease_id: '', renewable: false, lease_duration: 0, data, wrap_info: null, warnings: null, auth: null } : { errors };
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(content)}\n`);
  }

  private answer(request: IncomingMessage, body: Record<string, unknown>): Reply {
    if (this.isSealed) return [503, undefined, ['Vault is sealed']];
    const { pathname, searchParams } = new URL(`http://vault${request.url}`);
    const [, version, mount, operation = '', name = '', config] = pathname.split('/');
    if (request.headers['x-vault-token'] !== this.token) return [403, undefined, ['2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n']];
    if (version !== 'v1' || mount !== 'transit' || request.headers['x-vault-namespace'] !== this.namespace) {
      return [404, undefined, [`no handler for route "${pathname.slice(4)}". route entry not found.`]];
    }
    if (operation === 'keys' && name === '') return searchParams.get('list') === 'true' ? this.list() : [405, undefined, ['1 error occurred:\n\t* unsupported operation\n\n']];
    if (!/^\w(?:[\w.-]*\w)?$/.test(name)) return UNSUPPORTED_PATH;
    if (operation === 'encrypt') return this.encrypt(name, body);
    if (operation === 'decrypt') return this.decrypt(name, body);
    if (operation === 'keys') return this.manage(request.method, name, config, body);
    return UNSUPPORTED_PATH;
  }

  private manage(method: string | undefined, name: string, config: string | undefined, body: Record<string, unknown>): Reply {
    if (config === 'config') return this.configure(name, body);
    if (config !== undefined) return UNSUPPORTED_PATH;
    if (method === 'GET') return this.show(name);
    return method === 'DELETE' ? this.remove(name) : this.make(name, body);
  }

  // An empty list is answered as what is not there.
  private list(): Reply {
    return this.keys.size === 0 ? NOT_FOUND : [200, { keys: [...this.keys.keys()].toSorted() }];
  }

  private show(name: string): Reply {
    const key = this.keys.get(name);
    if (key === undefined) return NOT_FOUND;
    const { type, deletionAllowed, exportable, hasPlaintextBackup, versions } = key;
    return [200, { name, type, derived: false, deletion_allowed: deletionAllowed, exportable, allow_plaintext_backup: hasPlaintextBackup, latest_version: versions.length, min_decryption_version: 1, min_encryption_version: 0, supports_encryption: true, keys: { '1': 1_764_244_800 } }];
  }

  private make(name: string, { type = 'aes256-gcm96', exportable, allow_plaintext_backup: backup }: Record<string, unknown>): Reply {
    if (!this.keys.has(name)) this.keys.set(name, { type: text(type), versions: [randomBytes(32)], deletionAllowed: false, exportable: exportable === true, hasPlaintextBackup: backup === true });
    return this.show(name);
  }

  private configure(name: string, { deletion_allowed: allowed }: Record<string, unknown>): Reply {
    const key = this.keys.get(name);
    if (key === undefined) return [400, undefined, [`no existing key named ${name} could be found`]];
    if (typeof allowed === 'boolean' && !this.forbidsDeletion) key.deletionAllowed = allowed;
    return this.show(name);
  }

  private remove(name: string): Reply {
    const key = this.keys.get(name);
    if (key === undefined) return [400, undefined, [`error deleting policy ${name}: could not delete key; not found`]];
    if (!key.deletionAllowed) return [400, undefined, [`error deleting policy ${name}: deletion is not allowed for this key`]];
    this.keys.delete(name);
    return [204, undefined];
  }

  private encrypt(name: string, body: Record<string, unknown>): Reply {
    const { plaintext, type = 'aes256-gcm96' } = body;
    if (typeof plaintext !== 'string') return [400, undefined, ['missing plaintext to encrypt']];
    if (!this.keys.has(name)) {
      // As Transit does: what is not there is made, where the token may, of the type that the request names.
      if (!this.mayCreate) return [403, undefined, ['1 error occurred:\n\t* permission denied\n\n']];
      if (type !== 'aes256-gcm96') return [400, undefined, [`key type ${text(type)} not supported for this operation`]];
      this.make(name, {});
    }
    const key = this.keys.get(name)?.versions.at(-1) as Buffer;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    cipher.setAAD(this.associated(body));
    const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'base64'), cipher.final(), cipher.getAuthTag()]);
    return [200, { ciphertext: `vault:v1:${sealed.toString('base64')}`, key_version: 1 }];
  }

  private decrypt(name: string, body: Record<string, unknown>): Reply {
    const [, encoded] = /^vault:v1:(.+)$/.exec(text(body['ciphertext'])) ?? [];
    const key = this.keys.get(name)?.versions[0];
    if (key === undefined) return [400, undefined, ['encryption key not found']];
    if (encoded === undefined) return [400, undefined, ['invalid ciphertext: no prefix']];
    const sealed = Buffer.from(encoded, 'base64');
    if (sealed.length < 28) return [400, undefined, ['invalid ciphertext length']];
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
    decipher.setAAD(this.associated(body));
    decipher.setAuthTag(sealed.subarray(-16));
    try {
      return [200, { plaintext: Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]).toString('base64') }];
    } catch {
      return [400, undefined, ['invalid ciphertext: unable to decrypt']];
    }
  }

  private associated({ associated_data: encoded }: Record<string, unknown>): Buffer {
    return Buffer.from(this.isTooOldForContext ? '' : text(encoded), 'base64');
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
