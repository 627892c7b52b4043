import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { median } from './statistics.ts';

const PAGE_BYTES = 8192;
const TIMES = 200;

/**
 * What pg_test_fsync measures for `fdatasync`: microseconds to overwrite 8 KiB of a file and sync it, the median of
 * 200. It bounds every figure of a durable service, so it stands beside each.
 */
export function syncTime(folder: string): number {
  const path = join(folder, `sync-time-${process.pid}`);
  const file = openSync(path, 'w', 0o600);
  try {
    const page = Buffer.alloc(PAGE_BYTES, 1);
    const times: number[] = [];
    for (let time = -5; time < TIMES; time += 1) {
      const began = performance.now();
      writeSync(file, page, 0, PAGE_BYTES, 0);
      fdatasyncSync(file);
      // The first ones also allocate the file's blocks.
      if (time >= 0) times.push((performance.now() - began) * 1000);
    }
    return median(times);
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}
