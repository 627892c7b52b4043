import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { clusterTime, processorTime, residentBytes } from '../../bench/processor-time.ts';

const linux = process.platform === 'linux' ? test : test.skip;

function spin(milliseconds: number): void {
  const before = process.cpuUsage();
  for (let used = 0; used < milliseconds * 1000; ) {
    const { user, system } = process.cpuUsage(before);
    used = user + system;
  }
}

describe('processor time', () => {
  linux('grows by what a process uses', () => {
    const before = processorTime(process.pid);
    spin(100);
    const used = (processorTime(process.pid) - before) / 1000;
    expect(used).toBeGreaterThan(90);
    expect(used).toBeLessThan(1000);
  });

  linux('of a cluster holds children that live and children that ended', async () => {
    const before = clusterTime(process.pid);
    const child = spawn(process.execPath, ['-e', 'const end = process.cpuUsage().user + 2e5; while (process.cpuUsage().user < end);']);
    await once(child, 'exit');
    const after = clusterTime(process.pid);
    expect((after - before) / 1000).toBeGreaterThan(180);
  });

  linux('is not a number for a process that is not there', () => {
    expect(processorTime(2 ** 30)).toBeNaN();
    expect(residentBytes(2 ** 30)).toBeNaN();
  });

  linux('resident memory is what the process itself says', () => {
    expect(residentBytes(process.pid) / process.memoryUsage.rss()).toBeCloseTo(1, 0);
  });
});
