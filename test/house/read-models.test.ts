import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { derivations } from '../../src/derivations.ts';
import { ErasedDerivation } from '../../src/ledger/derive-erased.ts';

/** Tables that no entry makes, and what they are instead. */
const OTHERS: Record<string, string> = {
  tenant: 'what a log belongs to',
  log: 'which logs there are',
  log_key: 'the public keys of a log',
  log_head: 'the log itself',
  entry: 'the log itself',
  tile: 'the log itself',
  checkpoint: 'what was signed',
  payload: 'what entries commit to',
  data_key: 'the vault',
  key_epoch: 'the vault',
  token: 'the vault',
  evidence_job: 'work under way, and where its bundle lies: what was asked and how it ended are entries of their own',
  held_decision: 'what waits to become an entry',
  minute_check: 'when the minutes were last looked at',
  tally_writer: 'which batch of counts a process wrote last',
};

test('every table is derived from entries by one derivation, or is said to be something else', async () => {
  const schema = await readFile('migrations/schema.sql', 'utf8');
  const tables = [...schema.matchAll(/^CREATE TABLE (\w+)/gm)].map(([, name]) => name as string);
  const derived = derivations(new ErasedDerivation()).flatMap((each) => each.tables.map(({ name }) => name));
  expect(tables.length).toBeGreaterThan(20);
  expect([...derived, ...Object.keys(OTHERS)].sort()).toEqual([...tables].sort());
});

test('a derivation names columns that there are', async () => {
  const schema = await readFile('migrations/schema.sql', 'utf8');
  for (const { name, key, says } of derivations(new ErasedDerivation()).flatMap(({ tables }) => tables)) {
    const [, body = ''] = new RegExp(`^CREATE TABLE ${name} \\(\\n([\\s\\S]*?)\\n\\)`, 'm').exec(schema) ?? [];
    const columns = [...body.matchAll(/^ {2}"?(\w+)"? /gm)].map(([, column]) => column);
    const added = [...schema.matchAll(new RegExp(`^ALTER TABLE ${name} ADD COLUMN (\\w+)`, 'gm'))].map(([, column]) => column);
    expect([...columns, ...added]).toEqual(expect.arrayContaining([...key, ...says]));
  }
});
