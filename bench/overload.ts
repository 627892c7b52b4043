import { setInterval as ticks } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import type { LoadResult } from './load-options.ts';
import { BATCH_PATH, OwnServer, SINGLE_PATH } from './own-server.ts';
import { residentBytes } from './processor-time.ts';
import { number, table, type Outcome } from './report.ts';
import { median } from './statistics.ts';
import { syncTime } from './sync-time.ts';
import { judge } from './verdict.ts';

export interface OverloadOptions {
  minutes: number;
}

const CONNECTIONS = 64;
/** A tenth of a second, in which the load counts. */
const TENTHS = 10;
const RECOVERED_AFTER_SECONDS = 2;
const WATCHED_SECONDS = 5;
/** More than any queue holds: single records from very many clients, and large batches from a crowd beside them. */
const FLOODS = [
  { connections: 1000, path: SINGLE_PATH, batch: 1 },
  { connections: 64, path: BATCH_PATH, batch: 500 },
] as const;
/** A client that heeds nothing: it comes again at once, whatever Retry-After says. */
const REFUSALS = { statuses: [408, 429, 503], pauseMs: 20 };
const MEGABYTE = 1048576;

/** Memory while far more comes than can be committed, and how soon the full rate is back. */
export async function measureOverload(cluster: Cluster, { minutes }: OverloadOptions): Promise<Outcome> {
  const own = await OwnServer.create(cluster, 'bench_overload');
  try {
    const syncMicroseconds = syncTime(cluster.folder);
    const before = await watchRate(own);
    const { resident, floods } = await flood(own, minutes * 60);
    const after = await watchRate(own);
    await own.checkStored();
    return report({ minutes, before, after, resident, floods, syncMicroseconds });
  } finally {
    await own.remove();
  }
}

/** Records a second from the third second on, of a load as it begins: at the start it also warms up. */
async function watchRate(own: OwnServer): Promise<number> {
  const { tenths } = await own.append(CONNECTIONS, { warmSeconds: 0, seconds: RECOVERED_AFTER_SECONDS + WATCHED_SECONDS });
  const watched = tenths.slice(RECOVERED_AFTER_SECONDS * TENTHS, (RECOVERED_AFTER_SECONDS + WATCHED_SECONDS) * TENTHS);
  return watched.reduce((sum, each) => sum + each, 0) / WATCHED_SECONDS;
}

/** Floods the server; tells its resident memory, in MB, second by second. */
async function flood(own: OwnServer, seconds: number): Promise<{ resident: number[]; floods: LoadResult[] }> {
  const { pid } = own.server;
  const loads = FLOODS.map(({ connections, path, batch }) =>
    own.load({ connections, work: { kind: 'append', path, batch, subjects: 'recurring' }, warmSeconds: 0, seconds, refusals: REFUSALS }),
  );
  const resident: number[] = [];
  const watching = new AbortController();
  const watch = (async () => {
    for await (const _ of ticks(1000, undefined, { signal: watching.signal })) resident.push(residentBytes(pid) / MEGABYTE);
  })().catch((error: Error) => (error.name === 'AbortError' ? undefined : Promise.reject(error)));
  try {
    return { floods: await Promise.all(loads), resident };
  } finally {
    watching.abort();
    await watch;
  }
}

interface Found {
  minutes: number;
  before: number;
  after: number;
  resident: number[];
  floods: LoadResult[];
  syncMicroseconds: number;
}

function report(found: Found): Outcome {
  const { minutes, before, after, resident, floods, syncMicroseconds } = found;
  // "Flat after the first minute": shorter trial runs take their first tenth for it.
  const settled = resident.slice(Math.min(60, Math.floor(resident.length / 10)));
  const part = Math.max(1, Math.min(60, Math.floor(settled.length / 2)));
  const growth = median(settled.slice(-part)) / median(settled.slice(0, part));
  const accepted = floods.reduce((sum, each) => sum + each.records, 0);
  const refused = floods.reduce((sum, each) => sum + each.refused, 0);
  const unanswered = floods.reduce((sum, each) => sum + each.unanswered, 0);
  return {
    title: 'Overload',
    body:
      `${minutes} minutes of ${FLOODS.map(({ connections, batch }) => `${number(connections, 0)} connections × ${batch}`).join(' and ')} records, ` +
      `refused ones come again after ${REFUSALS.pauseMs} ms. Rates before and after: ${CONNECTIONS} connections, seconds ${RECOVERED_AFTER_SECONDS} to ` +
      `${RECOVERED_AFTER_SECONDS + WATCHED_SECONDS}.\n\n` +
      table([
        ['records/s before', 'accepted/s in overload', 'refused/s', 'unanswered', 'records/s after', 'RSS MB, first', 'most', 'last', 'fdatasync µs'],
        [before, accepted / minutes / 60, refused / minutes / 60, unanswered, after, resident[0] ?? NaN, Math.max(...resident), resident.at(-1) ?? NaN, syncMicroseconds].map((value) => number(value, 0)),
      ]),
    verdicts: [
      judge('resident memory, last minute ÷ second minute', [growth], { atMost: 1.1 }),
      judge('most resident memory, MB', [Math.max(...resident)], { atMost: 512 }),
      judge('records refused politely ÷ records refused or left without an answer', [refused / Math.max(1, refused + unanswered)], { atLeast: 1 }),
      judge('rate two seconds after the overload ÷ rate before', [after / before], { atLeast: 0.9 }),
    ],
    data: found,
  };
}
