import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sign, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { proofText } from '../../src/access/register-certificate.ts';
import { readSecureOptions } from '../../src/http/transport.ts';
import { readSettings } from '../../src/settings.ts';
import { TestAuthority, type Issued } from './certificates.ts';
import { startTestService, type TestService } from './service.ts';

let folder: string;
let authority: TestAuthority;
let service: TestService;
/** Behind a proxy on this machine, without TLS of its own. */
let behind: TestService;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-tls-'));
  authority = await TestAuthority.make();
  await present(await authority.issue('server'));
  await writeFile(file('ca.pem'), authority.cert);
  service = await startTestService({ TLS_CERT: file('cert.pem'), TLS_KEY: file('key.pem'), TLS_CLIENT_CA: file('ca.pem'), HSTS_MAX_AGE: '600' });
  behind = await startTestService({ TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' });
});
afterAll(async () => {
  await service?.close();
  await behind?.close();
  await rm(folder, { recursive: true });
});

async function present({ cert, key }: Issued): Promise<void> {
  await writeFile(file('key.pem'), key);
  await writeFile(file('cert.pem'), cert);
}

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  json: Record<string, unknown>;
}

async function call(method: string, path: string, options: { key?: string | undefined; client?: Issued; body?: unknown } = {}): Promise<Answer> {
  const sent = request(`${service.url}${path}`, {
    method,
    ca: authority.cert,
    agent: false,
    ...(options.client !== undefined && { cert: options.client.cert, key: options.client.key }),
    headers: { ...(options.body !== undefined && { 'content-type': 'application/json' }), ...(options.key !== undefined && { authorization: `Bearer ${options.key}` }) },
  });
  sent.end(options.body === undefined ? undefined : JSON.stringify(options.body));
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, json: JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown> };
}

const proofOf = ({ key }: Issued, origin: string): string => sign('sha256', Buffer.from(proofText(origin)), key).toString('base64');

async function register(client: Issued, on = service): Promise<Answer> {
  const body = { role: 'auditor', label: 'batch-job', certificate: client.cert, proof: proofOf(client, 'prediction-ledger.local/logs/default') };
  if (on === service) return call('POST', '/v1/keys/certificates', { key: service.keys['admin'], body });
  const { status, json, headers } = await on.call('POST', '/v1/keys/certificates', 'admin', body);
  return { status, json, headers: Object.fromEntries(headers) };
}

describe('a service with a certificate', () => {
  test('speaks TLS 1.2 and newer alone, and tells browsers to stay', async () => {
    const { status, headers } = await call('GET', '/health/live');
    expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=600']);
    expect((await call('GET', '/none')).headers['strict-transport-security']).toBe('max-age=600');
    const handshake = async (options: ConnectionOptions): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(service.url).port), ca: authority.cert, ...options });
      const spoken = await Promise.race([once(socket, 'secureConnect').then(() => socket.getProtocol() ?? ''), once(socket, 'error').then(() => 'refused')]).catch(() => 'refused');
      socket.destroy();
      return spoken;
    };
    expect(await handshake({})).toBe('TLSv1.3');
    expect(await handshake({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2');
    expect(await handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })).toBe('refused');
    await expect(fetch(service.url.replace('https', 'http'))).rejects.toThrow();
  });

  test('takes a client certificate for a principal once its key has agreed', async () => {
    const client = await authority.issue('job');
    expect((await call('GET', '/v1/log', { client })).status).toBe(401);
    const registered = await register(client);
    expect([registered.status, registered.json]).toEqual([201, expect.objectContaining({ prefix: `crt_${new X509Certificate(client.cert).fingerprint256.replaceAll(':', '').slice(0, 8).toLowerCase()}`, role: 'auditor' })]);
    expect((await call('GET', '/v1/log', { client })).status).toBe(200);
    const refused = await call('POST', '/v1/predictions', { client, body: {} });
    expect([refused.status, refused.headers['strict-transport-security']]).toEqual([403, 'max-age=600']);
    expect((await register(client)).json['code']).toBe('credential-taken');
    const prefix = String(registered.json['prefix']);
    expect((await call('POST', `/v1/keys/${prefix}/rotate`, { key: service.keys['admin'] })).json['code']).toBe('credential-ended');
    expect((await call('POST', `/v1/keys/${prefix}/revoke`, { key: service.keys['admin'], body: { reason: 'superseded' } })).status).toBe(200);
    expect((await call('GET', '/v1/log', { client })).status).toBe(401);
  });

  test('takes none of another authority, none that has expired, and none without its key’s word for this very log', async () => {
    const stranger = await (await TestAuthority.make()).issue('job');
    await register(stranger);
    expect((await call('GET', '/v1/log', { client: stranger })).status).toBe(401);
    const [client, other, brief] = [await authority.issue('a'), await authority.issue('b'), await authority.issue('c', 3000)];
    const wrong: [Issued, string][] = [[client, proofOf(other, 'prediction-ledger.local/logs/default')], [client, proofOf(client, 'prediction-ledger.local/logs/other')], [client, 'AAAA']];
    for (const [{ cert }, proof] of wrong) {
      expect((await call('POST', '/v1/keys/certificates', { key: service.keys['admin'], body: { role: 'auditor', certificate: cert, proof } })).json).toMatchObject({ code: 'invalid-body', errors: [{ at: '/proof' }] });
    }
    expect((await register(brief)).status).toBe(201);
    while ((await call('GET', '/v1/log', { client: brief })).status === 200) await new Promise((done) => setTimeout(done, 100));
    expect((await call('GET', '/v1/log', { client: brief })).status).toBe(401);
  });

  test('believes no header that names a certificate: it sees for itself', async () => {
    const client = await authority.issue('d');
    await register(client);
    const answer = await fetchInsecure({ 'client-cert': `:${client.der.toString('base64')}:` });
    expect(answer).toBe(401);
  });

  test('presents a renewed certificate without a restart', async () => {
    const renewed = await authority.issue('renewed');
    await present(renewed);
    const subject = async (): Promise<string> => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(service.url).port), ca: authority.cert });
      await once(socket, 'secureConnect');
      const { subject: { CN } } = socket.getPeerCertificate();
      socket.destroy();
      return String(CN);
    };
    for (let i = 0; i < 150 && (await subject()) !== 'renewed'; i++) await new Promise((done) => setTimeout(done, 100));
    expect(await subject()).toBe('renewed');
  });

  async function fetchInsecure(headers: Record<string, string>): Promise<number> {
    const sent = request(`${service.url}/v1/log`, { ca: authority.cert, agent: false, headers });
    sent.end();
    const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
    response.resume();
    return response.statusCode ?? 0;
  }
});

describe('behind a trusted proxy', () => {
  test('the proxy’s word on a client’s certificate counts, in either form', async () => {
    const client = await authority.issue('proxied');
    expect((await register(client, behind)).status).toBe(201);
    for (const header of [`:${client.der.toString('base64')}:`, encodeURIComponent(client.cert)]) expect((await behind.call('GET', '/v1/log', undefined, undefined, { 'client-cert': header })).status).toBe(200);
    for (const header of ['::', ':AAAA:', 'x', `:${client.der.toString('base64')}:, :${client.der.toString('base64')}:`, `:${client.der.subarray(0, -1).toString('base64')}:`, '%', `:${'A'.repeat(13_000)}:`]) {
      expect((await behind.call('GET', '/v1/log', undefined, undefined, { 'client-cert': header })).status).toBe(401);
    }
  });
});

test.each([
  [{ TLS_CERT: 'cert.pem' }, /TLS_CERT and TLS_KEY belong together/],
  [{ TLS_CLIENT_CA: 'ca.pem' }, /TLS_CLIENT_CA needs both/],
  [{ TLS_CERT: 'none.pem', TLS_KEY: 'key.pem' }, /TLS_CERT cannot be read: ENOENT/],
  [{ TLS_CERT: 'ca.pem', TLS_KEY: 'key.pem' }, /are not a certificate, its key and an authority/],
  [{ TRUSTED_PROXIES: '*' }, /TRUSTED_PROXIES: "\*" is neither an IP address/],
  [{ TRUSTED_PROXIES: '0.0.0.0/0' }, /TRUSTED_PROXIES/],
])('%j stops the start', (env, why) => {
  const settings = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, name.startsWith('TLS') ? file(value) : value]));
  expect(() => {
    const { tls } = readSettings(settings);
    if (tls !== undefined) readSecureOptions(tls);
  }).toThrow(why);
});
