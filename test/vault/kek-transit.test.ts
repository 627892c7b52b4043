import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { TransitSettings } from '../../src/settings.ts';
import { KekTransit } from '../../src/vault/kek-transit.ts';
import type { Patience } from '../../src/vault/transit-client.ts';
import { kekProviderConformance } from './kek-provider.ts';
import { testCertificate } from './test-certificate.ts';
import { TOKEN, TransitServer } from './transit-server.ts';

const CONTEXT = 'ledger.example/logs/default';

let server: TransitServer;
let address: string;
const servers: TransitServer[] = [];
async function start(tls?: { key: string; cert: string }): Promise<[server: TransitServer, address: string]> {
  const fresh = new TransitServer();
  servers.push(fresh);
  return [fresh, await fresh.listen(tls)];
}
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-transit-'));
});
beforeEach(async () => {
  [server, address] = await start();
});
afterEach(() => server.close());
afterAll(async () => {
  await Promise.all(servers.map((each) => each.close()));
  await rm(folder, { recursive: true });
});

const settings = (changed: Partial<TransitSettings> = {}): TransitSettings => ({
  address, token: TOKEN, tokenFile: undefined, namespace: undefined, caFile: undefined, mount: 'transit', keyPrefix: 'pl-', ...changed,
});
const provider = (changed: Partial<TransitSettings> = {}, patience: Partial<Patience> = {}): KekTransit => new KekTransit(settings(changed), { pauseMs: 1, ...patience });

for (const mayCreate of [true, false]) {
  kekProviderConformance(`KekTransit, whose token may ${mayCreate ? '' : 'not '}make keys by encrypting`, async () => {
    const [shared, at] = await start();
    shared.mayCreate = mayCreate;
    return { open: () => new KekTransit({ ...settings(), address: at }, { pauseMs: 1 }) };
  });
}

describe('what is sent', () => {
  test('is what the API of Transit asks for', async () => {
    const vault = provider({ namespace: 'team/ledger' });
    server.namespace = 'team/ledger';
    await vault.create('e1');
    const wrapped = await vault.wrap('e1', Buffer.from('k'), CONTEXT);
    expect(server.last.body).toMatchObject({ plaintext: 'aw==', associated_data: Buffer.from(CONTEXT).toString('base64') });
    expect(wrapped.toString()).toMatch(/^vault:v1:/);
    await vault.unwrap('e1', wrapped, CONTEXT);
    await vault.destroy('e1');
    await vault.names();
    expect(server.requests).toEqual([
      'POST /v1/transit/keys/pl-e1', 'GET /v1/transit/keys/pl-e1', 'POST /v1/transit/encrypt/pl-e1', 'POST /v1/transit/decrypt/pl-e1', 'GET /v1/transit/keys/pl-e1',
      'POST /v1/transit/encrypt/pl-e1', 'POST /v1/transit/decrypt/pl-e1',
      'GET /v1/transit/keys/pl-e1', 'POST /v1/transit/keys/pl-e1/config', 'DELETE /v1/transit/keys/pl-e1', 'GET /v1/transit/keys/pl-e1', 'GET /v1/transit/keys?list=true',
    ]);
    expect(server.last.headers).toMatchObject({ 'x-vault-token': TOKEN, 'x-vault-namespace': 'team/ledger', 'x-vault-request': 'true' });
  });

  test('keeps keys of other ledgers on one mount apart', async () => {
    await provider({ keyPrefix: 'pl-a-' }).create('e1');
    await provider({ keyPrefix: 'pl-b-' }).create('e2');
    expect(await provider({ keyPrefix: 'pl-a-' }).names()).toEqual(['e1']);
    expect(await provider({ keyPrefix: 'pl-b-' }).has('e1')).toBe(false);
  });

  test('deletion is not allowed before the key is to be destroyed', async () => {
    await provider().create('e1');
    expect(server.keys.get('pl-e1')?.deletionAllowed).toBe(false);
    await provider().destroy('e1');
    expect(server.keys.size).toBe(0);
  });
});

describe('the token', () => {
  test('is read from its file before each request, since agents renew it', async () => {
    const tokenFile = join(folder, 'token');
    await writeFile(tokenFile, `${TOKEN}\n`);
    const vault = provider({ token: undefined, tokenFile });
    await vault.create('e1');
    server.token = 'hvs.renewed';
    await expect(vault.has('e1')).rejects.toMatchObject({ code: 'provider-refused' });
    await writeFile(tokenFile, 'hvs.renewed');
    expect(await vault.has('e1')).toBe(true);
    await writeFile(tokenFile, 'two\nlines');
    await expect(vault.has('e1')).rejects.toThrow('VAULT_TOKEN_FILE does not hold a token');
    await rm(tokenFile);
    await expect(vault.has('e1')).rejects.toMatchObject({ code: 'provider-unavailable', message: `VAULT_TOKEN_FILE=${tokenFile} cannot be read: ENOENT` });
  });

  test('that lacks a right is refused at once, by Vault’s own words, and never repeated', async () => {
    await provider().create('e1');
    const sent = server.requests.length;
    for (const call of [(vault: KekTransit) => vault.create('e1'), (vault: KekTransit) => vault.wrap('e1', Buffer.from('k'), CONTEXT), (vault: KekTransit) => vault.names(), (vault: KekTransit) => vault.destroy('e1')]) {
      const failure = await call(provider({ token: 'hvs.another-token' })).catch((error: unknown) => error as Error);
      expect(failure).toMatchObject({ name: 'VaultError', code: 'provider-refused', message: expect.stringContaining('permission denied') });
      expect(String(failure)).not.toMatch(/hvs\.|\n/);
    }
    expect(server.requests.length - sent).toBe(5); // wrapping asks whether the key is there, too
  });
});

describe('a provider that fails', () => {
  test.each([500, 502, 503, 504, 429, 412])('with %d for a while is asked again', async (status) => {
    server.faults.push({ status, text: '{"errors":["internal error"]}' }, { status, text: 'not even JSON' }, 'cut');
    await provider().create('e1');
    expect(server.keys.has('pl-e1')).toBe(true);
    expect(server.requests.slice(0, 5)).toEqual([...Array.from({ length: 4 }, () => 'POST /v1/transit/keys/pl-e1'), 'GET /v1/transit/keys/pl-e1']);
  });

  test('that is sealed is said so, after bounded attempts', async () => {
    server.isSealed = true;
    await expect(provider().wrap('e1', randomBytes(32), CONTEXT)).rejects.toMatchObject({
      name: 'VaultError', code: 'provider-unavailable', message: `the key provider ${new URL(address).host}: it answers 503, Vault is sealed (4 attempts)`,
    });
    expect(server.requests).toHaveLength(4);
    server.isSealed = false;
    await provider().create('e1');
  });

  test('by silence is given up in time', async () => {
    server.faults.push('hang', 'hang');
    const began = Date.now();
    await expect(provider({}, { attempts: 2, timeoutMs: 150 }).has('e1')).rejects.toMatchObject({ code: 'provider-unavailable', message: expect.stringContaining('it does not answer in time (2 attempts)') });
    expect(Date.now() - began).toBeLessThan(15_000);
  });

  test('waits as long as it is told to, within bounds', async () => {
    server.faults.push({ status: 429, text: '{"errors":["request path: rate limit quota exceeded"]}', headers: { 'Retry-After': '3600' } });
    const began = Date.now();
    await provider().create('e1');
    expect(Date.now() - began).toBeGreaterThan(900);
    expect(Date.now() - began).toBeLessThan(30_000);
  });

  test('by not being there at all is said by host and code', async () => {
    const closed = createServer();
    const port = await new Promise<number>((resolve) => {
      closed.listen(0, '127.0.0.1', () => resolve((closed.address() as { port: number }).port));
    });
    await new Promise((resolve) => {
      closed.close(resolve);
    });
    await expect(provider({ address: `http://127.0.0.1:${port}` }).has('e1')).rejects.toThrow(`the key provider 127.0.0.1:${port}: it cannot be reached, ECONNREFUSED (4 attempts)`);
  });

  test.each([
    [200, '<html>welcome</html>'],
    [200, '[]'],
    [404, '<html>not here</html>'],
    [404, '{"message":"no route"}'],
    [307, ''],
    [204, ''],
  ])('by answering %d %p, as Vault would not, is no proof that a key is gone', async (status, text) => {
    await provider().create('e1');
    server.faults.push({ status, text, headers: { Location: 'http://127.0.0.1:1/' } });
    await expect(provider().has('e1')).rejects.toMatchObject({ name: 'VaultError' });
    server.faults.push({ status, text });
    await expect(provider().destroy('e1')).rejects.toMatchObject({ name: 'VaultError' });
    expect(server.keys.has('pl-e1')).toBe(true);
  });

  test('a mount or namespace that is not there is no proof either', async () => {
    await expect(provider({ mount: 'transit2' }).has('e1')).rejects.toMatchObject({ code: 'provider-refused', message: expect.stringContaining('no handler for route') });
    await expect(provider({ mount: 'transit2' }).destroy('e1')).rejects.toMatchObject({ code: 'provider-refused' });
    await expect(provider({ mount: 'transit2' }).names()).rejects.toMatchObject({ code: 'provider-refused' });
    await expect(provider({ namespace: 'else' }).unwrap('e1', Buffer.from('vault:v1:AAAA'), CONTEXT)).rejects.toMatchObject({ code: 'provider-refused' });
  });

  test('an answer without end is cut off', async () => {
    server.faults.push({ status: 200, text: `{"data":{"x":"${'x'.repeat(5 * 1024 * 1024)}"}}` });
    await expect(provider({}, { attempts: 1 }).has('e1')).rejects.toThrow('its answer is too long');
  });

  test('a deletion that Transit refuses is not taken for one', async () => {
    await provider().create('e1');
    server.forbidsDeletion = true;
    await expect(provider().destroy('e1')).rejects.toMatchObject({ code: 'provider-refused', message: expect.stringContaining('deletion is not allowed for this key') });
  });
});

test.each([
  ['exportable', { exportable: true }],
  ['backed up in the clear', { hasPlaintextBackup: true }],
  ['of another type', { type: 'chacha20-poly1305' }],
])('a key of somebody’s that is %s is refused: its destruction could be undone', async (_what, changed) => {
  server.keys.set('pl-e1', { type: 'aes256-gcm96', versions: [randomBytes(32)], deletionAllowed: false, exportable: false, hasPlaintextBackup: false, ...changed });
  await expect(provider().create('e1')).rejects.toMatchObject({ code: 'provider-refused', message: expect.stringContaining('choose another TRANSIT_KEY_PREFIX') });
});

test('a Transit too old to authenticate the context is refused', async () => {
  server.isTooOldForContext = true;
  await expect(provider().create('e1')).rejects.toMatchObject({ code: 'provider-refused', message: expect.stringContaining('does not authenticate associated data') });
});

describe('over TLS', () => {
  test('the authority of VAULT_CACERT is trusted, and no other', async () => {
    const [certificate, other] = await Promise.all([testCertificate(), testCertificate()]);
    const [, at] = await start(certificate);
    const [caFile, otherFile] = [join(folder, 'ca.pem'), join(folder, 'other.pem')];
    await writeFile(caFile, certificate.cert);
    await writeFile(otherFile, other.cert);
    const vault = provider({ address: at, caFile });
    await vault.create('e1');
    expect(await vault.unwrap('e1', await vault.wrap('e1', Buffer.from('k'), CONTEXT), CONTEXT)).toEqual(Buffer.from('k'));
    for (const changed of [{ caFile: otherFile }, {}]) {
      await expect(provider({ address: at, ...changed }, { attempts: 1 }).has('e1')).rejects.toMatchObject({ code: 'provider-unavailable', message: expect.stringMatching(/it cannot be reached, [A-Z_]+/) });
    }
    await expect(provider({ address: at, caFile: join(folder, 'nowhere.pem') }).has('e1')).rejects.toThrow('VAULT_CACERT=');
  });
});
