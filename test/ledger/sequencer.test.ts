import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/core/bytes.ts';
import { parseEntry } from '../../src/core/entry.ts';
import { leafHash } from '../../src/core/merkle-tree.ts';
import { AlreadySequencedError, AppendError } from '../../src/ledger/append-error.ts';
import type { SequencedEntry } from '../../src/ledger/entry-draft.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { activation, POLICY, sampleDraft, sampleSystemDraft } from './sample-draft.ts';
import { createTestLog, type TestLog } from './test-log.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const drafts = (count: number, prefix = 'p') => Array.from({ length: count }, (_, i) => sampleDraft(`${prefix}-${i}`));

/** Transactions that wrote entries of a log: the rows of one share its number. */
async function transactions({ id }: TestLog): Promise<{ rows: number }[]> {
  const { rows } = await database.database.pool.query<{ rows: number }>(
    'select count(*)::int as rows from entry where log = $1 group by xmin order by min(index)',
    [id],
  );
  return rows;
}

const settled = (answers: readonly Promise<SequencedEntry>[]) => Promise.allSettled(answers);

describe('group commit', () => {
  test('what waits together shares a transaction, in the order of arrival', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    const wanted = drafts(300);
    const places = await Promise.all(wanted.map((draft) => sequencer.append(draft)));
    expect(places.map(({ index }) => index)).toEqual(wanted.map((_, i) => i + 1));
    expect(await transactions(log)).toEqual([{ rows: 1 }, { rows: 300 }]);
    const entries = await log.check();
    places.forEach(({ index, time, leafHash: hash }) => {
      const entry = parseEntry(entries[index] as Uint8Array);
      expect(entry.commitment).toBe(wanted[index - 1]?.commitment);
      expect(entry.time).toBe(time);
      expect(toHex(leafHash(entries[index] as Uint8Array))).toBe(hash);
    });
  });

  test('what comes during a commit shares the next one', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    const first = sequencer.append(sampleDraft());
    // By then the first one is on its way to the database.
    await new Promise((done) => setImmediate(() => setImmediate(done)));
    const later = drafts(50).map((draft) => sequencer.append(draft));
    await Promise.all([first, ...later]);
    const groups = await transactions(log);
    expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(52);
    expect(groups.length).toBeLessThanOrEqual(4);
    await log.check();
  });

  test('an idle log commits at once and alone', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    for (const draft of drafts(3)) await sequencer.append(draft);
    expect(await transactions(log)).toEqual([{ rows: 1 }, { rows: 1 }, { rows: 1 }, { rows: 1 }]);
  });
});

describe('ids', () => {
  test('the same id twice at once: the first is taken in, the second is told where it stands', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    const [first, other, second] = await settled([sequencer.append(sampleDraft('a')), sequencer.append(sampleDraft('b')), sequencer.append(sampleDraft('a'))]);
    expect([first, other]).toMatchObject([{ value: { index: 1 } }, { value: { index: 2 } }]);
    expect(second).toMatchObject({ reason: { name: 'AlreadySequencedError', log: log.id, index: 1 } });
    expect(await log.check()).toHaveLength(3);
  });

  test('ids of earlier commits are told apart from new ones within one batch', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    await Promise.all(drafts(100).map((draft) => sequencer.append(draft)));
    const answers = await settled(Array.from({ length: 150 }, (_, i) => sequencer.append(sampleDraft(`p-${i + 50}`))));
    answers.forEach((answer, i) => {
      if (i < 50) expect(answer).toMatchObject({ reason: { name: 'AlreadySequencedError', index: 51 + i } });
      else expect(answer).toMatchObject({ value: { index: 51 + i } });
    });
    expect(await log.check()).toHaveLength(201);
  });

  test('a batch of nothing but taken ids leaves the log as it was', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    await Promise.all(drafts(20).map((draft) => sequencer.append(draft)));
    const answers = await settled(drafts(20).map((draft) => sequencer.append(draft)));
    expect(answers.every((answer) => answer.status === 'rejected' && answer.reason instanceof AlreadySequencedError)).toBe(true);
    expect(await log.check()).toHaveLength(21);
  });

  test('ids of a predecessor stay taken, and are told with its number', async () => {
    const old = await createTestLog(database);
    await old.sequencer().append(sampleDraft('first'));
    const log = await createTestLog(database, { predecessor: old.id });
    const sequencer = log.sequencer();
    const answers = await settled(['first', 'second'].map((id) => sequencer.append(sampleDraft(id))));
    expect(answers).toMatchObject([{ reason: { name: 'AlreadySequencedError', log: old.id, index: 1 } }, { value: { index: 1 } }]);
  });

  test('another log may have the same id', async () => {
    const logs = [await createTestLog(database), await createTestLog(database)];
    const places = await Promise.all(logs.map((log) => log.sequencer().append(sampleDraft('same'))));
    expect(places.map(({ index }) => index)).toEqual([1, 1]);
  });
});

describe('refusals', () => {
  test('of another policy bundle, until this replica’s is in force', async () => {
    const log = await createTestLog(database);
    const other = Buffer.alloc(32, 0x71);
    const sequencer = log.sequencer({ policy: other });
    await expect(sequencer.append(sampleDraft())).rejects.toMatchObject({ code: 'policy-mismatch' });
    expect(await log.check()).toHaveLength(1);
    await sequencer.append(activation(other));
    await sequencer.append(sampleDraft());
    await expect(log.sequencer({ policy: POLICY }).append(sampleDraft())).rejects.toMatchObject({ code: 'policy-mismatch' });
    const entries = await log.check();
    expect(entries.map((entry) => parseEntry(entry).policy)).toEqual([POLICY, other, other].map((digest) => digest.toString('hex')));
  });

  test('a policy that another replica puts into force stops this one’s appends, not in the middle of a batch', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    await sequencer.append(sampleDraft());
    await log.append([activation(Buffer.alloc(32, 0x72))]);
    const answers = await settled(drafts(5).map((draft) => sequencer.append(draft)));
    expect(answers.map((answer) => answer.status === 'rejected' && (answer.reason as AppendError).code)).toEqual(Array(5).fill('policy-mismatch'));
    expect(await log.check()).toHaveLength(3);
  });

  test('of the guard: nothing is appended, and the next is asked anew', async () => {
    const log = await createTestLog(database);
    let skewed = true;
    const sequencer = log.sequencer({
      guard: () => {
        if (skewed) throw new AppendError('clock-skew', 'six seconds off', 5000);
      },
    });
    await expect(sequencer.append(sampleDraft('a'))).rejects.toMatchObject({ code: 'clock-skew', retryAfterMs: 5000 });
    expect(await log.check()).toHaveLength(1);
    skewed = false;
    await sequencer.append(sampleDraft('a'));
    expect(await log.check()).toHaveLength(2);
  });

  test('of a full queue: those that are in it are committed', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer({ limits: { maxQueueEntries: 10, maxQueueBytes: 2 ** 20 } });
    const answers = await settled(drafts(15).map((draft) => sequencer.append(draft)));
    expect(answers.map(({ status }) => status)).toEqual([...Array<string>(10).fill('fulfilled'), ...Array<string>(5).fill('rejected')]);
    expect(answers.slice(10)).toMatchObject(Array(5).fill({ reason: { code: 'queue-full' } }));
    expect(await log.check()).toHaveLength(11);
  });

  test('a batch that the database refuses does not poison the next', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    // PostgreSQL's text holds no NUL; intake lets none through, and if it did, one batch would be lost and no more.
    const poisoned = sampleDraft('bad');
    const together = await settled([sequencer.append(sampleDraft('good')), sequencer.append({ ...poisoned, prediction: { ...poisoned.prediction, model: 'a\0b' } as never })]);
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(sequencer.append(sampleDraft('good'))).resolves.toMatchObject({ index: 1 });
    expect(await log.check()).toHaveLength(2);
  });

  test('close waits for what is under way and refuses what comes later', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    const under = drafts(2500).map((draft) => sequencer.append(draft));
    const closing = sequencer.close();
    await expect(sequencer.append(sampleDraft())).rejects.toMatchObject({ code: 'shutting-down' });
    await closing;
    const places = await Promise.all(under);
    expect(places.map(({ index }) => index)).toEqual(under.map((_, i) => i + 1));
    expect(await log.check()).toHaveLength(2501);
    await log.sequencer().close();
  });
});

describe('time', () => {
  test('never goes backwards with a clock that jumps back', async () => {
    const log = await createTestLog(database);
    const start = Date.now() + 1000;
    let now = start;
    const sequencer = log.sequencer({ clock: { now: () => now } });
    const times: number[] = [];
    for (now of [start, start - 3_600_000, start + 10, 0, start + 5]) times.push(Date.parse((await sequencer.append(sampleDraft())).time));
    expect(times).toEqual([start, start, start + 10, start + 10, start + 10]);
    // Nor across replicas, of which the second is behind.
    expect(Date.parse((await log.sequencer({ clock: { now: () => start - 9 } }).append(sampleDraft())).time)).toBe(start + 10);
    await log.check();
  });
});

describe('several replicas', () => {
  test('append to one log: one chain, nobody’s entry lost or doubled, each told its own place', async () => {
    const log = await createTestLog(database);
    const replicas = [log.sequencer(), log.sequencer(), log.sequencer()];
    const answers = await Promise.all(
      replicas.map(async (replica, r) => {
        const places: SequencedEntry[] = [];
        for (let burst = 0; burst < 12; burst++) places.push(...(await Promise.all(drafts(30, `r${r}-${burst}`).map((draft) => replica.append(draft)))));
        return places;
      }),
    );
    const entries = await log.check();
    expect(entries).toHaveLength(3 * 360 + 1);
    const indices = answers.flat().map(({ index }) => index).sort((a, b) => a - b);
    expect(indices).toEqual(indices.map((_, i) => i + 1));
    for (const { index, leafHash: hash } of answers.flat()) expect(toHex(leafHash(entries[index] as Uint8Array))).toBe(hash);
    expect(log.stops).toEqual([]);
  });

  test('the same id sent to all of them at once is taken in once', async () => {
    const log = await createTestLog(database);
    const replicas = [log.sequencer(), log.sequencer(), log.sequencer()];
    const answers = await settled(Array.from({ length: 40 }, (_, i) => replicas.map((replica) => replica.append(sampleDraft(`p-${i}`)))).flat());
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(40);
    for (const answer of answers) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(AlreadySequencedError);
    expect(await log.check()).toHaveLength(41);
  });
});

describe('a database that contradicts what was committed', () => {
  /** What a failover to a standby that lags leaves, done with the triggers off. */
  async function cutTail(log: TestLog, from: number, sql: string): Promise<void> {
    const client = await database.database.owner.connect();
    try {
      await client.query('begin');
      await client.query('set local session_replication_role = replica');
      for (const table of ['entry', 'payload', 'prediction']) await client.query(`delete from ${table} where log = $1 and index >= $2`, [log.id, from]);
      await client.query(sql, [log.id]);
      await client.query('commit');
    } finally {
      client.release();
    }
  }
  const keepHead = async (log: TestLog): Promise<string> => {
    const { rows } = await database.database.pool.query<{ sql: string }>(
      `select format('update log_head set size = %s, head = %L, frontier = %L, time = %s where log = $1', size, head, frontier, time) as sql from log_head where log = $1`,
      [log.id],
    );
    return (rows[0] as { sql: string }).sql;
  };

  test.each([
    ['lost its last entries', 0],
    ['lost them and took in fewer others', 1],
    ['lost them and took in as many others', 2],
    ['lost them and took in more others', 3],
  ])('that %s stops the log', async (_what, others) => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    await sequencer.append(sampleDraft());
    const restore = await keepHead(log);
    for (let i = 0; i < 2; i++) await sequencer.append(sampleDraft());
    await cutTail(log, 2, restore);
    if (others > 0) await log.append(drafts(others, 'other'));
    await expect(sequencer.append(sampleDraft())).rejects.toMatchObject({ code: 'log-stopped' });
    expect(log.stops).toEqual([expect.stringContaining('no longer holds the 4 entries that were committed')]);
    expect(await log.check()).toHaveLength(2 + others);
  });

  test('that holds rows beyond its head stops the log', async () => {
    const log = await createTestLog(database);
    const sequencer = log.sequencer();
    await sequencer.append(sampleDraft());
    await database.database.pool.query("insert into entry (log, index, bytes) values ($1, 2, 'planted')", [log.id]);
    await expect(sequencer.append(sampleDraft())).rejects.toMatchObject({ code: 'log-stopped' });
    expect(log.stops).toEqual([expect.stringContaining('the table entry holds rows of the log beyond its head')]);
  });
});

test('a system entry has no row in the read model', async () => {
  const log = await createTestLog(database);
  const sequencer = log.sequencer();
  await Promise.all([sequencer.append(sampleSystemDraft('api-key-issued')), sequencer.append(sampleDraft('a')), sequencer.append(sampleSystemDraft('api-key-issued'))]);
  const { rows } = await database.database.pool.query('select id, index from prediction where log = $1', [log.id]);
  expect(rows).toEqual([{ id: 'a', index: 2 }]);
  await log.check();
});
