import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { decodeEntryBundle, encodeEntryBundle } from '../../src/core/entry-bundle.ts';
import { parsePayload } from '../../src/core/payload.ts';
import { entriesPath } from '../../src/core/tile.ts';
import type { Log } from '../../src/ledger/log.ts';
import { absence, openEntry } from '../../src/predictions/open-entry.ts';
import { readSettings } from '../../src/settings.ts';
import { openVault } from '../../src/vault/open-vault.ts';
import { createTestDatabase } from '../test-database.ts';
import { fsckLost, loseTail, recover, type LostTail } from './lost-tail.ts';
import { startServiceOn, type RunningService } from './running-service.ts';

const BEFORE = 200;
const AFTER = 150;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pl-recover-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const post = (service: RunningService, from: number, to: number) =>
  Promise.all(Array.from({ length: to - from }, async (_, i) => expect((await service.post(`p-${from + i}`)).status).toBe(201)));

const restoredLog = (): Promise<LostTail> =>
  loseTail(folder, (service) => post(service, 0, BEFORE), async (service) => {
    await post(service, BEFORE, BEFORE + AFTER);
    return [(await service.get(`/v1/predictions/p-${BEFORE}/receipt`)).text, (await service.get(`/v1/predictions/p-${BEFORE + AFTER - 1}/receipt`)).text];
  });

let made = 0;

describe('recoverTail', () => {
  test('brings the lost entries back from a copy, and with their receipts their payloads', async () => {
    const log = await restoredLog();
    const stopped = await startServiceOn(log.database);
    expect(stopped.service.ledger.byLogName('default')?.stopped).toMatch(`the database holds ${log.held} entries, but a checkpoint of ${log.signed} was signed`);
    await stopped.close();

    expect(await recover(log, log.copy, log.receipts)).toEqual({ from: log.held, to: log.signed, payloads: 2, unconfirmed: 0 });
    const report = await fsckLost(log);
    expect(report.entries).toBe(log.signed);
    expect(report.tiles).toBe(Math.floor(log.signed / 256));
    // Nothing says yet what was lost: the log has to go on first.
    expect(report.findings).toMatchObject([{ code: 'recovery-pending', index: log.held }]);
    expect(report.lost).toBe(log.signed - log.held - 2);

    const again = await startServiceOn(log.database);
    expect(again.service.ledger.byLogName('default')?.stopped).toBeUndefined();
    // Whose receipt came back is known by its id and its content; the others are new to the log.
    expect((await again.post(`p-${BEFORE}`)).status).toBe(200);
    expect((await again.get(`/v1/predictions/p-${BEFORE}`)).status).toBe(200);
    expect((await again.post(`p-${BEFORE + 1}`)).status).toBe(201);
    const declared = await fsckLost(log);
    expect(declared).toMatchObject({ findings: [], moreFindings: 0, lost: log.signed - log.held - 2 });
    const checkpoint = await again.get('/logs/default/checkpoint');
    expect(Number(checkpoint.text.split('\n')[1])).toBeGreaterThanOrEqual(log.signed);
    await again.close();
    await log.database.drop();
  }, 60_000);

  test('refuses whatever does not make the root that was signed, and changes nothing then', async () => {
    const log = await restoredLog();
    const untouched = await fsckLost(log);
    const changed = async (index: number, change: (entries: Uint8Array[]) => Uint8Array[]): Promise<string> => {
      const copy = join(folder, `changed-${++made}`);
      await cp(log.copy, copy, { recursive: true });
      const bundle = Math.floor(index / 256);
      const width = Math.min(256, log.signed - bundle * 256);
      const path = join(copy, entriesPath({ index: bundle, width }));
      await writeFile(path, encodeEntryBundle(change(decodeEntryBundle(await readFile(path)))));
      return copy;
    };
    const edited = (place: number, from: RegExp, to: string) => (entries: Uint8Array[]) =>
      entries.map((entry, i) => (i === place ? Buffer.from(Buffer.from(entry).toString().replace(from, to)) : entry));
    const last = log.signed - 1;
    const refused = { name: 'RecoveryError' };
    await expect(recover(log, await changed(300, edited(300 % 256, /"commitment":"./, '"commitment":"z')))).rejects.toMatchObject(refused);
    await expect(recover(log, await changed(300, edited(300 % 256, /"policy":"[0-9a-f]{64}"/, `"policy":"${'a'.repeat(64)}"`)))).rejects.toMatchObject(refused);
    await expect(recover(log, await changed(last, edited(last % 256, /"policy":"[0-9a-f]{64}"/, `"policy":"${'a'.repeat(64)}"`)))).rejects.toThrow('does not make the root that was signed');
    await expect(recover(log, await changed(300, (entries) => [...entries.slice(0, 50), ...entries.slice(51), entries[50] as Uint8Array]))).rejects.toMatchObject(refused);
    const short = join(folder, `short-${++made}`);
    await cp(log.copy, short, { recursive: true });
    await rm(join(short, entriesPath({ index: 0, width: 256 })));
    await expect(recover(log, short)).rejects.toThrow();
    await expect(recover(log, join(folder, 'nowhere'))).rejects.toThrow('there is no log at');
    expect(await fsckLost(log)).toEqual(untouched);
    const { rows } = await log.database.database.pool.query<{ size: number }>('select size from log_head');
    expect(rows).toEqual([{ size: log.held }]);

    // The true copy is taken after all of them, once.
    expect(await recover(log, log.copy)).toEqual({ from: log.held, to: log.signed, payloads: 0, unconfirmed: 0 });
    await expect(recover(log, log.copy)).rejects.toThrow(/lacks no tail/);
    await log.database.drop();
  }, 60_000);

  test('a receipt that does not open the entry’s commitment brings nothing', async () => {
    const log = await restoredLog();
    const forged = log.receipts.map((text) => text.replace('0.81', '0.82'));
    expect(await recover(log, log.copy, forged)).toMatchObject({ payloads: 0 });
    await log.database.drop();
  }, 60_000);
});

describe('what is lost with a tail', () => {
  test('is named with the entry that declares it, and a row that says more than its entry is found', async () => {
    const log = await restoredLog();
    await recover(log, log.copy, log.receipts);
    const service = await startServiceOn(log.database);
    const present = service.service.ledger.byLogName('default') as Log;
    const problem = await absence(present, log.held + 3);
    expect([problem.code, problem.message]).toEqual(['payload-lost', expect.stringContaining(`as entry ${log.signed} declares`)]);
    const { opening } = await openEntry(present, log.signed);
    const payload = parsePayload(Buffer.from(opening?.payload ?? '').toString());
    expect(payload).toMatchObject({ type: 'log-recovered', v: 2, body: { from: log.held, to: log.signed, payloads: 2, unconfirmed: 0 } });
    const schema = JSON.parse(await readFile('docs/spec/schemas/log-recovered-v2.json', 'utf8')) as object;
    expect(new Ajv({ strict: false }).validate(schema, payload.body)).toBe(true);
    await service.close();
    // One that starts afterwards says it no second time.
    const next = await startServiceOn(log.database);
    expect((await next.service.ledger.byLogName('default')?.readHead())?.size).toBe(log.signed + 1);
    await next.close();

    const { owner, pool } = log.database.database;
    await expect(pool.query('insert into recovery (log, from_index, to_index, payloads, unconfirmed, lost) values ($1, 0, 1, 0, 0, $2)', [log.row.id, '{[0,1)}'])).rejects.toThrow('permission denied');
    await expect(owner.query("update recovery set lost = '{}'")).rejects.toThrow('declared once');
    await owner.query('alter table recovery disable trigger user');
    await owner.query("update recovery set lost = lost + '{[0,1)}', from_index = 0");
    await owner.query('alter table recovery enable trigger user');
    expect((await fsckLost(log)).findings.map(({ code }) => code)).toContain('recovery-unproven');
    await log.database.drop();
  }, 60_000);
});

describe('a successor', () => {
  test('takes over from a log that cannot go on: its first entry says from where, and the ids stay taken', async () => {
    const database = await createTestDatabase();
    const before = await startServiceOn(database);
    await post(before, 0, 5);
    const size = (await before.service.ledger.byLogName('default')?.readHead())?.size as number;
    await before.close();
    const storeFile = join(database.settings.dataDir, 'checkpoints.json');
    const stored = (JSON.parse(await readFile(storeFile, 'utf8')) as Record<string, object>)['ledger.example/logs/default'];
    await rm(join(database.settings.dataDir, 'log-keys', 'default.pem'));

    const { service, close } = await startServiceOn(database);
    const old = service.ledger.byLogName('default');
    if (old?.stopped === undefined) throw new Error('the log goes on');
    // Another tenant was there first, with the name that comes to mind.
    await service.ledger.createLog('default-2', 'default-2', false);
    const successor = await service.ledger.succeed(old);
    expect(successor.row).toMatchObject({ name: 'default-3', tenantName: 'default', predecessor: old.row.id });
    expect((await service.ledger.succeed(old)).row.id).toBe(successor.row.id);
    await close();

    const after = await startServiceOn(database);
    const log = after.service.ledger.byLogName('default-3');
    expect(after.service.ledger.ofTenant(old.row.tenant)).toBe(log);
    const opener = (await openVault(readSettings({ DATA_DIR: database.settings.dataDir }), database.database)).openerOf(successor.row);
    const sealed = await log?.payloads.read(0);
    const entry = JSON.parse(Buffer.from((await log?.readEntry(0)) as Uint8Array).toString()) as { commitment: string };
    const { payload } = await opener.open(sealed?.key ?? 0, sealed?.sealed ?? new Uint8Array(), entry.commitment);
    expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ type: 'log-opened', body: { log: 'default-3', predecessor: { origin: 'ledger.example/logs/default', ...stored } } });

    // An old id gets its first receipt, from the old log; other content under it is refused; what is new goes into the new log.
    const again = await after.post('p-3');
    expect([again.status, again.json['index']]).toEqual([200, (await after.get('/v1/predictions/p-3')).json['index']]);
    expect((await after.post('new')).json['index']).toBeLessThan(size);
    expect((await after.get('/v1/predictions/p-3/proof')).text).toContain('ledger.example/logs/default\n');
    expect((await after.get('/logs/default/checkpoint')).status).toBe(200);
    await after.close();
    await database.drop();
  }, 60_000);
});
