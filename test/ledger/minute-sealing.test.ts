import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AppendError } from '../../src/ledger/append-error.ts';
import { MinuteSealing, type MinuteSealer } from '../../src/ledger/minute-sealing.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';
import { startServiceOn, type RunningService } from './running-service.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-11-27T09:00:30Z');

let database: TestDatabase;
let running: RunningService;
const said: string[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  running = await startServiceOn(database);
  await running.service.ledger.createLog('other', 'other', false);
});
afterAll(async () => {
  await running.close();
  await database.drop();
});

/** A replica's sealing, by a clock of its own. */
function replica(clock: { now(): number }, ...sealers: MinuteSealer[]): MinuteSealing {
  const { ledger } = running.service;
  return new MinuteSealing({ pool: database.database.pool, ledger, clock, sealers, say: (_level, message) => said.push(message) });
}

describe('sealing', () => {
  test('looks at every log once a minute, whichever replica does it', async () => {
    let now = START;
    const clock = { now: () => now };
    const looks: [string, number, number | undefined][] = [];
    const look: MinuteSealer = async (sealing) => void looks.push([sealing.log.row.name, sealing.now, sealing.checked]);
    const [one, two] = [replica(clock, look), replica(clock, look)];
    const both = async (): Promise<number> => {
      const before = looks.length;
      await one.seal({ due: true });
      await two.seal({ due: true });
      return looks.length - before;
    };
    expect(await both()).toBe(2);
    now += MINUTE / 4;
    expect(await both()).toBe(0);
    now += MINUTE / 4;
    expect(await both()).toBe(2);
    expect(looks.slice(2)).toEqual([['default', now, START], ['other', now, START]]);
    await one.seal();
    expect(looks).toHaveLength(6);
  });

  test('is done by one replica at a time', async () => {
    let atWork = 0;
    let most = 0;
    const slow: MinuteSealer = async () => {
      most = Math.max(most, ++atWork);
      await new Promise((done) => setTimeout(done, 50));
      atWork -= 1;
    };
    const clock = { now: () => START };
    const answers = await Promise.all([replica(clock, slow), replica(clock, slow), replica(clock, slow)].map((each) => each.seal()));
    expect([most, answers.sort()]).toEqual([1, [false, false, true]]);
  });

  test('of a log that fails is said once and tried again; the others are sealed', async () => {
    let now = START + 10 * MINUTE;
    const sealed: string[] = [];
    let fails = true;
    const sealing = replica({ now: () => now }, async ({ log }) => {
      if (fails && log.row.name === 'default') throw new AppendError('policy-mismatch', 'another bundle');
      sealed.push(log.row.name);
    });
    said.length = 0;
    for (let i = 0; i < 3; i++) await sealing.seal({ due: true });
    expect([sealed, said]).toEqual([['other'], ['counts of log default are not sealed: another bundle']]);
    fails = false;
    now += 1;
    await sealing.seal({ due: true });
    expect(sealed).toEqual(['other', 'default']);
  });

  test('leaves out a log that has stopped', async () => {
    const sealed: string[] = [];
    const sealing = replica({ now: () => START + 20 * MINUTE }, async ({ log }) => void sealed.push(log.row.name));
    Object.defineProperty(running.service.ledger.byLogName('other'), 'stopped', { value: 'for the test', configurable: true });
    await sealing.seal();
    expect(sealed).toEqual(['default']);
  });

  test('starts by itself soon after the minute, and ends when closed', async () => {
    const almost = Math.ceil(START / MINUTE) * MINUTE + 30 * MINUTE - 20;
    let seals = 0;
    const sealing = replica({ now: () => almost }, async () => void (seals += 1));
    sealing.start();
    for (let i = 0; i < 200 && seals === 0; i++) await new Promise((done) => setTimeout(done, 25));
    await sealing.close();
    expect(seals).toBe(1);
  });
});
