import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { makeKey } from '../../src/access/api-key.ts';
import { LocalProvider, trusting } from '../access/identity-provider.ts';
import { policiesWith } from '../access/policies-with.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

// Each comes from an address of its own, so that the bound on failures does not answer in place of what is tested.
let provider: LocalProvider;
let policies: string;
let service: TestService;
beforeAll(async () => {
  provider = await LocalProvider.start();
  policies = await policiesWith('identity-providers.yaml', trusting(provider));
  service = await startTestService({ POLICIES_DIR: policies, TRUSTED_PROXIES: '127.0.0.1' });
});
afterAll(async () => {
  await service.close();
  await provider.stop();
  await rm(policies, { recursive: true });
});

let sent = 0;
function from(authorization: string | undefined, headers: Record<string, string> = {}, path = '/v1/log'): Promise<Answer> {
  sent += 1;
  return service.call('GET', path, undefined, undefined, { 'x-forwarded-for': `198.51.${100 + Math.floor(sent / 250)}.${sent % 250}`, ...(authorization !== undefined && { authorization }), ...headers });
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

async function hostileHeaders(): Promise<string[]> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: provider.issuer, aud: 'prediction-ledger', sub: 's', iat: now, exp: now + 300, groups: ['auditors'] };
  const good = await provider.sign();
  const [head = '', payload = '', signature = ''] = good.split('.');
  const unsigned = ['none', 'None', 'NONE', 'nOnE', '', 'HS256', 'HS384', 'HS512', 'RS256', 'ES512', 'dir', 'A128KW', null, 0, [], {}].flatMap((alg) => {
    const start = `${encode({ alg, kid: 'key-1' })}.${encode(claims)}`;
    const secret = JSON.stringify(provider.publicKey());
    return [`${start}.`, `${start}.AA`, `${start}.${createHmac('sha256', secret).update(start).digest('base64url')}`];
  });
  const wrongClaims: Record<string, unknown>[] = [
    { aud: 'x' }, { aud: ['x', 'y'] }, { aud: [] }, { aud: '' }, { aud: '*' }, { aud: undefined }, { iss: 'https://evil.example' }, { iss: `${provider.issuer}/` }, { iss: `${provider.issuer}@evil.example` }, { iss: undefined },
    { exp: now - 10 }, { exp: 0 }, { exp: -1 }, { exp: undefined }, { exp: String(now + 300) }, { nbf: now + 60 }, { nbf: 'x' }, { iat: now + 60 }, { iat: now - 10_000 }, { iat: undefined }, { sub: undefined }, { sub: '' }, { sub: 5 }, { sub: {} }, { sub: 'x'.repeat(5000) },
    { groups: undefined }, { groups: ['root'] }, { groups: '*' }, { groups: { auditors: 1 } }, { groups: ['auditors', 'elsewhere'] }, { groups: ['elsewhere'] }, { groups: undefined, role: 'auditor' }, { groups: undefined, tenant: 'default', roles: ['admin'] }, { groups: undefined, realm_access: { __proto__: { roles: ['privacy'] } } }, { groups: undefined, constructor: { name: 'auditors' } },
  ];
  const signed = await Promise.all(wrongClaims.map((changed) => provider.sign(changed)));
  const otherKinds = await Promise.all([{ kid: 'key-2' }, { kid: '' }, { kid: '../../../etc/passwd' }, { kid: "' or 1=1 --" }, { kid: '__proto__' }, { kid: 'constructor' }, { crit: ['exp'], exp: 1 }, { kid: 'x'.repeat(1000) }].map((header) => provider.sign({}, { header })).map((made) => made.catch(() => 'a.b.c')));
  const changed = [
    `${head}.${encode({ ...claims, sub: 'admin' })}.${signature}`, `${head}.${payload}.${signature.slice(0, -4)}AAAA`, `${head}.${payload}.${signature.split('').reverse().join('')}`, `${head}..${signature}`, `.${payload}.${signature}`, `${head}.${payload}`, good.slice(1), `${good}.${good}`, `${good},${good}`, `${good} ${good}`, `"${good}"`,
    ...[...Array(10).keys()].map((i) => `${payload}.${head}.${signature.slice(i)}`),
  ];
  const key = String(service.keys['auditor']);
  const keys = [
    makeKey('admin').key, key.slice(0, -1), `${key}A`, key.toUpperCase(), key.replace('pl_', 'PL_'), key.replace('pl_', 'crt_'), `${key} `.repeat(2), `${key},${key}`, key.slice(0, 11), `${key.slice(0, 12)}${makeKey('a').key.slice(12)}`, key.split('').reverse().join(''), `${key}%00`, encodeURIComponent(`${key}\0`), `' or '1'='1`, "pl_00000000_'; drop table api_key; --", '__proto__', 'constructor', '{"role":"admin"}', '*', 'null', 'undefined', 'true',
    ...Array.from({ length: 40 }, () => makeKey('admin').key),
  ];
  return [
    ...[...unsigned, ...signed, ...otherKinds, ...changed, ...keys].map((text) => `Bearer ${text}`),
    key, `Basic ${Buffer.from(`admin:${key}`).toString('base64')}`, `Digest ${key}`, `Token ${key}`, `Bearer`, `Bearer ${'x'.repeat(9000)}`, `Bearer ${'a'.repeat(4000)}.${'b'.repeat(3000)}.${'c'.repeat(1500)}`, `Bearer Bearer ${key}`, `Negotiate ${key}`, `Bearer\u00a0${key}`,
  ];
}

test('two hundred hostile requests and more: all refused, in the same words, all counted', async () => {
  const headers = await hostileHeaders();
  const answers: Answer[] = [];
  for (const header of headers) answers.push(await from(header));
  // Who claims to be somebody by another header is nobody, and smuggles nothing beside a header that is refused.
  const smuggled: Record<string, string>[] = [
    ...['x-user', 'x-role', 'x-principal', 'x-tenant', 'x-auth-request-user', 'x-remote-user', 'remote-user', 'x-api-key', 'x-forwarded-user', 'x-original-url', 'x-rewrite-url', 'proxy-authorization', 'cookie', 'x-ssl-client-verify', 'x-ssl-client-s-dn', 'x-client-cert', 'x-forwarded-client-cert'].map((name) => ({ [name]: String(service.keys['admin']) })),
    ...[':AAAA:', '::', 'SUCCESS', 'CN=admin', '*', `:${Buffer.from('admin').toString('base64')}:`].map((value) => ({ 'client-cert': value })),
    { authorisation: `Bearer ${service.keys['admin']}` }, { 'x-http-method-override': 'DELETE' },
  ];
  for (const more of smuggled) answers.push(await from(undefined, more));
  expect(answers.length).toBeGreaterThan(200);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
  // One answer for all of them: nothing tells a key that is not there from one that is not right.
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(answers[0]?.json).toEqual({ type: 'urn:prediction-ledger:problem:unauthenticated', title: expect.any(String), status: 401, code: 'unauthenticated', detail: expect.any(String) });
  for (const { headers: got } of answers) expect([got.get('www-authenticate'), got.get('cache-control')]).toEqual(['Bearer', 'no-store']);
  await service.service.tally.flush();
  const { rows } = await service.service.database.pool.query<{ subject: string; count: number }>("select subject, count from tally where what = 'unauthenticated'");
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(answers.length);
  for (const { subject } of rows) expect(['unknown', 'corporate']).toContain(subject);
  expect((await service.call('GET', '/v1/log', 'auditor')).status).toBe(200);
  expect((await from(`Bearer ${await provider.sign()}`)).status).toBe(200);
});

test('from one address they are put off soon, whatever they show; a key in use is not', async () => {
  await service.call('GET', '/v1/log', 'auditor');
  const statuses: number[] = [];
  for (let i = 0; i < 100; i++) statuses.push((await service.call('GET', '/v1/log', makeKey('admin').key, undefined, { 'x-forwarded-for': '203.0.113.9' })).status);
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  const answer = await service.call('GET', '/v1/log', 'nonsense', undefined, { 'x-forwarded-for': '203.0.113.9' });
  expect([answer.status, answer.json['code'], Number(answer.headers.get('retry-after'))]).toEqual([429, 'too-many-failures', expect.any(Number)]);
  expect((await service.call('GET', '/v1/log', 'auditor', undefined, { 'x-forwarded-for': '203.0.113.9' })).status).toBe(200);
  expect((await from(`Bearer ${makeKey('admin').key}`)).status).toBe(401);
});

test('header fields beyond the bound are refused before anybody looks at them', async () => {
  const answer = await from(`Bearer ${'x'.repeat(40_000)}`).catch((error: Error) => error);
  expect(answer instanceof Error ? 431 : answer.status).toBe(431);
});
