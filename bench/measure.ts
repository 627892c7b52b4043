import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createDatabase, dropDatabase, walPosition, type Cluster } from './cluster.ts';
import type { Contestant } from './contestants.ts';
import { runLoad } from './load-process.ts';
import { clusterTime, processorTime, residentBytes } from './processor-time.ts';
import { startServer, type ServerProcess } from './server-process.ts';
import { checkStored } from './stored.ts';
import { syncTime } from './sync-time.ts';

/** What is asked of every contestant in the same way. */
export interface Cell {
  connections: number;
  /** Records a request. */
  batch: number;
}

export interface Times {
  warmSeconds: number;
  seconds: number;
}

/** One contestant in one cell in one round. CPU in microseconds a record, latencies in milliseconds. */
export interface Figures {
  recordsPerSecond: number;
  p50: number;
  p99: number;
  p999: number;
  serverCpu: number;
  postgresCpu: number;
  loadCpu: number;
  walBytes: number;
  residentMegabytes: number;
  /** Share of the records sent. */
  refusedPercent: number;
  /** Microseconds of an fdatasync of 8 KiB, just before. */
  syncMicroseconds: number;
  records: number;
}

interface Meters {
  server: number;
  postgres: number;
  wal: number;
}

const DATABASE = 'bench';
/** What the service lets wait unless it is told otherwise. */
const QUEUE_ENTRIES = 4096;
const QUEUE_BYTES = 128 * 1024 * 1024;
/** Clients that together send more at once than may wait for a second are refused in part, and come again. */
const REFUSALS = { statuses: [429], pauseMs: 50 };

/** Fresh database, fresh server process, load, and a count of what the database then holds. */
export async function measure(cluster: Cluster, contestant: Contestant, cell: Cell, times: Times): Promise<Figures> {
  await createDatabase(cluster, DATABASE);
  const dataDir = await mkdtemp(join(cluster.scratch, 'service-'));
  const environment = { ...cluster.environment(DATABASE), ...queueFor(cell), DATA_DIR: dataDir };
  const server = await startServer(contestant.entry, environment);
  try {
    const syncMicroseconds = syncTime(cluster.folder);
    const { result, used } = await loadAndMeter(cluster, server, contestant, cell, times);
    await checkStored(environment, contestant.countSql, result.acknowledged);
    if (result.unanswered > 0) throw new Error(`${contestant.key}: ${result.unanswered} records got no answer`);
    if (result.records === 0) throw new Error(`${contestant.key}: nothing was acknowledged in ${times.seconds} s; measure longer`);
    const perRecord = (total: number): number => total / result.records;
    return {
      recordsPerSecond: result.records / result.seconds,
      p50: result.latency.p50, p99: result.latency.p99, p999: result.latency.p999,
      serverCpu: perRecord(used.server), postgresCpu: perRecord(used.postgres), loadCpu: perRecord(result.cpu),
      walBytes: perRecord(used.wal),
      residentMegabytes: residentBytes(server.pid) / 1048576,
      refusedPercent: (100 * result.refused) / (result.records + result.refused),
      syncMicroseconds, records: result.records,
    };
  } finally {
    await server.stop();
    await dropDatabase(cluster, DATABASE);
    await rm(dataDir, { recursive: true });
  }
}

/** Settings of ours that let all clients of the cell wait at once, where the defaults would not. */
function queueFor(cell: Cell): Record<string, string> {
  return floods(cell) ? { MAX_QUEUE_ENTRIES: String(cell.connections * cell.batch), MAX_QUEUE_BYTES: String(QUEUE_BYTES) } : {};
}

function floods({ connections, batch }: Cell): boolean {
  return connections * batch > QUEUE_ENTRIES;
}

async function loadAndMeter(cluster: Cluster, server: ServerProcess, contestant: Contestant, cell: Cell, times: Times) {
  const { port, key, pid } = server;
  const read = async (): Promise<Meters> => {
    const cpu = { server: processorTime(pid), postgres: clusterTime(cluster.pid) };
    return { ...cpu, wal: await walPosition(cluster) };
  };
  const readings: Promise<Meters>[] = [];
  const mark = (): void => void readings.push(read());
  const path = cell.batch === 1 ? '/v1/predictions' : '/v1/predictions/batch';
  const work = { kind: 'append' as const, path, batch: cell.batch, subjects: contestant.subjects };
  const { warmSeconds, seconds } = times;
  const result = await runLoad({ port, key, connections: cell.connections, work, warmSeconds, seconds, ...(floods(cell) && { refusals: REFUSALS }) }, { measuring: mark, measured: mark });
  const [before, after] = await Promise.all(readings);
  if (before === undefined || after === undefined) throw new Error('the load generator measured nothing');
  return {
    result,
    used: { server: after.server - before.server, postgres: after.postgres - before.postgres, wal: after.wal - before.wal },
  };
}
