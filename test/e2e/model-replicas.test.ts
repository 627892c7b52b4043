import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { databaseUrlOf } from '../../src/database/connection.ts';
import { exceptionWords } from '../../src/predictions/exception-words.ts';
import { openEntry } from '../../src/predictions/open-entry.ts';
import { cloneTemplate, createTestDatabase, type Clone, type TestDatabase } from '../test-database.ts';
import { versionForm } from '../models/version.ts';
import { prediction } from './prediction.ts';
import { startTestService, type Answer, type TestService } from './service.ts';

const PREDICTIONS = 240;

let database: TestDatabase;
let checkpoints: Clone;
let folder: string;
let here: TestService;
let there: TestService;

beforeAll(async () => {
  database = await createTestDatabase();
  checkpoints = await cloneTemplate('template0');
  folder = await mkdtemp(join(tmpdir(), 'pl-replica-'));
  const env = { CHECKPOINT_STORE: databaseUrlOf(checkpoints.owner) };
  here = await startTestService(env, {}, database);
  const { dataDir } = database.settings;
  for (const name of ['log-keys', 'key-encryption-keys.json', 'keys.json']) await cp(join(dataDir, name), join(folder, name), { recursive: true });
  there = await startTestService(env, {}, { ...database, settings: { ...database.settings, dataDir: folder } });
});

afterAll(async () => {
  await there?.close();
  await here?.close();
  await database?.drop();
  await checkpoints?.drop();
  await rm(folder, { recursive: true, force: true });
});

interface Seen {
  index: number;
  type: string;
  body: { id?: string; model?: string; exceptions?: string[] };
}

/** Every payload of the log, in order. */
async function readLog(): Promise<Seen[]> {
  const log = here.service.ledger.logs[0];
  if (log === undefined) throw new Error('no log');
  const { size } = await log.readHead();
  const seen: Seen[] = [];
  for (let index = 0; index < size; index++) {
    const { opening } = await openEntry(log, index);
    seen.push({ index, ...(JSON.parse(Buffer.from(opening?.payload ?? []).toString()) as Omit<Seen, 'index'>) });
  }
  return seen;
}

test('what predictions say of their version agrees with the order of the log while it is approved and withdrawn on another replica', async () => {
  const words: Record<string, string[] | undefined> = {
    'model-version-registered': ['unapproved-version'], 'model-version-approved': undefined, 'model-version-approval-withdrawn': ['withdrawn-version'],
  };
  const post = (service: TestService, i: number): Promise<Answer> => service.call('POST', '/v1/predictions', 'producer', prediction(`t-${i}`, { model: 'm', version: '1' }));
  const turn = async (): Promise<void> => {
    await sleep(60);
    expect((await there.call('POST', '/v1/models/m/versions', 'model-approver', versionForm('1'))).status).toBe(201);
    for (let i = 0; i < 12; i++) {
      await sleep(i % 3 === 0 ? 40 : 5);
      const { status } = await there.call('POST', '/v1/models/m/versions/1/approvals', 'model-approver-2', { decision: i % 2 === 0 ? 'approve' : 'withdraw', reason: 'a test' });
      expect(status).toBe(201);
    }
  };
  let turning = true;
  const turned = turn().finally(() => (turning = false));
  const answers: Answer[] = [];
  let posted = 0;
  while (posted < PREDICTIONS || turning) answers.push(...(await Promise.all(Array.from({ length: 8 }, () => post(posted % 4 === 0 ? there : here, posted++)))));
  await turned;
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));

  let expected: string[] | undefined = ['unknown-version'];
  const told = new Set<string>();
  for (const { index, type, body } of await readLog()) {
    if (type.startsWith('model-version-')) expected = words[type];
    if (type !== 'prediction') continue;
    expect({ index, exceptions: body.exceptions }).toEqual({ index, exceptions: expected });
    told.add(String(expected));
  }
  expect(told.size).toBe(4);
  const { rows } = await here.service.database.pool.query<{ exceptions: number | null; decided: string }>(
    `select exceptions, model_decided(log, model, version, index, time) as decided from prediction order by index`,
  );
  const decided: Record<string, string[]> = { unknown: ['unknown-version'], registered: ['unapproved-version'], approved: [], withdrawn: ['withdrawn-version'] };
  expect(rows.map(({ exceptions }) => exceptionWords(exceptions))).toEqual(rows.map((row) => decided[row.decided]));
});
