import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { exportJWK, SignJWT } from 'jose';
import { ProviderKeys } from '../../src/access/provider-keys.ts';
import { readProviders, type IdentityProvider } from '../../src/access/provider-policy.ts';
import { Roles } from '../../src/access/roles.ts';
import { TokenVerifier } from '../../src/access/verify-token.ts';
import { PolicyBundle } from '../../src/ledger/policy-bundle.ts';
import { LocalProvider, trusting } from './identity-provider.ts';
import { policiesWith } from './policies-with.ts';

jest.setTimeout(60_000);

let provider: LocalProvider;
let trusted: readonly IdentityProvider[];
beforeAll(async () => {
  provider = await LocalProvider.start();
  trusted = await providersOf(trusting(provider));
});
afterAll(() => provider.stop());

async function providersOf(text: string): Promise<readonly IdentityProvider[]> {
  const folder = await policiesWith('identity-providers.yaml', text);
  try {
    const bundle = await PolicyBundle.read(folder);
    return readProviders(bundle, new Roles(bundle));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);
const verify = async (token: string): Promise<unknown> => new TokenVerifier(trusted).verify(token);

describe('a token', () => {
  test('of a trusted provider speaks of a person, with the roles that its claims give, in the policy’s order', async () => {
    expect(await verify(await provider.sign())).toMatchObject({ provider: 'corporate', subject: 'somebody', tenant: 'default', roles: ['auditor'] });
    const claims = { groups: ['operators', 'auditors', 'others'], realm_access: { roles: ['privacy'] } };
    expect(await verify(await provider.sign(claims))).toMatchObject({ roles: ['auditor', 'privacy-officer', 'operator'] });
    expect(await verify(await provider.sign({ groups: 'operators' }))).toMatchObject({ roles: ['operator'] });
    expect(await verify(await provider.sign({ aud: ['other', 'prediction-ledger'] }))).toMatchObject({ roles: ['auditor'] });
  });

  const claims: [string, Record<string, unknown>, string?][] = [
    ['another audience', { aud: 'another' }],
    ['an audience that only begins alike', { aud: 'prediction-ledger-2' }],
    ['no audience', { aud: undefined }],
    ['an audience of another type', { aud: { 'prediction-ledger': true } }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['an issuer with a slash more', { iss: 'x/' }],
    ['no issuer', { iss: undefined }],
    ['an issuer of another type', { iss: ['x'] }],
    ['an end in the past', { exp: now() - 60 }, 'expired'],
    ['no end', { exp: undefined }],
    ['an end as text', { exp: '9999999999' }],
    ['a beginning in the future', { nbf: now() + 120 }],
    ['an issue in the future', { iat: now() + 120 }],
    ['no time of issue', { iat: undefined }],
    ['an issue longer ago than the policy lets', { iat: now() - 700, exp: now() + 300 }, 'expired'],
    ['no subject', { sub: undefined }],
    ['an empty subject', { sub: '' }],
    ['a subject that is too long', { sub: 'x'.repeat(256) }],
    ['a subject of another type', { sub: ['somebody'] }],
    ['no group', { groups: undefined }],
    ['a group that nobody granted', { groups: ['root', 'admin', '*'] }],
    ['a group in another case', { groups: ['Auditors'] }],
    ['groups as an object', { groups: { 0: 'auditors', auditors: true, length: 1 } }],
    ['groups one level down', { groups: [['auditors']] }],
    ['a role in place of the claim that gives it', { groups: undefined, role: 'admin', roles: ['admin'], tenant: 'default' }],
    ['grants in two tenants', { groups: ['auditors', 'elsewhere'] }],
    ['a nested claim as text', { groups: undefined, realm_access: 'roles' }],
    ['prototype keys', { groups: undefined, realm_access: { constructor: ['privacy'] } }],
  ];
  test.each(claims)('with %s counts for nothing', async (_what, changed, reason = 'token-invalid') => {
    const issuer = changed['iss'] === 'x/' ? { iss: `${provider.issuer}/` } : {};
    expect(await verify(await provider.sign({ ...changed, ...issuer }))).toEqual({ prefix: expect.stringMatching(/^(corporate)?$/), reason });
  });

  test('by a key of the provider’s own counts for nothing where the policy does not pin its algorithm', async () => {
    await provider.addKey('unpinned', 'ES384');
    try {
      expect(await verify(await provider.sign({}, { kid: 'unpinned' }))).toEqual({ prefix: 'corporate', reason: 'token-invalid' });
    } finally {
      provider.serve(['key-1']);
    }
  });

  test('with another algorithm than the policy pins counts for nothing, whatever key it brings', async () => {
    const payload = encode({ iss: provider.issuer, aud: 'prediction-ledger', sub: 'somebody', iat: now(), exp: now() + 300, groups: ['auditors'] });
    const jwk = provider.publicKey();
    const pem = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: String(jwk.x), y: String(jwk.y) }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    for (const alg of ['none', 'None', 'NONE', '', 'HS256', 'hs256', 'ES384', 'EdDSA', undefined, null, 256]) {
      const head = encode({ alg, kid: 'key-1' });
      const secrets = [String(pem), JSON.stringify(jwk), String(jwk.x), ''];
      const signatures = ['', 'AA', ...secrets.map((secret) => createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url'))];
      for (const signature of signatures) expect(await verify(`${head}.${payload}.${signature}`)).toEqual({ prefix: 'corporate', reason: 'token-invalid' });
    }
  });

  test('signed by another key counts for nothing, also when it brings that key along', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = await exportJWK(publicKey);
    const payload = { iss: provider.issuer, aud: 'prediction-ledger', sub: 'somebody', iat: now(), exp: now() + 300, groups: ['auditors'] };
    const headers: Record<string, unknown>[] = [
      { kid: 'key-1' }, { kid: 'key-1', jwk }, { kid: 'key-1', jku: `${provider.issuer}/evil`, x5u: 'https://evil.example' }, { kid: 'evil', jwk }, { kid: '../../key-1' }, { kid: '' }, {}, { kid: 'constructor' }, { kid: '__proto__' },
    ];
    for (const header of headers) {
      const token = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...header }).sign(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })));
      expect(await verify(token)).toEqual({ prefix: 'corporate', reason: 'token-invalid' });
    }
  });

  test('that was changed anywhere counts for nothing', async () => {
    const token = await provider.sign();
    const [head = '', payload = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const swapped = await provider.sign({ sub: 'other' });
    for (const changed of [
      `${head}.${encode({ ...claims, sub: 'admin' })}.${signature}`, `${head}.${payload}.${swapped.split('.')[2]}`, `${head}.${payload}.`, `${head}.${payload}.${signature}AAAA`, `${head}.${payload}`, `${token}.${signature}`,
      `${encode({ alg: 'ES256', kid: 'key-1', crit: ['x'], x: 1 })}.${payload}.${signature}`, `${encode({ alg: 'ES256', kid: 'key-1', b64: false, crit: ['b64'] })}.${payload}.${signature}`, `..`, `a.b.c`, `${head}.${'A'.repeat(4000)}.${signature}`,
    ]) {
      expect(await verify(changed)).toMatchObject({ reason: 'token-invalid' });
    }
  });

  test('of another type than the policy pins counts for nothing', async () => {
    const pinned = new TokenVerifier(await providersOf(trusting(provider, '    tokenType: at+jwt\n')));
    expect(await pinned.verify(await provider.sign({}, { header: { typ: 'at+jwt' } }))).toMatchObject({ subject: 'somebody' });
    for (const typ of [undefined, 'JWT', 'dpop+jwt', 'logout+jwt']) expect(await pinned.verify(await provider.sign({}, { header: typ === undefined ? {} : { typ } }))).toMatchObject({ reason: 'token-invalid' });
  });
});

describe('the keys of a provider', () => {
  /** A clock that the test moves. */
  function at(clock: { now: number }): ProviderKeys {
    return new ProviderKeys(trusted[0] as IdentityProvider, () => clock.now);
  }
  const find = (keys: ProviderKeys, kid: string): Promise<unknown> => Promise.resolve(keys.find({ alg: 'ES256', kid }, { payload: '', signature: '' })).then((key) => ('algorithm' in key ? 'found' : key), (error: Error) => error.name);

  test('roll over without a pause, and are forgotten when the provider takes them back', async () => {
    const clock = { now: 0 };
    const keys = at(clock);
    expect(await find(keys, 'key-1')).toBe('found');
    await provider.addKey('key-2');
    clock.now += 31_000;
    expect(await find(keys, 'key-2')).toBe('found');
    provider.serve(['key-2']);
    expect(await find(keys, 'key-1')).toBe('found');
    clock.now += 11 * 60_000;
    expect(await find(keys, 'key-1')).toBe('found');
    for (let i = 0; i < 100 && (await find(keys, 'key-1')) === 'found'; i++) await new Promise((done) => setTimeout(done, 20));
    expect(await find(keys, 'key-1')).toBe('JWKSNoMatchingKey');
    provider.serve(['key-1']);
  });

  test('serve on while it is away, for a day; what is not known then is never let in', async () => {
    const clock = { now: 0 };
    const keys = at(clock);
    expect(await find(keys, 'key-1')).toBe('found');
    for (const mode of ['failing', 'elsewhere', 'silent'] as const) {
      provider.mode = mode;
      clock.now += 31_000;
      expect([mode, await find(keys, 'key-1')]).toEqual([mode, 'found']);
      expect([mode, await find(keys, 'new')]).toEqual([mode, 'ProviderUnavailableError']);
    }
    clock.now += 23 * 3_600_000;
    expect(await find(keys, 'key-1')).toBe('found');
    clock.now += 3_600_000;
    expect(await find(keys, 'key-1')).toBe('ProviderUnavailableError');
    provider.mode = 'well';
    clock.now += 31_000;
    expect(await find(keys, 'key-1')).toBe('found');
  });

  test('are not asked for more than twice a minute, however many tokens name keys that nobody has', async () => {
    const clock = { now: 0 };
    const keys = at(clock);
    provider.mode = 'failing';
    const before = provider.requests;
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => find(keys, `made-up-${i}`)));
    expect(new Set(answers)).toEqual(new Set(['ProviderUnavailableError']));
    expect(provider.requests - before).toBe(1);
    provider.mode = 'well';
  });

  test('are none where the set holds a secret, a double, or nothing', async () => {
    const jwk = provider.publicKey();
    for (const served of [{ keys: [] }, {}, [], null, 'x', { keys: 'x' }, { keys: [{ kty: 'oct', k: 'AAAA', kid: 'key-1', alg: 'HS256' }] }, { keys: [jwk, jwk] }, { keys: [{ ...jwk, use: 'enc' }] }, { keys: [{ ...jwk, kid: undefined }] }]) {
      provider.served = served;
      expect([served, await find(at({ now: 0 }), 'key-1')]).toEqual([served, 'ProviderUnavailableError']);
    }
    provider.served = { keys: [jwk], filler: 'x'.repeat(300_000) };
    expect(await find(at({ now: 0 }), 'key-1')).toBe('ProviderUnavailableError');
    provider.serve(['key-1']);
  });
});

describe('identity-providers.yaml', () => {
  test.each<[string, (text: string) => string, RegExp]>([
    ['a shared-secret algorithm', (text) => text.replace('RS256', 'HS256'), /identity-providers\.yaml:\d+: \/providers\/0\/algorithms\/1 /],
    ['no algorithm at all', (text) => text.replace('[ES256, RS256]', '[none]'), /algorithms\/0/],
    ['an issuer over plain HTTP', (text) => text.replace(/issuer: .*/, 'issuer: http://login.example.com'), /\/providers\/0\/issuer is not an https/],
    ['a password in a URL', (text) => text.replace(/issuer: .*/, 'issuer: https://a:b@login.example.com'), /\/providers\/0\/issuer is not an https/],
    ['an unknown role', (text) => text.replace('role: auditor', 'role: root'), /\/providers\/0\/grants\/0\/role names the role root/],
    ['a misspelt key', (text) => text.replace('audience', 'audiance'), /\/providers\/0/],
    ['no audience', (text) => text.replace('    audience: prediction-ledger\n', ''), /audience/],
    ['days of skew', (text) => text.replace('clockSkewSeconds: 5', 'clockSkewSeconds: 86400'), /clockSkewSeconds/],
    ['a provider twice', (text) => text + text.replace('providers:\n', ''), /\/providers\/1\/id is used twice/],
  ])('with %s stops the start', async (_what, change, why) => {
    await expect(providersOf(change(trusting(provider)))).rejects.toThrow(why);
  });
});
