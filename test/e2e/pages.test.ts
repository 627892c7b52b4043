import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startNeighbourhood, type Neighbourhood, type TwoTenants } from './neighbourhood.ts';

let tenants: TwoTenants;
beforeAll(async () => {
  tenants = await startNeighbourhood();
});
afterAll(() => tenants.close());

const page = async (tenant: Neighbourhood, by: string, path: string): Promise<{ items: Record<string, unknown>[]; next?: string }> =>
  (await tenant.do(by, 'GET', path)).json as unknown as { items: Record<string, unknown>[]; next?: string };

test('a list goes on behind its last item, by an id that says nothing of how much others do', async () => {
  const { ours, theirs } = tenants;
  for (let i = 0; i < 103; i++) await ours.do('privacy-officer', 'POST', '/v1/legal-holds', { models: [`m-${i}`], reason: 'audit' });
  const first = await page(ours, 'privacy-officer', '/v1/legal-holds');
  expect([first.items.length, first.next]).toEqual([100, first.items.at(-1)?.['id']]);
  const second = await page(ours, 'privacy-officer', `/v1/legal-holds?cursor=${first.next}`);
  expect(second.next).toBeUndefined();
  expect([...first.items, ...second.items].map(({ models }) => models)).toEqual(Array.from({ length: 103 }, (_, i) => [`m-${102 - i}`]));
  // Another tenant's id goes on nowhere, as one that is not there does.
  expect(await page(theirs, 'privacy-officer', `/v1/legal-holds?cursor=${first.next}`)).toEqual({ items: [] });
  expect(await page(theirs, 'privacy-officer', `/v1/legal-holds?cursor=hold_${'0'.repeat(24)}`)).toEqual({ items: [] });
});

test('quarantine goes on by its own ids, in pages of the size that was asked for', async () => {
  const { ours } = tenants;
  for (let i = 0; i < 5; i++) await ours.do('producer', 'POST', '/v1/predictions', { id: `q-${i}`, model: 'doubtful', version: '1', inputs: { age: 41, name: 'Wolfeschlegelstein' }, output: { score: 0.5 } });
  const seen: unknown[] = [];
  for (let next: string | undefined = ''; next !== undefined; ) {
    const found: { items: Record<string, unknown>[]; next?: string } = await page(ours, 'privacy-officer', `/v1/quarantine?limit=2${next === '' ? '' : `&cursor=${next}`}`);
    seen.push(...found.items.map(({ id }) => id));
    next = found.next;
  }
  expect(seen).toEqual(['q-4', 'q-3', 'q-2', 'q-1', 'q-0']);
});
