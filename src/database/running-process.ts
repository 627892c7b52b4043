import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * When a process began, as text that is equal for the same process and differs after its id was given to another.
 * `undefined`: no such process, or this system does not tell.
 */
export function processStart(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      // proc(5): field 22 is starttime in clock ticks since boot. The name in field 2 may hold spaces and parentheses.
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  if (process.platform === 'win32') return undefined;
  const started = psField(pid, 'lstart');
  return started === '' ? undefined : started;
}

/** True when the process exists and, where the system tells its start, began at `start`. */
export function isRunning(pid: number, start?: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (process.platform === 'win32') return true;
  const now = processStart(pid);
  return now !== undefined && (start === undefined || now === start);
}

/**
 * Identifies the space in which process ids and starts mean something: this boot of this machine, and the container in it, since two containers on
 * one folder cannot see each other's processes.
 */
export function processSpace(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return 'host';
  }
}

/** True when `pid` is a PostgreSQL server whose data folder is `cluster` (its real path). */
export function isPostgresOf(pid: number, cluster: string): boolean {
  if (!isRunning(pid)) return false;
  if (process.platform === 'linux') {
    try {
      // The postmaster makes its data folder its working directory (ChangeToDataDir).
      return readlinkSync(`/proc/${pid}/cwd`) === cluster && readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith('postgres');
    } catch {
      return false;
    }
  }
  if (process.platform === 'win32') return true;
  const command = psField(pid, 'command');
  return command.includes('postgres') && command.includes(cluster);
}

function psField(pid: number, field: string): string {
  return spawnSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
}
