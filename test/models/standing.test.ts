import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deployedAt, sharesAt, standingAt, WHOLE, type DecisionFact, type DeploymentFact, type FactPlace, type ModelHistory, type Moment } from '../../src/models/standing.ts';
import { createTestDatabase, type TestDatabase } from '../test-database.ts';

type Event =
  | { kind: 'registered'; version: string; log: number; step: number }
  | { kind: 'decision'; version: string; log: number; step: number; decision: DecisionFact['decision'] }
  | { kind: 'deployment'; version: string; log: number; step: number; deployment: DeploymentFact['deployment']; share: number; from: number; length: number | null };

const VERSIONS = ['1', '2', '3'];
const base = { version: fc.constantFrom(...VERSIONS), log: fc.constantFrom(0, 1), step: fc.integer({ min: 0, max: 2 }) };
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('registered' as const), ...base }),
  fc.record({ kind: fc.constant('decision' as const), ...base, decision: fc.constantFrom('approved' as const, 'rejected' as const, 'withdrawn' as const) }),
  fc.record({
    kind: fc.constant('deployment' as const), ...base, deployment: fc.constantFrom('live' as const, 'shadow' as const, 'canary' as const, 'retired' as const),
    share: fc.constantFrom(0, 1000, 5000, WHOLE), from: fc.integer({ min: 0, max: 24 }), length: fc.option(fc.integer({ min: 1, max: 10 })),
  }),
);

type Placed = Event & FactPlace;

/** In the order of two logs, of which the second succeeds the first; times never go backwards. */
function place(events: readonly Event[], logs: readonly [number, number]): Placed[] {
  const ordered = [...events.filter(({ log }) => log === 0), ...events.filter(({ log }) => log === 1)];
  const sizes = [0, 0];
  let time = 0;
  return ordered.map((each) => {
    time += each.step;
    const index = (sizes[each.log] = (sizes[each.log] ?? 0) + 1);
    return { ...each, log: logs[each.log] ?? 0, index, time };
  });
}

function share({ deployment, share: of }: Extract<Event, { kind: 'deployment' }>): number | null {
  return deployment === 'live' || deployment === 'canary' ? of : null;
}

function historyOf(placed: readonly Placed[]): ModelHistory {
  const versions = new Map<string, { registered: FactPlace; decisions: DecisionFact[] }>();
  const deployments: DeploymentFact[] = [];
  for (const each of placed) {
    const { log, index, time, version } = each;
    const at = { log, index, time };
    if (each.kind === 'registered' && !versions.has(version)) versions.set(version, { registered: at, decisions: [] });
    if (each.kind === 'decision') versions.get(version)?.decisions.push({ ...at, decision: each.decision });
    if (each.kind === 'deployment') deployments.push({ ...at, version, deployment: each.deployment, share: share(each), from: each.from, to: each.length === null ? null : each.from + each.length });
  }
  return { versions, deployments };
}

/** What the page on payloads says, told from the events alone, one after the other. */
function oracle(placed: readonly Placed[], version: string, known: (place: FactPlace) => boolean, time: number): { decided: string; deployed: string | null } {
  const seen = placed.filter(known);
  const decided = decidedBy(seen, version);
  return { decided, deployed: decided === 'unknown' ? null : deployedBy(seen, version, time) };
}

function decidedBy(seen: readonly Placed[], version: string): string {
  let decided = 'unknown';
  for (const each of seen) {
    if (each.version !== version) continue;
    if (each.kind === 'registered' && decided === 'unknown') decided = 'registered';
    if (each.kind === 'decision' && decided !== 'unknown') decided = each.decision;
  }
  return decided;
}

function deployedBy(seen: readonly Placed[], version: string, time: number): string | null {
  let running: { deployment: string; to: number | null } | undefined;
  for (const each of seen) {
    if (each.kind !== 'deployment' || each.from > time) continue;
    if (each.version === version) running = { deployment: each.deployment, to: each.length === null ? null : each.from + each.length };
    else if (each.deployment === 'live' && each.share === WHOLE && ['live', 'canary'].includes(running?.deployment ?? '')) running = undefined;
  }
  return running === undefined || (running.to !== null && running.to <= time) ? null : running.deployment;
}

const moments = fc.oneof(
  fc.record({ time: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ time: fc.integer({ min: 0, max: 40 }), log: fc.constantFrom(0, 1), index: fc.integer({ min: 0, max: 30 }) }),
);
const knownAt = (moment: Moment) => ({ log, index, time }: FactPlace): boolean =>
  moment.before === undefined ? time <= moment.time : log < moment.before.log || (log === moment.before.log && index < moment.before.index);

test('a version stands as a brute-force reading of all that was entered says, at every moment', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), moments, (events, { time, ...before }) => {
      const placed = place(events, [0, 1]);
      const moment: Moment = { time, ...('log' in before && { before }) };
      const history = historyOf(placed);
      for (const version of VERSIONS) {
        const { decided, deployed, standing } = standingAt(history, version, moment);
        expect({ decided, deployed: deployed?.deployment ?? null }).toEqual(oracle(placed, version, knownAt(moment), time));
        expect(standing).toBe(decided === 'approved' && deployed?.deployment === 'retired' ? 'retired' : decided);
      }
    }),
    { numRuns: 2000 },
  );
});

test('what runs adds up to what its versions say', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), fc.integer({ min: 0, max: 40 }), (events, time) => {
      const { deployments } = historyOf(place(events, [0, 1]));
      const sum = [...deployedAt(deployments, { time }).values()].reduce((total, { share: of }) => total + (of ?? 0), 0);
      expect(sharesAt(deployments, { time })).toBe(sum);
    }),
  );
});

describe('in the database', () => {
  let database: TestDatabase;
  let logs: [number, number];

  beforeAll(async () => {
    database = await createTestDatabase();
    const { owner } = database.database;
    const { rows: [tenant] } = await owner.query<{ id: number }>(`insert into tenant (name) values ('t') returning id`);
    const insert = async (name: string, predecessor: number | null): Promise<number> => {
      const { rows } = await owner.query<{ id: number }>('insert into log (tenant, name, origin, open, predecessor) values ($1, $2, $2, false, $3) returning id', [tenant?.id, name, predecessor]);
      return rows[0]?.id ?? 0;
    };
    const first = await insert('a', null);
    logs = [first, await insert('b', first)];
  });

  afterAll(() => database?.drop());

  test('the functions for populations say the same', async () => {
    const { owner } = database.database;
    const rows: { log: number; model: string; version: string; index: number | null; time: number; expected: { decided: string; deployed: string | null } }[] = [];
    let number = 0;
    for (const events of fc.sample(fc.array(event, { minLength: 5, maxLength: 25 }), 60)) {
      const model = `m-${number++}`;
      const placed = place(events, logs);
      const history = historyOf(placed);
      for (const [version, { registered, decisions }] of history.versions) {
        await owner.query('insert into model_version (log, model, version, index, time, principal, artifact, owner) values ($1, $2, $3, $4, $5, $6, $6, $6)', [registered.log, model, version, registered.index + number * 100, registered.time, 'x']);
        for (const { log, index, time, decision } of decisions) {
          await owner.query('insert into model_decision (log, model, version, index, time, principal, decision) values ($1, $2, $3, $4, $5, $6, $7)', [log, model, version, index + number * 100, time, 'x', decision]);
        }
      }
      for (const { log, version, index, time, deployment, share: of, from, to } of history.deployments) {
        await owner.query(
          'insert into model_deployment (log, model, version, index, time, principal, deployment, share, from_time, to_time, retroactive) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, false)',
          [log, model, version, index + number * 100, time, 'x', deployment, of, from, to],
        );
      }
      for (const { time, ...before } of fc.sample(moments, 6)) {
        for (const version of VERSIONS) {
          const log = logs['log' in before ? before.log : 1] ?? 0;
          const moment: Moment = { time, ...('log' in before && { before: { log, index: before.index } }) };
          const expected = oracle(placed, version, knownAt(moment), time);
          rows.push({ log, model, version, index: 'log' in before ? before.index + number * 100 : null, time, expected });
        }
      }
    }
    const { rows: found } = await owner.query<{ decided: string; deployed: string | null }>(
      `select model_decided(log, model, version, index, time) as decided, model_deployed(log, model, version, index, time) as deployed
         from jsonb_to_recordset($1::jsonb) as r(log int, model text, version text, index bigint, time bigint, n bigint) order by n`,
      [JSON.stringify(rows.map(({ expected: _expected, ...row }, n) => ({ ...row, n })))],
    );
    // A deployment of a version that nobody registered is not there: the functions need not look.
    expect(found.map(({ decided, deployed }) => ({ decided, deployed: decided === 'unknown' ? null : deployed }))).toEqual(rows.map(({ expected }) => expected));
    expect(new Set(found.map(({ decided }) => decided)).size).toBe(5);
    expect(new Set(found.map(({ deployed }) => deployed)).size).toBe(5);
  });
});
