import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { requireAnother } from '../../src/access/another-person.ts';
import { SYSTEM_ISSUER } from '../../src/access/principal.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

let database: TestDatabase;
let tenant: number;
beforeAll(async () => {
  database = await createTestDatabase();
  const { rows } = await database.database.owner.query<{ id: number }>("insert into tenant (name) values ('t') returning id");
  tenant = rows[0]?.id ?? 0;
  for (const [principal, issuer] of [['prn_first', SYSTEM_ISSUER], ['prn_other', SYSTEM_ISSUER], ['prn_made', 'prn_first']] as const) {
    await database.database.owner.query('insert into api_key (digest, tenant, principal, role, prefix, issued_by) values ($1, $2, $3, $4, $5, $6)', [randomBytes(32), tenant, principal, 'auditor', `pl_${principal}`, issuer]);
  }
});
afterAll(() => database.drop());

/** Whether somebody, whose key somebody issued, counts as another than who was first. */
async function isAnother(second: string, issuedBy: string, first: string): Promise<boolean> {
  const asker = { id: second, role: 'auditor', tenant, method: 'api-key', prefix: '', issuedBy, elevations: [] } as const;
  return requireAnother(database.database.pool, { principal: second, asker }, first).then(() => true, (error: { code: string }) => {
    expect(error.code).toBe('forbidden');
    return false;
  });
}

test('two people are two principals, neither of whom made the other', async () => {
  expect(await isAnother('prn_other', SYSTEM_ISSUER, 'prn_first')).toBe(true);
  expect(await isAnother('prn_first', SYSTEM_ISSUER, 'prn_first')).toBe(false);
  // Whoever hands a key out could hold it.
  expect(await isAnother('prn_made', 'prn_first', 'prn_first')).toBe(false);
  expect(await isAnother('prn_first', SYSTEM_ISSUER, 'prn_made')).toBe(false);
  expect(await isAnother('prn_other', SYSTEM_ISSUER, 'prn_made')).toBe(true);
});
