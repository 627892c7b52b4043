import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BUILT_IN_ROLES } from '../../src/access/roles.ts';
import { startNeighbourhood, type TwoTenants } from './neighbourhood.ts';
import { head, sendRaw } from './raw-http.ts';
import { ROUTE_EXAMPLES } from './route-examples.ts';

// What somebody sends who has a key, or none, and looks for a way in. Made from the routes and their OpenAPI document, so that a new
// route is attacked by itself. Credentials have a test of their own (hostile-credentials.test.ts).

interface Described {
  method: string;
  path: string;
  query: string[];
  takesBody: boolean;
}
interface Sent {
  what: string;
  status: number;
  text: string;
}

let tenants: TwoTenants;
let routes: Described[];
beforeAll(async () => {
  tenants = await startNeighbourhood();
  routes = await describedRoutes();
});
afterAll(() => tenants.close());

async function describedRoutes(): Promise<Described[]> {
  const { json } = await tenants.service.call('GET', '/openapi.json');
  const paths = json['paths'] as Record<string, Record<string, { parameters?: { name: string; in: string }[]; requestBody?: unknown }>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(), path, query: parameters.filter((each) => each.in === 'query').map(({ name }) => name), takesBody: requestBody !== undefined,
    })),
  );
}

/** By whoever may use the route, so that no denial stands before what is tried. */
function keyFor({ method, path }: Described): string {
  const declared = tenants.service.routes.find((route) => route.method === method && route.path.replace(/:(\w+)/g, '{$1}').replace('*', '{path}') === path)?.declared;
  if (declared === undefined || declared === 'public') return tenants.ours.keys['auditor'] ?? '';
  const role = BUILT_IN_ROLES.find((each) => tenants.service.service.roles.about(each, declared.action, declared.resource)?.deciding.some(({ effect }) => effect === 'allow'));
  return tenants.ours.keys[`${role}-3`] ?? '';
}

async function send(what: string, method: string, path: string, by?: string, body?: unknown, headers?: Record<string, string>): Promise<Sent> {
  const { status, text } = await tenants.service.call(method, path, by, body, headers);
  return { what: `${what}: ${method} ${path.slice(0, 120)}`, status, text };
}

/** All that is known of what was refused, whether an entry says it or a count that becomes one. */
async function recorded(): Promise<number> {
  const { tally, database } = tenants.service.service;
  await tally.flush();
  const { rows } = await database.pool.query<{ counts: number; entries: number }>(
    `select coalesce((select sum(count) from tally), 0)::float8 as counts, (select count(*) from entry where convert_from(bytes, 'UTF8')::jsonb ->> 'type' = 'access-decision')::float8 as entries`,
  );
  return (rows[0]?.counts ?? 0) + (rows[0]?.entries ?? 0);
}

/** Refused, in words that say nothing of what is behind them, and recorded. */
async function expectRefused(attack: () => Promise<Sent[]>, also: (sent: Sent) => boolean = () => false): Promise<Sent[]> {
  const before = await recorded();
  const saidBefore = tenants.service.said.length;
  const sent = await attack();
  expect(sent.filter((each) => (each.status < 400 || each.status >= 500) && !also(each))).toEqual([]);
  expect(sent.filter(({ text }) => /\bat .+:\d+:\d+|select |insert into|pg_|relation "|syntax error|column "|ECONN|node_modules|\/src\/|stack|violates|root:x:/i.test(text))).toEqual([]);
  expect(tenants.service.said.slice(saidBefore).filter((line) => line.startsWith('error') && !line.includes('BREAK-GLASS'))).toEqual([]);
  expect((await recorded()) - before).toBeGreaterThanOrEqual(sent.filter(({ status }) => status >= 400).length);
  return sent;
}

const INJECTIONS = [`' or '1'='1`, `1; drop table entry; --`, `$1`, `\\'; select pg_sleep(5); --`, `x') or true --`, `{"$gt":""}`, `%`];
const isEmptyList = ({ status, text }: Sent): boolean => status === 200 && /"items":\[\]/.test(text);

test('SQL in every filter of every list is refused, or is a value that nothing has', async () => {
  const lists = routes.filter(({ query }) => query.length > 0 && !query.includes('receipt'));
  expect(lists.length).toBeGreaterThan(8);
  const started = performance.now();
  const sent = await expectRefused(async () => {
    const all: Sent[] = [];
    for (const route of lists) for (const name of route.query) for (const value of INJECTIONS) all.push(await send(`sql in ${name}`, route.method, `${route.path}?${name}=${encodeURIComponent(value)}`, keyFor(route)));
    return all;
  }, isEmptyList);
  expect(sent.length).toBeGreaterThan(100);
  expect(performance.now() - started).toBeLessThan(sent.length * 1000);
});

test('cursors and sizes of pages that no page gave are refused', async () => {
  const paged = routes.filter(({ query }) => query.includes('cursor'));
  await expectRefused(async () => {
    const all: Sent[] = [];
    for (const route of paged) {
      for (const value of ['-1', '1.5', '0x10', '9'.repeat(30), '1e9', 'null', '%00', '../1', '1%20or%201', '٣']) all.push(await send('cursor', route.method, `${route.path}?cursor=${value}`, keyFor(route)));
      for (const query of ['cursor=1&cursor=2', 'cursor[]=1', 'cursor[$gt]=0', '__proto__[x]=1', 'constructor=1', 'offset=0', 'tenant=theirs', 'log=2']) all.push(await send('query', route.method, `${route.path}?${query}`, keyFor(route)));
      if (route.query.includes('limit')) for (const limit of ['0', '-5', '1000000000', '1e3', 'all', '']) all.push(await send('limit', route.method, `${route.path}?limit=${limit}`, keyFor(route)));
    }
    return all;
    // A list in the order of names goes on behind any name: behind these there is nothing.
  }, (sent) => sent.what.startsWith('cursor') && isEmptyList(sent));
});

test('references that name no thing, and paths that leave theirs, find nothing', async () => {
  const strange = ['..%2f..%2f..%2fetc%2fpasswd', '%2e%2e', '%00', `'%20or%20'1'='1`, '__proto__', 'constructor', '%E0%A4%A', '*', '-1', '1e999', 'x'.repeat(1500), '%F0%9F%92%A9', 'null', 'qua_000000000000000000000000%00'];
  const named = routes.filter(({ path }) => path.includes('{'));
  await expectRefused(async () => {
    const all: Sent[] = [];
    for (const route of named) {
      const example = ROUTE_EXAMPLES[`${route.method} ${route.path.replace(/\{(\w+)\}/g, ':$1').replace('tile/:path', 'tile/*')}`];
      const body = (await example?.request('x', tenants.ours))?.body;
      for (const value of strange) all.push(await send('reference', route.method, route.path.replace(/\{\w+\}/g, value), keyFor(route), body));
    }
    return all;
 
    // A model is called what its tenant calls it.
  }, ({ what, status }) => status < 300 && /\/v1\/models\/(constructor|1e999|null)\//.test(what));
});

test('what a posted body has that is not the sender’s to say is refused, in every body', async () => {
  const posts = routes.filter(({ takesBody, method }) => takesBody && method === 'POST');
  await expectRefused(
    async () => {
      const all: Sent[] = [];
      for (const route of posts) {
        const example = ROUTE_EXAMPLES[`POST ${route.path.replace(/\{(\w+)\}/g, ':$1')}`];
        if (example === undefined) throw new Error(`POST ${route.path} has no example request: add one to test/e2e/route-examples.ts`);
        const reference = (await example.make?.(tenants.ours, 'producer-3')) ?? '';
        for (const [name, value] of [['tenant', 'theirs'], ['tenant', 2], ['log', 'theirs-log'], ['principal', 'prn_000000000000000000000000x'], ['issuedBy', 'system'], ['isAdmin', true], ['$where', '1'], ['__proto__', { role: 'admin' }], ['constructor', { prototype: {} }], ['toString', 'x'], ['rule', 'admin-administers-keys'], ['policy', '0']] as const) {
          const { path, body } = await example.request(reference, tenants.ours);
          all.push(await send(`mass assignment of ${name}`, 'POST', path, keyFor(route), smuggle(body, name, value), { 'content-type': 'application/json' }));
        }
        for (const text of ['', '[', 'null', '[]', '"x"', '5', '{"a":1,"a":2}', '{"a":1e999}', '{"\\ud800":1}', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`, '\u0000', '{} {}']) {
          const { path } = await example.request(reference, tenants.ours);
          all.push(await send('not such a body', 'POST', path, keyFor(route), text, { 'content-type': 'application/json' }));
        }
      }
      return all;
    },
    // What needs nothing said takes a body of nothing; a batch says of each of its records what became of it.
    ({ what, status, text }) => (status === 200 && what.includes('/batch') && !text.includes('"status":201') && !text.includes('"status":200')) || (what.startsWith('not such a body') && /runs|key-epochs|search/.test(what) && status === 200),
  );
  // An append that is wrong is counted by the intake, which the counts above hold too.
});

test('another media type, another method and another method by a header get nowhere', async () => {
  await expectRefused(async () => {
    const all: Sent[] = [];
    for (const route of routes.filter(({ takesBody }) => takesBody)) {
      const path = route.path.replace(/\{\w+\}/g, 'x');
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'application/json; charset=utf-16', 'application/vnd.api+json']) all.push(await send(`as ${type}`, 'POST', path, keyFor(route), '{"role":"admin"}', { 'content-type': type }));
      all.push(await send('compressed', 'POST', path, keyFor(route), '{}', { 'content-type': 'application/json', 'content-encoding': 'gzip' }));
    }
    for (const path of new Set(routes.map((each) => each.path.replace(/\{\w+\}/g, 'x')))) for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) all.push(await send('method', method, path, tenants.ours.keys['admin-3']));
    // The auditor may list keys and may not make any: a header must not turn the one into the other.
    for (const name of ['x-http-method-override', 'x-http-method', 'x-method-override']) all.push(await send(name, 'POST', '/v1/keys', tenants.ours.keys['auditor-3'], { role: 'admin' }, { [name]: 'GET' }));
    for (const query of ['_method=GET', '_method=DELETE']) all.push(await send('method by query', 'POST', `/v1/keys?${query}`, tenants.ours.keys['admin-3'], { role: 'auditor' }));
    return all;
  });
});

test('requests in requests, and heads that can be read in two ways, are refused whole', async () => {
  const { url } = tenants.service;
  const producer = tenants.ours.keys['producer-3'] ?? '';
  const admin = tenants.ours.keys['admin-3'] ?? '';
  const inner = head('GET', '/v1/keys', { Authorization: `Bearer ${admin}`, Connection: 'close' });
  const base = { Authorization: `Bearer ${producer}`, 'Content-Type': 'application/json' };
  const raw = [
    head('POST', '/v1/predictions', { ...base, 'Content-Length': 5, 'Transfer-Encoding': 'chunked', Connection: 'close' }) + `0\r\n\r\n${inner}`,
    head('POST', '/v1/predictions', { ...base, 'Transfer-Encoding': 'chunked, identity', Connection: 'close' }) + `0\r\n\r\n${inner}`,
    head('POST', '/v1/predictions', { ...base, 'Transfer-Encoding': 'xchunked', Connection: 'close' }) + `0\r\n\r\n${inner}`,
    head('POST', '/v1/predictions', { ...base, 'Content-Length': '5, 6', Connection: 'close' }) + '{"a":1',
    head('POST', '/v1/predictions', { ...base, 'Content-Length': '+5', Connection: 'close' }) + '{"a":1',
    head('POST', '/v1/predictions', { ...base, 'Content-Length': '0x5', Connection: 'close' }) + '{"a":1',
    `POST /v1/predictions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n{}`,
    `POST /v1/predictions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\nConnection: close\r\n\r\n0\r\n\r\n`,
    `GET /v1/log HTTP/1.1\nHost: a\nAuthorization: Bearer ${admin}\r\n\tx: y\r\nConnection: close\r\n\r\n`,
    `GET /v1/log HTTP/1.1\r\nHost: a\r\nX: a\rb\r\nConnection: close\r\n\r\n`,
    `GET http://evil.example/v1/keys HTTP/9.9\r\nHost: a\r\n\r\n`,
    `GET /v1/log HTTP/1.1\r\nHost: a\r\nX-\u0000: b\r\nConnection: close\r\n\r\n`,
    head('GET', '/v1/keys', { Authorization: `Bearer ${producer}\r\nAuthorization: Bearer ${admin}`, Connection: 'close' }),
    head('GET', '/v1/keys', { Authorization: `Bearer ${producer}`, 'X-Forwarded-User': 'admin', 'X-Original-URL': '/health/live', Connection: 'close' }),
    head('GET', '/v1/log', { 'X-Filler': 'x'.repeat(40_000), Connection: 'close' }),
    head('GET', `/v1/${'x'.repeat(9000)}`, { Connection: 'close' }),
  ];
  const before = await recorded();
  for (const request of raw) {
    const { status, all } = await sendRaw(url, request);
    expect([request.slice(0, 160), status]).toEqual([expect.anything(), expect.any(Number)]);
    expect([request.slice(0, 160), status >= 400 && status < 500]).toEqual([request.slice(0, 160), true]);
    // One answer, and nothing of what the inner request asked for.
    expect([request.slice(0, 160), all.match(/HTTP\/1\.1 \d/g)?.length]).toEqual([request.slice(0, 160), 1]);
    expect(all).not.toMatch(/pl_[0-9a-f]{8}|"items"/);
  }
  expect((await recorded()) - before).toBeGreaterThanOrEqual(raw.length);
});

test('after all of it everything is there as before, and the counts become entries', async () => {
  const { service, ours, theirs } = tenants;
  for (const tenant of [ours, theirs]) expect((await service.call('GET', '/v1/log', tenant.keys['auditor'])).status).toBe(200);
  expect((await service.call('GET', '/v1/keys', ours.keys['admin'])).text).not.toContain('"role":"admin","label":"x"');
  await service.service.tally.flush();
  await service.service.sealing.seal();
  const { rows } = await service.service.database.pool.query<{ open: number }>("select count(*) as open from tally where what in ('denied', 'unauthenticated') and count > sealed");
  expect(rows).toEqual([{ open: 0 }]);
});

/** A body with one member more, however JSON.stringify would leave it out. */
function smuggle(body: unknown, name: string, value: unknown): string {
  const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  const text = JSON.stringify(body ?? {});
  const at = text.indexOf('{') + 1;
  return `${text.slice(0, at)}${member}${text[at] === '}' ? '' : ','}${text.slice(at)}`;
}
