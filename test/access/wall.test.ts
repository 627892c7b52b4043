import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { makeKey } from '../../src/access/api-key.ts';
import { issueKey } from '../../src/access/bootstrap.ts';
import { BUILT_IN_ROLES } from '../../src/access/roles.ts';
import type { Log } from '../../src/ledger/log.ts';
import { prediction } from '../e2e/prediction.ts';
import { startTestService, type TestService } from '../e2e/service.ts';

// The second wall by itself: what PostgreSQL shows when no query asks for the tenant any more.

let service: TestService;
let ours: Log;
let theirs: Log;
const neighbours: Record<string, string> = {};
const query = pg.Client.prototype.query as (this: pg.Client, ...of: unknown[]) => unknown;

beforeAll(async () => {
  service = await startTestService();
  const { ledger, database } = service.service;
  ours = ledger.byLogName('default') as Log;
  theirs = await ledger.createLog('neighbour', 'neighbour-log', false);
  for (const role of BUILT_IN_ROLES) {
    const key = makeKey(role);
    await issueKey(theirs, database.pool, key);
    neighbours[role] = key.key;
  }
  await fill();
});
afterAll(() => service.close());
afterEach(() => {
  jest.restoreAllMocks();
});

/** Something of everything in our tenant, so that there is something to see. */
async function fill(): Promise<void> {
  const done = async (method: string, path: string, by: string, body?: unknown): Promise<void> => {
    const { status, text } = await service.call(method, path, by, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
  };
  await done('POST', '/v1/predictions?receipt=true', 'producer', prediction('ours-1', { subject: 'somebody' }));
  await done('POST', '/v1/predictions', 'producer', prediction('ours-2', { inputs: { note: 'call 555-867-5309 or a@b.example' } }));
  await done('GET', '/v1/predictions/ours-1', 'auditor');
  await done('POST', '/v1/subjects/erasures', 'privacy-officer', { subject: 'somebody', reason: 'subject-request' });
  await done('POST', '/v1/legal-holds', 'privacy-officer', { models: ['churn'], reason: 'litigation' });
  await done('POST', '/v1/break-glass', 'operator', { role: 'auditor', minutes: 5, reason: 'something broke tonight' });
  await done('GET', '/v1/predictions', 'auditor');
  await service.call('POST', '/v1/keys', 'auditor', { role: 'auditor' });
  const { tally, sealing, database } = service.service;
  await tally.flush();
  await sealing.seal();
  await database.pool.query("insert into held_decision (log, at, principal, rule, body) values ($1, 0, 'prn_x', 'r', '{}')", [ours.row.id]);
  await database.pool.query("insert into person (tenant, digest, principal, provider) values ($1, $2, 'prn_000000000000000000000000', 'p')", [ours.row.tenant, Buffer.alloc(32)]);
}

interface WalledTable {
  name: string;
  walled: boolean;
  readable: boolean;
}

/** Every table that says whose a row is. */
async function tables(): Promise<WalledTable[]> {
  const { rows } = await service.service.database.owner.query<WalledTable>(
    `select c.relname as name, c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'wall') as walled,
            has_table_privilege('prediction_ledger_runtime', c.oid, 'select') as readable
       from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and (c.relname = 'tenant' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname in ('log', 'tenant') and not a.attisdropped))
      order by c.relname`,
  );
  return rows;
}

/** The column by which a table's rows belong to somebody, and its value for a log. */
async function ownership(table: string, log: Log): Promise<{ column: string; value: number }> {
  if (table === 'tenant') return { column: 'id', value: log.row.tenant };
  const { rowCount } = await service.service.database.owner.query("select from pg_attribute where attrelid = $1::regclass and attname = 'log' and not attisdropped", [table]);
  return rowCount === 1 ? { column: 'log', value: log.row.id } : { column: 'tenant', value: log.row.tenant };
}

/** Number, size, hash and vault version of a log's head: what moves it on. */
async function headOf({ row: { id } }: Log): Promise<unknown[]> {
  const { rows: [head] } = await service.service.database.owner.query<{ size: number; head: Buffer; vault: number }>('select size, head, vault from log_head where log = $1', [id]);
  return [id, head?.size, head?.head, head?.vault];
}

const count = async (pool: pg.Pool, table: string, where = 'true', values: unknown[] = []): Promise<number> =>
  Number((await pool.query<{ n: number }>(`select count(*) as n from ${table} where ${where}`, values)).rows[0]?.n);

describe('the wall', () => {
  test('stands before every table that says whose a row is', async () => {
    const missing = (await tables()).filter(({ walled }) => !walled).map(({ name }) => `${name}: call build_wall('${name}') in the migration that makes it`);
    expect(missing).toEqual([]);
  });

  test('shows a session that acts for nobody nothing at all, and one with nonsense for a tenant an error', async () => {
    const { database } = service.service;
    const client = await database.pool.connect();
    try {
      for (const setting of ['', '0', '-1', '2147483647']) {
        await client.query("select set_config('prediction_ledger.tenant', $1, false)", [setting]);
        for (const { name } of (await tables()).filter(({ readable }) => readable)) {
          expect([setting, name, (await client.query(`select from ${name} limit 1`)).rowCount]).toEqual([setting, name, 0]);
        }
      }
      for (const setting of ["1' or '1'='1", '*,1', '1,2', '{1}']) {
        await client.query("select set_config('prediction_ledger.tenant', $1, false)", [setting]);
        await expect(client.query('select from entry')).rejects.toMatchObject({ code: '22P02' });
      }
    } finally {
      client.release(true);
    }
  });

  test('shows a tenant its own rows of each table, and none of another, whatever is asked', async () => {
    const empty: string[] = [];
    for (const { name } of (await tables()).filter(({ readable }) => readable)) {
      const own = await ownership(name, ours);
      const all = await count(service.service.database.owner, name, `${own.column} = $1`, [own.value]);
      if (all === 0) empty.push(name);
      expect([name, await count(ours.pool, name), await count(theirs.pool, name, `${own.column} = $1`, [own.value])]).toEqual([name, all, 0]);
    }
    // Nothing to see proves nothing: each table that can be filled by these few requests has rows.
    expect(empty.filter((name) => ['entry', 'payload', 'prediction', 'data_key', 'api_key', 'person', 'request', 'legal_hold', 'break_glass', 'tally', 'minute_totals', 'disclosure', 'held_decision', 'checkpoint', 'key_epoch'].includes(name))).toEqual([]);
  });

  test('lets nobody write into, change or take away what is another’s', async () => {
    const own = [ours.row.id];
    const refused = async (sql: string, values: unknown[] = own): Promise<unknown> => theirs.pool.query(sql, values).then(({ rowCount }) => rowCount, (error: pg.DatabaseError) => error.code);
    expect(await refused("insert into entry (log, index, bytes) values ($1, 1000000, 'x')")).toBe('42501');
    expect(await refused("insert into payload (log, index, key, sealed) values ($1, 1000000, 1, 'x')")).toBe('42501');
    expect(await refused("insert into api_key (digest, tenant, principal, role, prefix) values ($2, $1, 'prn_y', 'admin', 'pl_00000000')", [ours.row.tenant, Buffer.alloc(32, 7)])).toBe('42501');
    expect(await refused('update api_key set revoked = now() where tenant = $1', [ours.row.tenant])).toBe(0);
    expect(await refused('update api_key set revoked = now()', [])).toBeGreaterThan(0);
    expect(await count(ours.pool, 'api_key', 'revoked is not null')).toBe(0);
    await service.service.database.owner.query('alter table api_key disable trigger user; update api_key set revoked = null; alter table api_key enable trigger user');
    expect(await refused("update legal_hold set released = now() where log = $1")).toBe(0);
    expect(await refused('select lock_head($1)')).toBe('42501');
    expect(await refused('select advance_vault($1)')).toBe('42501');
    expect(await refused('select hold_epoch($1, 1)')).toBe('42501');
    expect(await refused("select settle_quarantine($1, 'qua_000000000000000000000000', 'rejected', 'prn_x', 2, 0)")).toBe('42501');
    const head = await headOf(ours);
    for (const [call, ...values] of [
      ["advance_head($1, $2::bigint, $3, $4, $2::bigint + 1, $3, '\\x', 0, null)", ...head],
      ["add_tallies('w', 1, array[$1::int], array['listed'], array['prn_x'], array['list-prediction'], array[1::bigint])", ...own],
      ['check_minute(array[$1::int], 1)', ...own],
      ['expire_quarantine(array[$1::int], $1, 0, 10)', ...own],
      ['declare_recovery($1, 0, 0)', ...own],
      ["confirm_recovered($1, 0, 'x', 1, 'x', null)", ...own],
      ['release_decision($1, 0, $1, 0)', ...own],
    ] as const) {
      expect([call, await refused(`select ${call}`, [...values])]).toEqual([call, '42501']);
    }
    expect(await headOf(ours)).toEqual(head);
    expect(await refused('select check_minute($1::int[], 1)', [[theirs.row.id, ours.row.id]])).toBe('42501');
    expect(await refused('select check_minute($1::int[], 1)', [[theirs.row.id]])).toBe(1);
    expect(await refused('select * from erase_keys($1, $1, 0, (select array_agg(id) from data_key))')).toBe(0);
  });

  test('is back for whoever gets a connection next, after an error too', async () => {
    const { pool } = service.service.database;
    await Promise.all(Array.from({ length: 40 }, async (_, i) => {
      const log = i % 2 === 0 ? ours : theirs;
      if (i % 5 === 0) await log.pool.query('select 1/0').catch(() => undefined);
      const { rows } = await log.pool.query<{ id: number }>('select id from log');
      expect(rows.map(({ id }) => id)).toEqual([log.row.id]);
      expect((await pool.query('select from log')).rowCount).toBe(2);
    }));
  });
});

test('every function that works as the owner looks at the tenant', async () => {
  const { rows } = await service.service.database.owner.query<{ name: string }>(
    `select p.proname as name from pg_proc p join pg_roles o on o.oid = p.proowner
      where p.pronamespace = 'public'::regnamespace and p.prosecdef and o.rolname <> 'prediction_ledger_eraser' and p.prosrc !~ 'require_sight'
        and has_function_privilege('prediction_ledger_runtime', p.oid, 'execute') order by 1`,
  );
  expect(rows.map(({ name }) => name)).toEqual(['logs_in_sight']);
});

/** Takes the tenant out of every query that is read by, as if each had forgotten it. Gives how many it took it out of. */
function forgetTenants(): { forgotten: Set<string> } {
  const forgotten = new Set<string>();
  const strip = (text: string): string =>
    text
      .replace(/\b(?:\w+\.)?(?:log|tenant) = (\$\d+)(?![\d:])/g, '($1::int is not null)')
      .replace(/\b(?:\w+\.)?log = any\((\$\d+)::int\[\]\)/g, '($1::int[] is not null)')
      .replace(/\((?:\w+\.)?log, (\w+)\) in \(select \* from unnest\((\$\d+)::int\[\], (\$\d+)::(\w+)\[\]\)\)/g, '($1 = any($3::$4[]) and $2::int[] is not null)');
  jest.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...of: unknown[]): never {
    const [first, ...rest] = of;
    const config = typeof first === 'string' ? { text: first } : (first as { text?: string; name?: string });
    const text = config.text ?? '';
    const stripped = /^\s*(select|with)/i.test(text) && !text.includes('advance_head') ? strip(text) : text;
    if (stripped === text) return query.apply(this, of) as never;
    forgotten.add(text);
    const changed = { ...config, text: stripped, ...(config.name !== undefined && { name: `${config.name}-forgetful` }) };
    return query.call(this, typeof first === 'string' ? stripped : changed, ...rest) as never;
  });
  return { forgotten };
}

describe('with the tenant forgotten in every query', () => {
  test('the service itself would see everybody’s: the queries have forgotten it indeed', async () => {
    forgetTenants();
    const { rows } = await service.service.database.pool.query('select id from prediction where log = $1', [theirs.row.id]);
    expect(rows).toEqual([{ id: 'ours-1' }, { id: 'ours-2' }]);
    expect((await theirs.pool.query('select id from prediction where log = $1', [theirs.row.id])).rows).toEqual([]);
  });

  test.each([
    ['/v1/predictions', 'auditor'],
    ['/v1/predictions/ours-1', 'auditor'],
    ['/v1/predictions/ours-1/receipt', 'auditor'],
    ['/v1/predictions/ours-1/proof', 'auditor'],
    ['/v1/intake-totals', 'auditor'],
    ['/v1/keys', 'admin'],
    ['/v1/people', 'admin'],
    ['/v1/break-glass', 'compliance-officer'],
    ['/v1/requests', 'privacy-officer'],
    ['/v1/legal-holds', 'privacy-officer'],
    ['/v1/quarantine', 'privacy-officer'],
    ['/v1/key-epochs', 'operator'],
    ['/v1/log/entries/0', 'auditor'],
  ])('a neighbour gets of %s what is the neighbour’s', async (path, role) => {
    const own = await service.call('GET', path, role);
    const { forgotten } = forgetTenants();
    const answer = await service.call('GET', path, neighbours[role]);
    expect(forgotten.size).toBeGreaterThan(0);
    expect([200, 404]).toContain(answer.status);
    if (path.includes('ours-1')) expect(answer.status).toBe(404);
    for (const id of identifiersIn(own.text)) expect(answer.text).not.toContain(id);
  });

  test('a neighbour’s search by a data subject finds nothing of ours', async () => {
    forgetTenants();
    const answer = await service.call('POST', '/v1/subjects/reports', neighbours['privacy-officer'], { subject: 'somebody' });
    expect([answer.status, answer.json['predictions'], answer.json['holds']]).toEqual([200, [], []]);
  });
});

/** What in an answer names something of one tenant alone. */
function identifiersIn(text: string): string[] {
  return [...new Set(text.match(/\b(?:prn|req|hold|qua|bg|sub)_[0-9a-f]{24}\b|\bpl_[0-9A-Za-z]{8}\b|ours-\d|"leafHash":"[0-9a-f]{64}"/g))];
}

test('what serves requests has no connection but those of the caller’s log', async () => {
  const app = await readFile(new URL('../../src/app.ts', import.meta.url), 'utf8');
  // A certificate stands for one principal of one tenant; whether the database answers is nobody's in particular.
  const others = app.replace('new CredentialAdministration(database.pool, credentialPolicy)', '').replace('new Readiness(database, ledger, clockMonitor)', '');
  expect(others.match(/database\.\w+/g)).toBeNull();
});
