import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { checkLog } from './check-log.ts';
import { startServiceOn, type RunningService } from './running-service.ts';

let database: TestDatabase;
let running: RunningService | undefined;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await stop();
  await database.drop();
});

async function start(env: Record<string, string> = {}): Promise<RunningService> {
  running = await startServiceOn(database, env);
  return running;
}

async function stop(): Promise<void> {
  await running?.close();
  running = undefined;
}

/** Sizes of the checkpoints of a log. */
async function published(name = 'default'): Promise<number[]> {
  const { rows } = await database.database.pool.query<{ size: number }>(
    'select size from checkpoint join log on log.id = checkpoint.log where log.name = $1 order by size',
    [name],
  );
  return rows.map(({ size }) => size);
}

describe('checkpoints', () => {
  test('are published on the interval for the logs that have grown, and for no other', async () => {
    const { service, post } = await start({ PUBLISH_INTERVAL_MS: '20' });
    const other = await service.ledger.createLog('other', 'other', false);
    const settled = async () => {
      for (let i = 0; i < 100; i++) {
        const sizes = await Promise.all(service.ledger.logs.map(async (log) => [(await log.readHead()).size, (await published(log.row.name)).at(-1)]));
        if (sizes.every(([head, last]) => head === last)) return;
        await new Promise((done) => setTimeout(done, 20));
      }
      throw new Error('the interval publishes nothing');
    };
    await settled();
    const before = await published(other.row.name);
    for (let i = 0; i < 3; i++) {
      await post(`p-${i}`);
      await settled();
    }
    expect(await published(other.row.name)).toEqual(before);
  });

  test('of what was acknowledged last are published when the service ends', async () => {
    const { service, post } = await start({ PUBLISH_INTERVAL_MS: '600000' });
    const { index } = (await post('last')).json;
    expect((await published()).at(-1)).toBeLessThanOrEqual(Number(index));
    const row = service.ledger.byLogName('default')?.row;
    await stop();
    expect((await published()).at(-1)).toBe(Number(index) + 1);
    if (row !== undefined) await checkLog(database.database.pool, row);
  });
});

describe('createLog', () => {
  test('begins a log with who it is and the policy in force, durable in the store before', async () => {
    const { service } = await start();
    const log = await service.ledger.createLog('bank', 'bank', false);
    expect(log.stopped).toBeUndefined();
    expect((await published('bank'))[0]).toBe(0);
    const entries = await checkLog(database.database.pool, log.row);
    const types = entries.map((entry) => (JSON.parse(Buffer.from(entry).toString()) as { type: string }).type);
    expect(types).toEqual(['log-opened', 'policy-activated']);
    expect(await service.ledger.hasPolicyOf(log)).toBe(true);
  });

  test('of a log that is there gives it, and of another tenant’s name refuses', async () => {
    const { service } = await start();
    const log = await service.ledger.createLog('bank', 'bank', false);
    expect(await service.ledger.createLog('bank', 'bank', false)).toBe(log);
    await expect(service.ledger.createLog('shop', 'bank', false)).rejects.toThrow('the name bank belongs to another log');
  });
});

describe('a start', () => {
  test('with other policy files puts them into force by an entry, once', async () => {
    const { service } = await start();
    const row = service.ledger.byLogName('default')?.row;
    await stop();
    const policies = await mkdtemp(join(tmpdir(), 'pl-policies-'));
    await cp('policies', policies, { recursive: true });
    await writeFile(join(policies, 'note.md'), 'reviewed\n');
    for (let i = 0; i < 2; i++) {
      const again = await start({ POLICIES_DIR: policies });
      expect((await again.post(`p-${i}`)).status).toBe(201);
      await stop();
    }
    await rm(policies, { recursive: true });
    if (row === undefined) throw new Error('there is no log');
    const entries = await checkLog(database.database.pool, row);
    const parsed = entries.map((entry) => JSON.parse(Buffer.from(entry).toString()) as { type: string; policy: string });
    const digests = [...new Set(parsed.map(({ policy }) => policy))];
    expect(digests).toHaveLength(2);
    expect(parsed.filter(({ type }) => type === 'policy-activated').map(({ policy }) => policy)).toEqual(digests);
  });
});
