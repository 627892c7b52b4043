import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { BUILT_IN_ROLES } from '../../src/access/roles.ts';
import type { DeclaredRoute } from '../../src/access/declared-routes.ts';
import { startNeighbourhood, type TwoTenants } from './neighbourhood.ts';
import { ROUTE_EXAMPLES, type RouteExample } from './route-examples.ts';

// Whether an id is another tenant's, or nobody's, could be guessed from how long the answer takes. Times are noise on a busy machine, and what
// makes them is not: the statements that PostgreSQL is asked. `npm run prove -- --only guessing` measures the times themselves.

let tenants: TwoTenants;
const query = pg.Client.prototype.query as (this: pg.Client, ...of: unknown[]) => unknown;
let asked: string[] = [];

beforeAll(async () => {
  tenants = await startNeighbourhood({ PUBLISH_INTERVAL_MS: '60000' });
  jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...of: unknown[]): never {
    const [first] = of;
    asked.push(typeof first === 'string' ? first : String((first as { text?: string }).text));
    return query.apply(this, of) as never;
  });
});
afterAll(async () => {
  jest.restoreAllMocks();
  await tenants.close();
});

/** What is asked from time to time, whatever a request is about: who a connection acts for, who a key is, and the service's own counts. */
const BESIDE = /set_config|from api_key k|update api_key set last_used|add_tallies|check_minute|from tally|^(begin|commit)$/i;
/** Something else of the service's may fall between; a difference that is the id's is there each time. */
const TRIES = 4;

async function work(by: string, route: DeclaredRoute, example: RouteExample, reference: string): Promise<{ status: number; statements: string[] }> {
  const { path, body } = await example.request(reference, tenants.ours);
  asked = [];
  const { status } = await tenants.service.call(route.method, path, tenants.theirs.keys[by], body);
  return { status, statements: asked.filter((text) => !BESIDE.test(text)).sort() };
}

test('what another tenant has is looked for with the very statements that look for what nobody has', async () => {
  const { service, ours } = tenants;
  const different: unknown[] = [];
  let compared = 0;
  for (const route of service.routes) {
    const example = ROUTE_EXAMPLES[`${route.method} ${route.path}`];
    if (route.declared === 'public' || example?.make === undefined) continue;
    const { action, resource } = route.declared;
    const role = BUILT_IN_ROLES.find((each) => service.service.roles.about(each, action, resource)?.deciding.some(({ effect }) => effect === 'allow'));
    if (role === undefined) continue;
    const reference = await example.make(ours, role);
    let told: unknown;
    for (let i = 0; i < TRIES; i++) {
      const there = await work(`${role}-2`, route, example, reference);
      const absent = await work(`${role}-2`, route, example, example.absent ?? '');
      told = JSON.stringify(there) === JSON.stringify(absent) ? undefined : { route: `${route.method} ${route.path}`, role, there, absent };
      if (told === undefined) {
        compared += there.statements.length;
        break;
      }
    }
    if (told !== undefined) different.push(told);
  }
  expect(different).toEqual([]);
  // Each look-up asks something: equal because nothing was asked would show nothing.
  expect(compared).toBeGreaterThan(15);
});
