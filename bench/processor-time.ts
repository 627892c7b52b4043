import { readdirSync, readFileSync } from 'node:fs';

// Linux alone says what other processes used; elsewhere these columns of the report stay empty (NaN).

/** CPU time that a process has used with all its threads, in microseconds: /proc/<pid>/task/<tid>/schedstat. */
export function processorTime(pid: number): number {
  try {
    return sum(readdirSync(`/proc/${pid}/task`), (thread) => scheduled(`/proc/${pid}/task/${thread}/schedstat`));
  } catch {
    return Number.NaN;
  }
}

/**
 * CPU time of a PostgreSQL server in microseconds: the postmaster, the children that live, and those that ended
 * (the kernel adds them to the postmaster's account). Differences between two calls are therefore complete.
 */
export function clusterTime(postmaster: number): number {
  const ended = endedChildren(postmaster);
  return Number.isNaN(ended) ? ended : ended + processorTime(postmaster) + sum(childrenOf(postmaster), processorTime);
}

/** Process ids of the live children of a process. */
function childrenOf(parent: number): number[] {
  return readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** cutime + cstime of proc(5)'s stat, which count ticks of 10 ms. */
function endedChildren(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) * 10_000;
  } catch {
    return Number.NaN;
  }
}

function scheduled(path: string): number {
  const [nanoseconds] = readFileSync(path, 'utf8').split(' ');
  return Number(nanoseconds) / 1000;
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

/** Resident memory of a process in bytes (VmRSS of proc(5)'s status). */
export function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}
