import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TransitSettings } from '../settings.ts';
import { VaultError } from './vault-error.ts';

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** How long the service waits for a key, in ms; an attempt that fails is repeated after a pause that doubles. */
export interface Patience {
  attempts: number;
  timeoutMs: number;
  pauseMs: number;
}

const PATIENCE: Patience = { attempts: 4, timeoutMs: 5_000, pauseMs: 100 };
const MAX_PAUSE_MS = 2_000;

/** An answer below 500: the caller knows what 400, 403 and 404 mean to it. */
export interface TransitAnswer {
  status: number;
  data: Readonly<Record<string, unknown>>;
  /** Vault's own words. It answers 404 without any to what is merely not there. */
  errors: readonly string[];
}

/** Vault's HTTP API below one mount. Redirects are not followed: the token goes to VAULT_ADDR alone. */
export class TransitClient {
  private readonly settings: TransitSettings;
  private readonly patience: Patience;
  private agent: HttpAgent | HttpsAgent | undefined;

  constructor(settings: TransitSettings, patience: Partial<Patience> = {}) {
    this.settings = settings;
    this.patience = { ...PATIENCE, ...patience };
  }

  /**
   * Sends one request, which must be safe to repeat.
   *
   * @param path below the mount
   * @throws VaultError `provider-unavailable`, which names no secret
   */
  async send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: Readonly<Record<string, unknown>>): Promise<TransitAnswer> {
    const { attempts, pauseMs } = this.patience;
    let reason = '';
    for (let attempt = 1; attempt <= attempts; attempt++) {
      let pause = Math.min(pauseMs * 2 ** (attempt - 1), MAX_PAUSE_MS);
      const answer = await this.attempt(method, path, body).catch((error: unknown) => {
        reason = causeOf(error);
      });
      if (answer !== undefined) {
        const { status, text, retryAfter } = answer;
        const parsed = parseAnswer(status, text);
        if (!isWorthRepeating(status)) {
          if (parsed !== undefined) return parsed;
          throw this.unavailable(`it answers ${status} to ${method} /${path}, but not as Vault does`);
        }
        reason = `it answers ${status}${parsed === undefined || parsed.errors.length === 0 ? '' : `, ${inOneLine(parsed.errors)}`}`;
        pause = Math.min(Math.max(pause, (retryAfter ?? 0) * 1000), MAX_PAUSE_MS);
      }
      // Replicas that lost it together must not come back together.
      if (attempt < attempts) await sleep(pause * (0.5 + Math.random() / 2));
    }
    throw this.unavailable(`${reason} (${attempts} attempts)`);
  }

  private async attempt(method: string, path: string, body?: Readonly<Record<string, unknown>>): Promise<{ status: number; text: string; retryAfter: number | undefined }> {
    const { address, mount, namespace } = this.settings;
    const url = new URL(`${address}/v1/${mount}/${path}`);
    const content = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string> = { 'X-Vault-Request': 'true', 'X-Vault-Token': await this.token() };
    if (namespace !== undefined) headers['X-Vault-Namespace'] = namespace;
    if (content !== undefined) Object.assign(headers, { 'Content-Type': 'application/json', 'Content-Length': String(content.length) });
    const isHttps = url.protocol === 'https:';
    this.agent ??= isHttps ? new HttpsAgent({ keepAlive: true, ...(await this.authority()) }) : new HttpAgent({ keepAlive: true });
    const signal = AbortSignal.timeout(this.patience.timeoutMs);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = (isHttps ? httpsRequest : httpRequest)(url, { method, headers, agent: this.agent, signal }, resolve);
      request.once('error', reject);
      request.end(content);
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) throw new Error('its answer is too long');
      chunks.push(chunk);
    }
    const after = Number(response.headers['retry-after']);
    return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), retryAfter: after > 0 ? after : undefined };
  }

  private async token(): Promise<string> {
    const { token, tokenFile } = this.settings;
    if (token !== undefined) return token;
    const read = (await readText(tokenFile ?? '', 'VAULT_TOKEN_FILE')).trim();
    if (!/^[\x21-\x7e]+$/.test(read)) throw new VaultError('provider-refused', 'VAULT_TOKEN_FILE does not hold a token');
    return read;
  }

  private async authority(): Promise<{ ca?: string }> {
    const { caFile } = this.settings;
    return caFile === undefined ? {} : { ca: await readText(caFile, 'VAULT_CACERT') };
  }

  private unavailable(reason: string): VaultError {
    return new VaultError('provider-unavailable', `the key provider ${new URL(this.settings.address).host}: ${reason}`);
  }
}

/** Vault's words, for a message of ours: one line, not too long. */
export function inOneLine(errors: readonly string[]): string {
  return errors.join('; ').replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new VaultError('provider-unavailable', `${name}=${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

// 412: a standby that has not seen yet what the active node has written. 429: a quota.
function isWorthRepeating(status: number): boolean {
  return status >= 500 || status === 429 || status === 412;
}

/** Undefined when Vault would not answer so: a proxy in between, or another service. */
function parseAnswer(status: number, text: string): TransitAnswer | undefined {
  if (status === 204) return { status, data: {}, errors: [] };
  try {
    const { data, errors } = JSON.parse(text) as { data?: unknown; errors?: unknown };
    if (status >= 200 && status < 300 && typeof data === 'object' && data !== null) return { status, data: data as TransitAnswer['data'], errors: [] };
    if (status >= 400 && Array.isArray(errors) && errors.every((each) => typeof each === 'string')) return { status, data: {}, errors };
  } catch {
    // said by the caller
  }
  return undefined;
}

/** What broke a connection, by its code: texts of TLS errors may quote certificates. @throws the VaultErrors of our own files */
function causeOf(error: unknown): string {
  if (error instanceof VaultError) throw error;
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (name === 'AbortError' || name === 'TimeoutError') return 'it does not answer in time';
  return code === undefined ? message : `it cannot be reached, ${code}`;
}
