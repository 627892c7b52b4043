import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { withClient } from '../../src/database/connect.ts';
import { databaseUrlOf, withSetting } from '../../src/database/connection.ts';
import { openErasureJournal } from '../../src/vault/open-erasure-journal.ts';
import { PostgresErasureJournal } from '../../src/vault/postgres-erasure-journal.ts';
import { cloneTemplate, type Clone } from '../test-database.ts';
import { all, epoch, erasure, erasureJournalConformance } from './erasure-journal.ts';

let clone: Clone;
let url: string;
let origin: string;
let count = 0;
beforeAll(async () => {
  clone = await cloneTemplate('template0');
  url = databaseUrlOf(clone.owner);
});
beforeEach(() => {
  origin = `ledger.example/logs/own-${++count}`;
});
afterAll(async () => {
  expect(await clone.drop()).toEqual([]);
});

erasureJournalConformance('PostgresErasureJournal', async () => ({ open: () => openErasureJournal(url), isShared: true }));

const run = (sql: string, values: unknown[] = []): Promise<unknown> => withClient(clone.owner, () => undefined, (client) => client.query(sql, values));

async function withJournal(work: (journal: PostgresErasureJournal) => Promise<void>, at = url): Promise<void> {
  const journal = new PostgresErasureJournal(at);
  try {
    await work(journal);
  } finally {
    await journal.close();
  }
}

describe('what was changed is noticed', () => {
  test.each([
    ['a line that was changed', "update prediction_ledger_erasure_journal set line = replace(line, '\"keys\":[7]', '\"keys\":[8]') where origin = $1 and position = 1", 'line 1: its checksum is wrong'],
    ['a line that was cut', 'update prediction_ledger_erasure_journal set line = left(line, 50) where origin = $1 and position = 1', 'line 1: it does not end as a line does'],
    ['a line that is gone', 'delete from prediction_ledger_erasure_journal where origin = $1 and position = 1', 'line 1 is gone'],
    ['the first line that is gone', 'delete from prediction_ledger_erasure_journal where origin = $1 and position = 0', 'line 0 is gone'],
    [
      'a line that is gone, with the others moved up',
      'delete from prediction_ledger_erasure_journal where origin = $1 and position = 1; update prediction_ledger_erasure_journal set position = 1 where origin = $1 and position = 2',
      'line 1: it does not follow the line before it',
    ],
    ['lines of another log', "update prediction_ledger_erasure_journal set origin = $1 || '-2' where origin = $1", 'line 0 is of another log'],
  ])('%s', async (_what, sql, fault) => {
    await withJournal(async (journal) => {
      for (const key of [3, 7, 9]) await journal.append(origin, erasure(`e-${key}`, [key]));
      for (const statement of sql.split('; ')) await run(statement, [origin]);
      const moved = sql.includes("|| '-2'") ? `${origin}-2` : origin;
      await expect(all(journal.read(moved))).rejects.toMatchObject({ name: 'JournalError', code: 'journal-broken', message: expect.stringContaining(fault) });
    });
  });

  test('after the records before it, which did happen', async () => {
    await withJournal(async (journal) => {
      for (const key of [3, 7]) await journal.append(origin, erasure(`e-${key}`, [key]));
      await run("update prediction_ledger_erasure_journal set line = 'x' where origin = $1 and position = 1", [origin]);
      const found: unknown[] = [];
      await expect(
        (async () => {
          for await (const record of journal.read(origin)) found.push(record);
        })(),
      ).rejects.toMatchObject({ code: 'journal-broken' });
      expect(found).toEqual([erasure('e-3', [3])]);
      await expect(journal.append(origin, epoch(2))).rejects.toMatchObject({ code: 'journal-broken' });
    });
  });
});

describe('a database that fails', () => {
  test('is said, without its password, and asked again at the next call', async () => {
    const late = await cloneTemplate('template0');
    await withClient(clone.owner, () => undefined, (client) => client.query(`alter database ${late.owner.database} rename to ${late.owner.database}_away`));
    await withJournal(async (journal) => {
      const failure = await journal.append(origin, epoch(2)).catch((error: unknown) => error as Error);
      expect(failure).toMatchObject({ name: 'JournalError', code: 'journal-unavailable', message: expect.stringContaining(String(late.owner.database)) });
      expect(String(failure)).not.toContain(String(late.owner.password));
      await withClient(clone.owner, () => undefined, (client) => client.query(`alter database ${late.owner.database}_away rename to ${late.owner.database}`));
      await journal.append(origin, epoch(2));
      expect(await all(journal.read(origin))).toEqual([epoch(2)]);
    }, databaseUrlOf(late.owner));
    await late.drop();
  });

  test('refuses a server that acknowledges before it keeps', async () => {
    await withJournal(
      (journal) => expect(journal.append(origin, epoch(2))).rejects.toMatchObject({ code: 'journal-unavailable', message: expect.stringContaining('synchronous_commit off') }),
      databaseUrlOf(withSetting(clone.owner, 'synchronous_commit', 'off')),
    );
  });

  test('refuses the ledger’s own database, with which it would be set back', async () => {
    const ledger = await cloneTemplate();
    await withJournal((journal) => expect(all(journal.read(origin))).rejects.toThrow('CHECKPOINT_STORE names a ledger’s own database'), databaseUrlOf(ledger.owner));
    await ledger.drop();
  });

  test('several replicas may make its table at once', async () => {
    const empty = await cloneTemplate('template0');
    await Promise.all(Array.from({ length: 5 }, (_, i) => withJournal((journal) => journal.append(origin, erasure(`e-${i}`)), databaseUrlOf(empty.owner))));
    await withJournal(async (journal) => expect(await all(journal.read(origin))).toHaveLength(5), databaseUrlOf(empty.owner));
    await empty.drop();
  });

  test('connections that break cost one answer each, never a record that was acknowledged', async () => {
    await withJournal(async (journal) => {
      await journal.append(origin, epoch(2));
      await run('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
      const answer = await journal.append(origin, epoch(3)).then(() => 'kept', () => 'refused');
      await journal.append(origin, epoch(4));
      expect(await all(journal.read(origin))).toEqual(answer === 'kept' ? [epoch(2), epoch(3), epoch(4)] : [epoch(2), epoch(4)]);
    });
  });
});
