import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/core/bytes.ts';
import { parseEntry } from '../../src/core/entry.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { connect } from '../../src/database/connect.ts';
import { parseDatabaseUrl } from '../../src/database/connection.ts';
import { AlreadySequencedError, AppendError } from '../../src/ledger/append-error.ts';
import type { EntryDraft, SequencedEntry } from '../../src/ledger/entry-draft.ts';
import { PostgresLogStore } from '../../src/ledger/postgres-log-store.ts';
import type { Sequencer } from '../../src/ledger/sequencer.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startCuttingProxy } from './cutting-proxy.ts';
import { sampleDraft } from './sample-draft.ts';
import { createTestLog, type TestLog } from './test-log.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const HITS = 10;
const silent = () => undefined;

/** Backends in the middle of an append: on its way, or between two statements of its transaction. */
const APPENDING = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and query ~ 'advance_head|lock_head|^commit'";

/** Terminates what is appending, at random moments, until `stop` is called; counts what it hit. */
interface Terminator {
  readonly hit: number;
  stop(): Promise<void>;
}

async function startTerminator(): Promise<Terminator> {
  const client = await connect(parseDatabaseUrl(database.settings.databaseUrl), silent);
  let stopped = false;
  let hit = 0;
  const work = (async () => {
    while (!stopped) {
      const { rowCount } = await client.query(`select pg_terminate_backend(pid) from ${APPENDING}`);
      hit += rowCount ?? 0;
      // After a hit, a busy machine is given the time to make a new connection; now and then, too little.
      await sleep(rowCount === 0 ? Math.random() * 5 : Math.random() * 500);
    }
  })();
  return {
    get hit() {
      return hit;
    },
    stop: async () => {
      stopped = true;
      await work;
      await client.end();
    },
  };
}

/** What one append came to. */
type Outcome = { draft: EntryDraft; place: SequencedEntry } | { draft: EntryDraft; error: unknown };

async function outcomeOf(sequencer: Sequencer, draft: EntryDraft): Promise<Outcome> {
  return sequencer.append(draft).then(
    (place) => ({ draft, place }),
    (error: unknown) => ({ draft, error }),
  );
}

/** Every acknowledged draft stands where it was said to; one that was refused is not in the log, unless that was said to be unknown. */
async function checkOutcomes(log: TestLog, outcomes: readonly Outcome[]): Promise<void> {
  const entries = await log.check();
  const byCommitment = new Map<string, number[]>();
  entries.forEach((bytes, index) => {
    const { commitment } = parseEntry(bytes);
    byCommitment.set(commitment, [...(byCommitment.get(commitment) ?? []), index]);
  });
  for (const outcome of outcomes) {
    const found = byCommitment.get(outcome.draft.commitment) ?? [];
    if ('place' in outcome) {
      expect(found).toEqual([outcome.place.index]);
      expect(toHex(leafHash(entries[outcome.place.index] as Uint8Array))).toBe(outcome.place.leafHash);
    } else if (outcome.error instanceof AlreadySequencedError) {
      // An earlier attempt of this very draft was committed and could not say so; its id answers for it.
      expect(found).toEqual([outcome.error.index]);
    } else {
      expect(outcome.error).toBeInstanceOf(AppendError);
      const { code } = outcome.error as AppendError;
      expect(['database-unavailable', 'outcome-unknown']).toContain(code);
      expect(found.length).toBeLessThanOrEqual(code === 'outcome-unknown' ? 1 : 0);
    }
  }
  expect(log.stops).toEqual([]);
}

describe('backends that are terminated at random moments', () => {
  test.each([
    ['one replica', 1],
    ['two replicas', 2],
  ])('%s: each append’s outcome is right, nothing is lost or doubled', async (_what, count) => {
    const log = await createTestLog(database);
    const replicas = Array.from({ length: count }, () => log.sequencer());
    const terminator = await startTerminator();
    const deadline = performance.now() + 15_000;
    const outcomes = (
      await Promise.all(
        Array.from({ length: 12 }, async (_, producer) => {
          const mine: Outcome[] = [];
          for (let i = 0; performance.now() < deadline && terminator.hit < HITS; i++) mine.push(await outcomeOf(replicas[producer % count] as Sequencer, sampleDraft(`${producer}-${i}`)));
          return mine;
        }),
      )
    ).flat();
    await terminator.stop();
    await checkOutcomes(log, outcomes);
    expect(terminator.hit).toBeGreaterThan(2);
    // The service outlives it: nearly all were taken in, and the next one is.
    expect(outcomes.filter((outcome) => 'place' in outcome).length).toBeGreaterThan(outcomes.length / 2);
    await expect((replicas[0] as Sequencer).append(sampleDraft('after'))).resolves.toBeDefined();
  });
});

describe('a connection that breaks around the commit', () => {
  // The statement named `append` commits by itself when the head is known; when it had to be locked, `commit` follows.
  // A name and a query's text end in a NUL on the wire.
  test.each([
    ['the request is lost', 'append\0', 'before', 1],
    ['the answer is lost', 'append\0', 'after', 1],
    ['the commit is lost', 'commit\0', 'before', 0],
    ['the commit’s answer is lost', 'commit\0', 'after', 0],
  ] as const)('%s: taken in once, and acknowledged', async (_what, text, when, before) => {
    const log = await createTestLog(database);
    const proxy = await startCuttingProxy(database.settings.runtimeDatabaseUrl);
    const sequencer = log.sequencer({ store: new PostgresLogStore(database.database.pool, proxy.pool) });
    // With its head unknown, a sequencer locks it; afterwards it does not.
    for (let i = 0; i < before; i++) await sequencer.append(sampleDraft());
    proxy.cutNext(text, when);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(sequencer, sampleDraft())));
    expect(proxy.cuts).toBe(1);
    expect(outcomes.every((outcome) => 'place' in outcome)).toBe(true);
    await checkOutcomes(log, outcomes);
    expect(await log.check()).toHaveLength(1 + before + 20);
    await sequencer.append(sampleDraft());
    await proxy.close();
  });

  test('and a database that stays away: the outcome is said to be unknown, and the same id asks for it later', async () => {
    const log = await createTestLog(database);
    const proxy = await startCuttingProxy(database.settings.runtimeDatabaseUrl);
    const sequencer = log.sequencer({ store: new PostgresLogStore(database.database.pool, proxy.pool), patienceMs: 200 });
    await sequencer.append(sampleDraft());
    proxy.cutNext('append\0', 'after');
    proxy.stayAway(true);
    const committed = outcomeOf(sequencer, sampleDraft('committed'));
    expect(await committed).toMatchObject({ error: { code: 'outcome-unknown' } });
    const refused = outcomeOf(sequencer, sampleDraft('refused'));
    expect(await refused).toMatchObject({ error: { code: 'database-unavailable' } });
    proxy.stayAway(false);
    const again = await Promise.all(['committed', 'refused'].map((id) => outcomeOf(sequencer, sampleDraft(id))));
    expect(again).toMatchObject([{ error: { name: 'AlreadySequencedError', index: 2 } }, { place: { index: 3 } }]);
    await checkOutcomes(log, [await committed, await refused]);
    expect(await log.check()).toHaveLength(4);
    await proxy.close();
  });
});

describe('a database that cannot write', () => {
  async function refusing(sql: string, restore: string, work: () => Promise<void>): Promise<void> {
    await database.database.owner.query(sql);
    try {
      await work();
    } finally {
      await database.database.owner.query(restore);
    }
  }

  test('for longer than the patience: the append ends with its reason, and the next one after it is taken in', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer({ patienceMs: 300 });
    await sequencer.append(sampleDraft());
    // What a lock, statement or idle timeout that always strikes looks like; the head can be read all the while.
    const trigger = `create function strike() returns trigger language plpgsql as $$ begin raise exception 'struck' using errcode = 'lock_not_available'; end $$;
      create trigger strike before insert on entry for each statement execute function strike();`;
    await refusing(trigger, 'drop trigger strike on entry; drop function strike()', async () => {
      const started = performance.now();
      await expect(sequencer.append(sampleDraft('late'))).rejects.toMatchObject({ code: 'database-unavailable' });
      expect(performance.now() - started).toBeLessThan(3000);
    });
    await sequencer.append(sampleDraft('late'));
    expect(await log.check()).toHaveLength(3);
  });

  test('because its disk is full: said at once', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    const trigger = `create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'full' using errcode = 'disk_full'; end $$;
      create trigger full_disk before insert on entry for each statement execute function full_disk();`;
    await refusing(trigger, 'drop trigger full_disk on entry; drop function full_disk()', async () => {
      await expect(sequencer.append(sampleDraft())).rejects.toMatchObject({ code: 'storage-full', retryAfterMs: 5000 });
    });
    await sequencer.append(sampleDraft());
    expect(await log.check()).toHaveLength(2);
  });

  test('for less than the patience: the append waits and succeeds', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    await sequencer.append(sampleDraft());
    const admin = await connect(parseDatabaseUrl(database.settings.databaseUrl), silent);
    const name = parseDatabaseUrl(database.settings.databaseUrl).database;
    // Nobody new gets in, and those who are in are thrown out: a restart, seen from outside.
    await admin.query(`alter database ${name} allow_connections false`).catch(() => undefined);
    await admin.query('begin; select * from log_head where log = $1 for update'.replace('$1', String(log.id)));
    const append = outcomeOf(sequencer, sampleDraft('patient'));
    await sleep(200);
    await admin.query(`select pg_terminate_backend(pid) from ${APPENDING}`);
    await sleep(200);
    await admin.query('commit');
    await admin.query(`alter database ${name} allow_connections true`).catch(() => undefined);
    await admin.end();
    const outcome = await append;
    expect('place' in outcome).toBe(true);
    await checkOutcomes(log, [outcome]);
  });
});
