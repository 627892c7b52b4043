import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Log } from '../../src/ledger/log.ts';
import { startService, type Service } from '../../src/service.ts';
import { readSettings } from '../../src/settings.ts';
import { endEpoch, type EpochOffice } from '../../src/vault/end-epoch.ts';
import { Epoch } from '../../src/vault/epoch.ts';
import { isDue } from '../../src/vault/epoch-schedule.ts';
import { irrecoverableSince, listEpochs } from '../../src/vault/list-epochs.ts';
import { openVault } from '../../src/vault/open-vault.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { appendAbout, appendOwn, openAll } from './epoch-log.ts';

jest.setTimeout(240_000);

const BY = { principal: 'prn_5e1f0c9a7b3d2846aa17c0de', rule: 'ends-epochs' };

let database: TestDatabase;
let env: Record<string, string>;
let second: string;
let service: Service;
let log: Log;
beforeAll(async () => {
  database = await createTestDatabase();
  const { dataDir, databaseUrl, runtimeDatabaseUrl } = database.settings;
  second = await mkdtemp(join(tmpdir(), 'pl-second-'));
  env = { DATA_DIR: dataDir, DATABASE_URL: databaseUrl, RUNTIME_DATABASE_URL: runtimeDatabaseUrl, KEY_FILE: join(dataDir, 'keks.json'), KEY_EXPORTS: join(dataDir, 'exports') };
  service = await startService(readSettings(env), () => undefined, { sealByHand: true });
  log = service.ledger.logs[0] as Log;
});
afterAll(async () => {
  await service?.close();
  await database?.drop();
  await rm(second, { recursive: true, force: true });
});

const office = (): EpochOffice => service.endsEpochs.office;
const pool = () => database.database.pool;
const vault = () => openVault(readSettings(env), database.database);

async function entriesOf(type: string): Promise<{ index: number; body: Record<string, unknown>; text: string }[]> {
  const texts = await openAll(pool(), log.row.id, (await vault()).openerOf(log.row));
  return [...texts].flatMap(([index, text]) => {
    const payload = JSON.parse(text) as { type?: string; body: Record<string, unknown> };
    return payload.type === type ? [{ index, body: payload.body, text }] : [];
  });
}

/** What must be true whenever no end is under way. */
async function expectEnded(): Promise<void> {
  const epochs = await listEpochs(pool(), log.row.id, { before: undefined, limit: 1000 });
  const [open, ...ended] = epochs;
  expect(open?.state).toBe('open');
  for (const { state } of ended) expect(state).toBe('ended');
  const { rows } = await pool().query<{ epoch: number | null }>('select distinct epoch from data_key where log = $1', [log.row.id]);
  expect(rows).toEqual([{ epoch: open?.number }]);
  const names = await office().vault.provider.names();
  expect(names).toEqual([open?.kek]);
  expect(await readdir(office().exports)).toEqual([`default-${open?.number}.jsonl.gz`]);
}

describe('the end of an epoch', () => {
  test('leaves every payload readable, each data subject one and the same, and says so in entries', async () => {
    const indices = [await appendAbout(log, 'ada', 'first'), await appendAbout(log, 'bob', 'first'), await appendOwn(log, 'alone')];
    const subject = (await log.vault.subjectKey('ada')).subject;
    await endEpoch(office(), log, BY);
    await expectEnded();
    const texts = await openAll(pool(), log.row.id, log.vault);
    for (const index of indices) expect(texts.has(index)).toBe(true);
    expect(await openAll(pool(), log.row.id, (await vault()).openerOf(log.row))).toEqual(texts);
    expect((await log.vault.subjectKey('ada')).subject).toBe(subject);
    expect((await (await (await vault()).of(log.row)).subjectKey('ada')).subject).toBe(subject);
    const [opened] = await entriesOf('key-epoch-opened');
    const [ended] = await entriesOf('key-epoch-ended');
    const [now, before] = await listEpochs(pool(), log.row.id, { before: undefined, limit: 2 });
    expect(opened?.body).toEqual({ origin: log.row.origin, epoch: 2, kek: now?.kek, previous: 1 });
    expect(ended?.body).toMatchObject({ origin: log.row.origin, epoch: 1, kek: before?.kek, rewrapped: before?.rewrapped });
    expect(before).toMatchObject({ endedIndex: ended?.index, endedIn: log.row.origin });
    expect(before?.rewrapped).toBeGreaterThanOrEqual(5);
    const entry = JSON.parse(Buffer.from((await log.readEntry(ended?.index ?? -1)) ?? []).toString()) as { time: string };
    expect(await irrecoverableSince(pool(), log.row.id, 1)).toBe(entry.time);
    expect(await irrecoverableSince(pool(), log.row.id, 2)).toBeUndefined();
    expect(await irrecoverableSince(pool(), log.row.id, null)).toBeUndefined();
  });

  test('makes what was wrapped before worthless: no key that remains opens it', async () => {
    await appendAbout(log, 'eve', 'secret');
    const { rows: keys } = await pool().query<{ wrapped: Buffer }>('select wrapped from data_key where log = $1', [log.row.id]);
    const { rows: epochs } = await pool().query<{ number: number; wrapped: Buffer }>('select number, wrapped from key_epoch where log = $1', [log.row.id]);
    const { provider } = office().vault;
    const opens = async (): Promise<number> => {
      const { rows: now } = await pool().query<{ number: number; wrapped: Buffer }>('select number, wrapped from key_epoch where log = $1', [log.row.id]);
      let opened = 0;
      for (const { number, wrapped } of [...epochs, ...now]) {
        for (const name of await provider.names()) {
          const secrets = await provider.unwrap(name, wrapped, `${log.row.origin}\n${number}`).catch(() => undefined);
          if (secrets === undefined) continue;
          const epoch = new Epoch(number, secrets);
          for (const key of keys) if (epoch.unwrap(key.wrapped) !== undefined) opened += 1;
        }
      }
      return opened;
    };
    expect(await opens()).toBeGreaterThanOrEqual(keys.length);
    await endEpoch(office(), log, BY);
    expect(await opens()).toBe(0);
  });

  test('is told to every replica that appends meanwhile: none loses a record, and none makes a data subject twice', async () => {
    await cp(join(database.settings.dataDir, 'log-keys'), join(second, 'log-keys'), { recursive: true });
    await cp(join(database.settings.dataDir, 'checkpoints.json'), join(second, 'checkpoints.json'));
    const replica = await startService(readSettings({ ...env, DATA_DIR: second }), () => undefined, { sealByHand: true });
    try {
      const logs = [log, replica.ledger.byLogName('default') as Log];
      let going = true;
      const written = new Map<number, string>();
      const writers = logs.map(async (each, r) => {
        for (let i = 0; going; i++) {
          const reference = `both-${(i * 7) % 40}`;
          const text = `${r}-${i}`;
          written.set(i % 3 === 0 ? await appendOwn(each, text) : await appendAbout(each, reference, text), text);
        }
      });
      for (let i = 0; i < 3; i++) await endEpoch(office(), log, BY);
      going = false;
      await Promise.all(writers);
      await expectEnded();
      expect(written.size).toBeGreaterThan(10);
      for (const each of [log.vault, logs[1]?.vault ?? log.vault, (await vault()).openerOf(log.row)]) {
        const texts = await openAll(pool(), log.row.id, each);
        for (const [index, text] of written) expect(texts.get(index)).toContain(`"${text}"`);
      }
      const about = await pool().query('select from data_key where log = $1 and subject is not null', [log.row.id]);
      const references = new Set([...(await openAll(pool(), log.row.id, log.vault)).values()].flatMap((text) => (JSON.parse(text) as { about?: string }).about ?? []));
      expect(about.rowCount).toBe(references.size);
    } finally {
      await replica.close();
    }
  });

  test('is refused while another replica is at it', async () => {
    const ends = await Promise.allSettled([endEpoch({ ...office(), lockPool: pool() }, log, BY), endEpoch({ ...office(), lockPool: pool() }, log, BY)]);
    const refused = ends.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []));
    expect(refused.map(({ name }) => name)).toEqual(['EpochEndingError']);
    await expectEnded();
  });

  test('is due after hours where something was erased, and after days elsewhere', async () => {
    const terms = { hours: 24, maxDays: 90 };
    const { owner } = database.database;
    expect(await isDue(pool(), log.row.id, terms)).toBe(false);
    expect(await isDue(pool(), log.row.id, { hours: 0, maxDays: 90 })).toBe(false);
    expect(await isDue(pool(), log.row.id, { hours: 24, maxDays: 0 })).toBe(true);
    await owner.query('select advance_vault($1)', [log.row.id]);
    expect(await isDue(pool(), log.row.id, { hours: 0, maxDays: 90 })).toBe(true);
    expect(await isDue(pool(), log.row.id, terms)).toBe(false);
    await endEpoch(office(), log, BY);
    expect(await isDue(pool(), log.row.id, { hours: 0, maxDays: 90 })).toBe(false);
  });
});

describe('a crash', () => {
  class Crash extends Error {}

  /** Lets so many calls through, then ends: at the next one before it is done, or after. Nothing goes through from then on. */
  function crashing(at: number, mode: 'before' | 'after'): { office: EpochOffice; log: Log; crashed: () => string | undefined } {
    let calls = 0;
    let where: string | undefined;
    const guard = <T extends object>(name: string, target: T, methods: readonly string[]): T =>
      new Proxy(target, {
        get: (of, key) => {
          const value = Reflect.get(of, key) as unknown;
          if (typeof value !== 'function') return value;
          const bound = (value as (...args: unknown[]) => unknown).bind(of);
          if (!methods.includes(String(key))) return bound;
          return async (...args: unknown[]) => {
            if (where !== undefined) throw new Crash(where);
            calls += 1;
            if (calls < at) return bound(...args);
            where = `${name}.${String(key)} ${String(args[0]).slice(0, 60)}`;
            if (mode === 'after') await bound(...args);
            throw new Crash(where);
          };
        },
      });
    const real = office();
    const crashPool = guard('pool', real.pool, ['query']);
    return {
      office: {
        ...real,
        pool: crashPool,
        journal: guard('journal', real.journal, ['append']),
        vault: { provider: guard('provider', real.vault.provider, ['destroy']), epochsOf: (row) => guard('epochs', real.vault.epochsOf(row), ['prepare', 'load', 'openRow', 'endingRows']) },
      },
      log: guard('log', log, ['appendWith']),
      crashed: () => where,
    };
  }

  test.each(['before', 'after'] as const)('%s any step loses nothing; the next call goes on from there', async (mode) => {
    const seen: string[] = [];
    for (let at = 1; ; at++) {
      await appendAbout(log, `crash-${at % 3}`, `${mode}-${at}`);
      const subjects = await Promise.all(['ada', 'bob', 'eve'].map(async (reference) => (await log.vault.subjectKey(reference)).subject));
      const before = await openAll(pool(), log.row.id, log.vault);
      const parts = crashing(at, mode);
      const ended = await endEpoch(parts.office, parts.log, BY).then(() => true, (error: unknown) => {
        if (!(error instanceof Crash)) throw error;
        return false;
      });
      if (parts.crashed() === undefined) {
        expect(ended).toBe(true);
        break;
      }
      seen.push(parts.crashed() ?? '');
      // A service that starts on what the crash left reads all, and takes more in about the same data subjects.
      const fresh = await (await vault()).of(log.row);
      const texts = await openAll(pool(), log.row.id, fresh);
      for (const [index, text] of before) expect({ at, where: parts.crashed(), text: texts.get(index) }).toEqual({ at, where: parts.crashed(), text });
      const again = await Promise.all(['ada', 'bob', 'eve'].map(async (reference) => (await fresh.subjectKey(reference)).subject));
      expect({ at, where: parts.crashed(), again }).toEqual({ at, where: parts.crashed(), again: subjects });
      await appendAbout(log, 'ada', `${mode}-${at} meanwhile`);
      if (at % 3 === 0) await service.epochSchedule.look();
      else await endEpoch(office(), log, BY);
      const names = await office().vault.provider.names();
      // A key that was made and named by nothing may be left; it has wrapped nothing that anything names.
      const { rows } = await pool().query<{ kek: string }>('select kek from key_epoch where log = $1 and ended is null', [log.row.id]);
      for (const name of names) if (!rows.some(({ kek }) => kek === name)) await office().vault.provider.destroy(name);
      await expectEnded();
    }
    expect(seen.length).toBeGreaterThan(10);
    for (const step of ['epochs.prepare', 'log.appendWith', 'journal.append', 'provider.destroy', 'pool.query select rewrap_keys']) expect(seen.some((each) => each.startsWith(step))).toBe(true);
  });
});
