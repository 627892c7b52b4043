import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { DeclaredRoute } from '../../src/access/declared-routes.ts';
import { BUILT_IN_ROLES } from '../../src/access/roles.ts';
import { startNeighbourhood, type Neighbourhood, type TwoTenants } from './neighbourhood.ts';
import { prediction } from './prediction.ts';
import { ROUTE_EXAMPLES, type RouteExample } from './route-examples.ts';
import type { Answer } from './service.ts';

// Every role, every route, one's own tenant and another's. The routes are the service's own list, so a new one is in it by itself.

// Some hundred requests a test, some of them for whole bundles: a machine with much to do takes minutes.
jest.setTimeout(400_000);

let tenants: TwoTenants;
beforeAll(async () => {
  tenants = await startNeighbourhood();
  // Ours is ahead by more than theirs will ever hold: no size of ours is one of theirs by chance.
  await tenants.ours.do('producer', 'POST', '/v1/predictions/batch', Array.from({ length: 1000 }, (_, i) => prediction(`ahead-${i}`)));
});
afterAll(() => tenants.close());

const nameOf = ({ method, path }: DeclaredRoute): string => `${method} ${path}`;

function exampleOf(route: DeclaredRoute): RouteExample {
  const example = ROUTE_EXAMPLES[nameOf(route)];
  if (example === undefined) throw new Error(`${nameOf(route)} has no example request: add one to test/e2e/route-examples.ts`);
  return example;
}

async function ask(tenant: Neighbourhood, key: string | undefined, route: DeclaredRoute, reference: string): Promise<Answer> {
  const { path, body } = await exampleOf(route).request(reference, tenant);
  return tenants.service.call(route.method, path, key, body);
}

const made = new Map<string, Promise<string>>();

/** What a route's request is about, in our tenant: made once for all who cannot get at it, and to whom it therefore stays as it is. */
function untouched(route: DeclaredRoute): Promise<string> {
  const before = made.get(nameOf(route)) ?? Promise.resolve(exampleOf(route).make?.(tenants.ours, 'admin') ?? '');
  made.set(nameOf(route), before);
  return before;
}

interface WrittenRule {
  effect: string;
  actions: string[];
  resources: string[];
  when?: Record<string, Record<string, unknown>>;
}

/**
 * What the role file says, read without any of the service's code: whether it lets the role do it, and whether it has a rule
 * about it at all. The shipped files have no rule that denies the whole, and three operators.
 */
function policy(role: string, action: string, resource: string, attributes: Record<string, unknown>): { allowed: boolean; hasRule: boolean } {
  const { rules } = parse(readFileSync(`policies/roles/${role}.yaml`, 'utf8')) as { rules: WrittenRule[] };
  const about = rules.filter((rule) => rule.actions.includes(action) && rule.resources.includes(resource));
  if (about.some(({ effect }) => effect !== 'allow')) throw new Error(`${role}.yaml denies ${action} ${resource}: teach this test to read that`);
  return { hasRule: about.length > 0, allowed: about.some(({ when = {} }) => Object.entries(when).every(([name, test]) => Object.entries(test).every(([operator, value]) => holds(operator, attributes[name], value)))) };
}

function holds(operator: string, attribute: unknown, value: unknown): boolean {
  if (operator === 'eq') return attribute === value;
  if (operator === 'in') return (value as unknown[]).includes(attribute);
  if (operator === 'exists') return attribute !== undefined;
  throw new Error(`a shipped rule uses ${operator}: teach this test to read that`);
}

/** Everything of an answer that a caller could tell from another, but the time. */
function looks({ status, headers, text }: Answer): unknown {
  return { status, text, headers: [...headers].filter(([name]) => !['date', 'etag'].includes(name)).sort() };
}

test('every route has an example, and every example a route', () => {
  const names = tenants.service.routes.map(nameOf);
  expect(names.filter((name) => ROUTE_EXAMPLES[name] === undefined).map((name) => `${name}: add an example request to test/e2e/route-examples.ts`)).toEqual([]);
  expect(Object.keys(ROUTE_EXAMPLES).filter((name) => !names.includes(name))).toEqual([]);
  expect(Object.entries(ROUTE_EXAMPLES).filter(([, { make, absent }]) => (make === undefined) !== (absent === undefined)).map(([name]) => name)).toEqual([]);
});

describe('in one’s own tenant', () => {
  test.each(BUILT_IN_ROLES)('%s may do what its role file says, and nothing else', async (role) => {
    const wrong: unknown[] = [];
    for (const route of tenants.service.routes) {
      if (route.declared === 'public') continue;
      const { action, resource } = route.declared;
      const example = exampleOf(route);
      const { allowed, hasRule } = policy(role, action, resource, example.attributes?.(role) ?? {});
      // Where there is a rule, somebody new for each route: one who has broken the glass is more than their role from then on.
      const by = hasRule ? await tenants.ours.newcomer(role) : role;
      const reference = hasRule ? ((await example.make?.(tenants.ours, by)) ?? '') : await untouched(route);
      const { status, text } = await ask(tenants.ours, tenants.ours.keys[by], route, reference);
      const expected = allowed ? [example.status ?? 200] : hasRule ? [403, 404] : [403];
      if (!expected.includes(status)) wrong.push({ route: nameOf(route), expected, status, text });
    }
    expect(wrong).toEqual([]);
  });

  test('nobody without a key may do anything but what is public', async () => {
    const wrong: unknown[] = [];
    for (const route of tenants.service.routes) {
      if (route.declared === 'public') continue;
      const { status } = await ask(tenants.ours, undefined, route, exampleOf(route).absent ?? '');
      if (status !== 401) wrong.push({ route: nameOf(route), status });
    }
    expect(wrong).toEqual([]);
  });
});

describe('in another’s tenant', () => {
  test.each([...BUILT_IN_ROLES, 'nobody'])('%s cannot tell what is there from what is not', async (role) => {
    const { theirs } = tenants;
    const wrong: unknown[] = [];
    for (const route of tenants.service.routes) {
      const example = exampleOf(route);
      if (example.make === undefined) continue;
      const reference = await untouched(route);
      // The second request first as often as the other way round: what the first leaves behind must not be the difference.
      const there = await ask(theirs, theirs.keys[role], route, reference);
      const absent = await ask(theirs, theirs.keys[role], route, example.absent ?? '');
      if (there.text.includes(reference) && there.text !== absent.text.replaceAll(example.absent ?? '', reference)) wrong.push({ route: nameOf(route), named: there.text });
      const [seen, unseen] = [looks(there), looks(absent)].map((look) => normalized(JSON.stringify(look)));
      if (seen !== unseen) wrong.push({ route: nameOf(route), seen, unseen });
    }
    expect(wrong).toEqual([]);
  });

  test('a log that is closed is there for nobody else', async () => {
    const { ours, theirs, service } = tenants;
    for (const route of service.routes.filter(({ path }) => path.startsWith('/logs/'))) {
      for (const [role, key] of [...Object.entries(theirs.keys), ['nobody', undefined] as const]) {
        expect([nameOf(route), role, (await ask(ours, key, route, ours.log)).status]).toEqual([nameOf(route), role, 404]);
      }
      for (const role of BUILT_IN_ROLES) {
        const { allowed } = policy(role, 'read', 'log', {});
        expect([nameOf(route), role, (await ask(ours, ours.keys[role], route, ours.log)).status]).toEqual([nameOf(route), role, allowed ? 200 : 404]);
      }
    }
  });

  test('no list, no total and no cursor says that we are there, or how much we do', async () => {
    const { ours, theirs, service } = tenants;
    const lists = service.routes.filter((route) => route.declared !== 'public' && route.method === 'GET' && exampleOf(route).make === undefined && !route.path.startsWith('/v1/log'));
    const reader = (route: DeclaredRoute): string => {
      const { action, resource } = route.declared as { action: string; resource: string };
      return BUILT_IN_ROLES.find((role) => policy(role, action, resource, {}).allowed) ?? 'admin';
    };
    // Something of theirs, so that there is a list; then some of all that is ours; then the very same list.
    for (const example of Object.values(ROUTE_EXAMPLES)) await example.make?.(theirs, 'admin');
    const before = await Promise.all(lists.map((route) => ask(theirs, theirs.keys[reader(route)], route, '')));
    for (const example of Object.values(ROUTE_EXAMPLES)) await example.make?.(ours, 'admin');
    const names = [...Object.values(ours.principals), ours.log, ours.origin, ...Object.values(ours.keys).map((key) => key.slice(0, 11))];
    for (const [at, route] of lists.entries()) {
      const answer = await ask(theirs, theirs.keys[reader(route)], route, '');
      expect([nameOf(route), answer.status]).toEqual([nameOf(route), 200]);
      expect([nameOf(route), withoutTimes(answer.json)]).toEqual([nameOf(route), withoutTimes(before[at]?.json ?? {})]);
      expect([nameOf(route), names.filter((name) => answer.text.includes(name))]).toEqual([nameOf(route), []]);
    }
  });

  test('what one tenant does disturbs no other: the same ids, at the same time', async () => {
    const { ours, theirs, service } = tenants;
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) => [ours, theirs].map((tenant) => service.call('POST', '/v1/predictions', tenant.keys['producer'], { id: `same-${i}`, model: 'churn', version: tenant.log, inputs: { n: i }, output: { n: 1 } }))).flat(),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    for (const tenant of [ours, theirs]) expect((await service.call('GET', '/v1/predictions/same-7', tenant.keys['auditor'])).json).toMatchObject({ prediction: { version: tenant.log } });
  });
});

/** Without what differs between any two requests: times, ids that are drawn anew, and where the sender's own trace stands. */
function normalized(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME').replace(/\b(req|sub)_[0-9a-f]{24}/g, '$1').replace(/\\"(?:index|entry|size)\\":\d+/g, 'INDEX').replace(/"content-length","\d+"/g, 'LENGTH');
}

function withoutTimes(json: object): unknown {
  return JSON.parse(normalized(JSON.stringify(json)).replace(/"(lastUsed)":("[^"]*"|null)/g, '"$1":null')) as unknown;
}
